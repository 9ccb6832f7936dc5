"""The one distance d of the paper: cosine distance between unit vectors."""

import numpy as np
import tensorflow as tf

from huse_tf.presence import Present, shares


def unit(vectors: tf.Tensor) -> tf.Tensor:
    """Scales vectors to length 1; a zero vector stays zero.

    Args:
        vectors: float32 [..., D].

    Returns:
        float32 [..., D].
    """
    return tf.math.l2_normalize(vectors, axis=-1, epsilon=1e-12)


def fused(
    image: tf.Tensor,
    text: tf.Tensor,
    image_weight: float,
    present: Present | None = None,
) -> tf.Tensor:
    """One vector a product: the weighted sum of both modalities, of length 1.

    Args:
        image: float32 [B, D], unit rows.
        text: float32 [B, D], unit rows.
        image_weight: in [0, 1]; the text has the rest.
        present: the modalities of the products, one of which has all the weight where
            it is alone; None where all have both.

    Returns:
        float32 [B, D]; zero where a product has neither.
    """
    return unit(mixed(image, text, image_weight, present))


def mixed(
    image: tf.Tensor, text: tf.Tensor, image_weight: float, present: Present | None
) -> tf.Tensor:
    """The weighted sum of what image and text say; as `fused`, of any length."""
    of_image, of_text = image_weight, 1.0 - image_weight
    if present is not None:
        floats = (tf.cast(has, tf.float32)[:, None] for has in present)
        of_image, of_text = shares(image_weight, *floats)
    return of_image * image + of_text * text


def paired_distance(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Cosine distance of each row of `a` to the same row of `b`.

    Formula: d(a, b) = 1 - cos(a, b), clipped at 0.

    Args:
        a: float32 [N, D], unit rows.
        b: float32 [N, D], unit rows.

    Returns:
        float32 [N] in [0, 2].
    """
    return tf.maximum(1.0 - tf.reduce_sum(a * b, axis=-1), 0.0)


def pairwise_distance(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Cosine distance of every row of `a` to every row of `b`.

    Formula: d(a, b) = 1 - cos(a, b), clipped at 0.

    Args:
        a: float32 [M, D], unit rows.
        b: float32 [N, D], unit rows.

    Returns:
        float32 [M, N] in [0, 2].
    """
    return tf.maximum(1.0 - tf.matmul(a, b, transpose_b=True), 0.0)


def cosine_distances(vectors: np.ndarray) -> np.ndarray:
    """Cosine distances between the rows of one NumPy matrix, computed in float64.

    Args:
        vectors: [K, D], any length but zero.

    Returns:
        float32 [K, K] in [0, 2], symmetric, with a diagonal of exactly 0.

    Raises:
        ValueError: a row is zero or not finite, so that its direction is undefined.
    """
    rows = np.asarray(vectors, np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    bad = np.flatnonzero(~(np.isfinite(norms[:, 0]) & (norms[:, 0] > 0)))
    if bad.size:
        raise ValueError(
            f"cosine distance needs finite rows that are not zero; "
            f"received row {bad[0]} of length {norms[bad[0], 0]}"
        )
    rows = rows / norms
    cosine = rows @ rows.T
    distances = np.clip(1.0 - (cosine + cosine.T) / 2, 0.0, 2.0)
    np.fill_diagonal(distances, 0.0)
    return distances.astype(np.float32)
