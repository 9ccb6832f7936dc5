"""The semantic graph A: how far apart the classes are (section 3.3)."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from huse_tf.distances import cosine_distances
from huse_tf.errors import InputError, first_line


def graph_from_embeddings(
    embeddings: np.ndarray, class_names: Sequence[str]
) -> np.ndarray:
    """Distances between class names.

    Formula: A_ij = d(psi(v_i), psi(v_j)) (eq. 4), psi(v) the embedding of a name.

    Args:
        embeddings: float [K, D], one row a class name.
        class_names: K names, for the error message.

    Returns:
        float32 [K, K] in [0, 2], symmetric, diagonal 0.

    Raises:
        InputError: the encoder knows no word of a class name (its row is zero).
    """
    zero = np.flatnonzero(~np.any(np.asarray(embeddings), axis=1))
    if zero.size:
        raise InputError(
            f"class '{class_names[zero[0]]}': the class encoder knows none of its "
            "words, so it has no place in the semantic graph; use another "
            "class_encoder.name, or class_encoder.graph = tree"
        )
    return cosine_distances(embeddings)


def graph_from_tree(class_names: Sequence[str], separator: str) -> np.ndarray:
    """Distances in the class tree, by the height of the lowest common ancestor.

    Formula: A_ij = h(lca(i, j)) / h(root); h is the longest way down to a class.
    One level of classes only: every two classes are at distance 1.

    Args:
        class_names: K paths from general to specific, joined by `separator`.
        separator: what joins the levels of a path, such as "<".

    Returns:
        float32 [K, K] in [0, 1], symmetric, diagonal 0.

    Reference: Barz and Denzler 2019, section 3.1.
    """
    paths = [tuple(name.split(separator)) for name in class_names]
    height: dict[tuple[str, ...], int] = {}
    for path in paths:
        for depth in range(len(path) + 1):
            ancestor = path[:depth]
            height[ancestor] = max(height.get(ancestor, 0), len(path) - depth)
    count = len(paths)
    graph = np.zeros((count, count), np.float32)
    for i, a in enumerate(paths):
        for j in range(i):
            b = paths[j]
            shared = 0
            while shared < min(len(a), len(b)) and a[shared] == b[shared]:
                shared += 1
            graph[i, j] = graph[j, i] = height[a[:shared]] / height[()]
    return graph


def write_graph(path: str | Path, graph: np.ndarray, class_names: Sequence[str]):
    """Writes A as a CSV with the class names as header and first column."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("class", *class_names))
        for name, row in zip(class_names, graph, strict=True):
            writer.writerow((name, *(f"{value:.9g}" for value in row)))


def read_graph(path: str | Path, class_names: Sequence[str]) -> np.ndarray:
    """Reads A from a CSV, its rows and columns put in the order of the classes.

    Args:
        path: a CSV as `write_graph` leaves it; classes may stand in any order, and
            classes that the catalogue lacks are left out.
        class_names: the K classes wanted.

    Returns:
        float32 [K, K] in [0, 2], symmetric, diagonal 0.

    Raises:
        InputError: no such file, a class is missing or named twice, a value is not a
            number in [0, 2], A is not symmetric, or its diagonal is not 0.
    """
    rows = _read_rows(path)
    columns, index = rows[0][1:], [row[0] for row in rows[1:]]
    for axis, names in (("row", index), ("column", columns)):
        known = set(names)
        missing = [name for name in class_names if name not in known]
        if missing:
            raise InputError(
                f"semantic graph {path}: no {axis} for class '{missing[0]}' "
                f"({len(missing)} of {len(class_names)} classes are missing)"
            )
        if len(known) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"semantic graph {path}: {axis} '{twice}' stands twice")
    row_of = {name: row[1:] for name, row in zip(index, rows[1:], strict=True)}
    place = {name: i for i, name in enumerate(columns)}
    places = [place[name] for name in class_names]
    graph = np.array(
        [[_number(row_of[name][i]) for i in places] for name in class_names],
        np.float32,
    ).reshape(len(places), len(places))
    check_graph(graph, f"semantic graph {path}", class_names)
    return graph


def _read_rows(path: str | Path) -> list[list[str]]:
    """Reads cells as text, whatever they look like; every row has all columns."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file, strict=True) if row]
    except FileNotFoundError:
        raise InputError(
            f"semantic graph {path}: no such file; class_encoder.graph is names, tree "
            "or a CSV with the class names as header and first column"
        ) from None
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise InputError(
            f"semantic graph {path}: not a readable CSV ({first_line(error)})"
        ) from error
    if not rows:
        raise InputError(f"semantic graph {path}: not a readable CSV (it is empty)")
    short = next((row for row in rows if len(row) != len(rows[0])), None)
    if short:
        raise InputError(
            f"semantic graph {path}: not a readable CSV (row '{short[0]}' has "
            f"{len(short)} cells, the header {len(rows[0])})"
        )
    return rows


def _number(cell: str) -> float:
    """Reads a number; what is none becomes NaN, which `check_graph` names."""
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def check_graph(
    graph: np.ndarray, source: str, class_names: Sequence[str] | None = None
) -> None:
    """Raises where a matrix is no A of eq. 4.

    Args:
        graph: float [K, K].
        source: what it is and where it comes from, to begin the message with.
        class_names: K names for the message; None names classes by their numbers.

    Raises:
        InputError: it is not square, a value is not a number in [0, 2], it is not
            symmetric, or its diagonal is not 0.
    """
    if graph.ndim != 2 or graph.shape[0] != graph.shape[1]:
        raise InputError(f"{source}: expected [K, K], received {list(graph.shape)}")
    names = range(len(graph)) if class_names is None else class_names

    def stop(mask: np.ndarray, expected: str) -> None:
        i, j = np.argwhere(mask)[0]
        raise InputError(
            f"{source}: expected {expected}, received {graph[i, j]} "
            f"for '{names[i]}' and '{names[j]}'"
        )

    outside = ~((graph >= 0) & (graph <= 2))
    if outside.any():
        stop(outside, "numbers in [0, 2]")
    asymmetric = np.abs(graph - graph.T) > 1e-5
    if asymmetric.any():
        stop(asymmetric, "a symmetric matrix")
    diagonal = np.eye(len(graph), dtype=bool) & (graph != 0)
    if diagonal.any():
        stop(diagonal, "0 from a class to itself")
