"""Class embeddings psi, on the sphere that the towers map to."""

from collections.abc import Sequence

import numpy as np

from huse_tf import arguments
from huse_tf.errors import InputError

TOLERANCE = 0.1  # of a class distance, in [0, 2]


def class_embeddings_from_graph(
    graph: np.ndarray, dim: int, class_names: Sequence[str]
) -> np.ndarray:
    """Places the classes on the unit sphere of the towers, at the distances of A.

    Formula: Psi Psi^T = 1 - A.

    All that d(phi, psi) sees of the embeddings of class names is their angles, which A
    holds: 1 - A is their Gram matrix, whatever their own dimension E. So psi is taken
    from A, which also gives psi to class trees (the embeddings of Barz and Denzler
    2019, section 3.2) and to graphs from a file. K classes fit into D dimensions
    exactly where K <= D: Psi is the symmetric square root of 1 - A, which is unique,
    filled up with zeros. Beyond that the D leading eigenvectors are kept (their
    section 3.3) and put back on the sphere.

    Args:
        graph: float32 [K, K], A of eq. 4: symmetric, in [0, 2], diagonal 0.
        dim: D, embedding_dim of the towers, at least 2.
        class_names: [K], for the message.

    Returns:
        float32 [K, D], unit rows.

    Raises:
        InputError: a distance would be off by more than 0.1, because D is too small or
            no points on a sphere have these distances.
        ValueError: `dim` is outside of its range.
    """
    arguments.integer("dim", dim, 2)
    gram = 1.0 - np.asarray(graph, np.float64)
    values, vectors = np.linalg.eigh(gram)
    roots = np.sqrt(np.maximum(values, 0.0))
    count = len(gram)
    if count <= dim:
        points = np.pad((vectors * roots) @ vectors.T, ((0, 0), (0, dim - count)))
    else:
        kept = vectors[:, -dim:]
        largest = kept[np.abs(kept).argmax(axis=0), np.arange(dim)]
        points = kept * np.sign(largest) * roots[-dim:]
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    points = points / np.where(norms > 0, norms, 1.0)
    error = np.abs(points @ points.T - gram)
    i, j = np.unravel_index(error.argmax(), error.shape)
    if error[i, j] > TOLERANCE:
        remedy = f"raise it to {count}" if dim < count else "change class_encoder.graph"
        raise InputError(
            f"towers.embedding_dim = {dim}: the {count} classes cannot be placed at "
            f"the distances of the semantic graph ('{class_names[i]}' to "
            f"'{class_names[j]}' would be {1 - points[i] @ points[j]:.2f} instead of "
            f"{graph[i, j]:.2f}); {remedy}, or use an objective.name without class "
            "embeddings"
        )
    return points.astype(np.float32)
