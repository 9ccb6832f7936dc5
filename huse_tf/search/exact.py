"""Exact nearest rows of a matrix that need not fit in memory."""

from collections.abc import Callable

import numpy as np

from huse_tf.metrics.in_numpy import BLOCK, largest, nearest_columns

CHUNK_BYTES = 64 * 2**20  # of the matrix at a time

# first row, last row + 1 -> bool [n], which of these rows may be found
Allowed = Callable[[int, int], np.ndarray]


def nearest_rows(
    matrix: np.ndarray,
    queries: np.ndarray,
    k: int,
    allowed: Allowed | None = None,
    chunk_rows: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the rows with the largest cosines by a matrix product in chunks.

    Equal cosines stand in row order. Beside one chunk of the matrix, which may be
    memory-mapped, memory holds one chunk of cosines and the best k so far.

    Args:
        matrix: float32 [N, D], unit rows.
        queries: float32 [Q, D], unit rows.
        k: at least 1.
        allowed: which rows may be found; None allows all.
        chunk_rows: rows a chunk; None takes 64 MiB of them.

    Returns:
        rows: int64 [Q, min(k, N)], the nearest first, -1 where fewer rows are allowed.
        cosines: float32, the same shape, -inf where there is no row.
    """
    n, dim = matrix.shape
    k = min(k, n)
    if chunk_rows is None:
        chunk_rows = max(BLOCK, CHUNK_BYTES // (4 * dim))
    chunk_rows = min(chunk_rows, n)
    # whole blocks: the columns past the chunk stay at -inf
    width = -(-chunk_rows // BLOCK) * BLOCK
    scores = np.full((len(queries), width), -np.inf, np.float32)
    best_rows = np.full((len(queries), k), -1, np.int64)
    best = np.full((len(queries), k), -np.inf, np.float32)
    each = np.arange(len(queries))[:, None]
    for first in range(0, n, chunk_rows):
        last = min(first + chunk_rows, n)
        chunk = scores[:, : last - first]
        np.matmul(queries, matrix[first:last].T, out=chunk)
        if allowed is not None:
            chunk[:, ~allowed(first, last)] = -np.inf
        scores[:, last - first :] = -np.inf
        columns = nearest_columns(scores, k)
        found = np.where(columns >= 0, scores[each, columns], -np.inf)
        rows = np.where(columns >= 0, columns + first, -1)
        # the best so far come first: of equal cosines they have the lower rows
        both = np.concatenate([best, found], axis=1)
        keep = largest(both, k)
        best = both[each, keep]
        best_rows = np.concatenate([best_rows, rows], axis=1)[each, keep]
    return best_rows, best
