"""Cosines, and what is counted of them, by NumPy."""

from collections.abc import Callable

import numpy as np

BLOCK = 64  # neighbouring items that share one maximum in the search for the nearest

# queries float32 [q, D] and their own items int64 [q, m], -1 for none -> the nearest
# items int64 [q, at most k], -1 for none, and the ranks of the own ones, int64 [q], or
# None where they are left out
Ranker = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray | None]]


def ranker(items: np.ndarray, k: int, leave_own_out: bool, rows: int) -> Ranker:
    """Returns what ranks the items for a chunk of queries, as `retrieval.rank` does.

    A chunk's cosines are written over by the next one's. They are of whole blocks: the
    columns past the items stay at -inf, which no item ever scores.

    Args:
        items: float32 [n, D].
        k: number of neighbours, at least 1.
        leave_own_out: whether to hide the queries' own items, or to rank them.
        rows: queries at a time, at most.
    """
    n = len(items)
    scores = np.full((rows, -(-n // BLOCK) * BLOCK), -np.inf, np.float32)

    def ranked(
        queries: np.ndarray, own: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None]:
        chunk = scores[: len(queries)]
        np.matmul(queries, items.T, out=chunk[:, :n])
        ranks = None
        if leave_own_out:
            hidden, places = np.nonzero(own >= 0)
            chunk[hidden, own[hidden, places]] = -np.inf
        else:
            theirs = np.take_along_axis(chunk, np.maximum(own, 0), axis=1)
            ranks = _own_ranks(chunk[:, :n], *best_of_own(own, theirs))
        return nearest_columns(chunk, k), ranks

    return ranked


def best_of_own(own: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finds the nearest of each query's own items, the first of equally near ones.

    Args:
        own: int64 [q, m], items, ascending, -1 for none.
        scores: float32 [q, m], their cosines; what stands for none is not read.

    Returns:
        int64 [q], the item, or -1, and float32 [q], its cosine, or -inf.
    """
    scores = np.where(own >= 0, scores, np.float32(-np.inf))
    rows, best = np.arange(len(own)), scores.argmax(axis=1)
    return own[rows, best], scores[rows, best]


def nearest_columns(scores: np.ndarray, k: int) -> np.ndarray:
    """Columns of the k largest scores of each row, -1 for those at -inf.

    The k best lie in the k blocks with the largest maxima: an item of another block
    has the maxima of k blocks before it. So one fast pass takes the maxima, and only
    k blocks a row are sorted out.

    Args:
        scores: float32 [q, blocks * BLOCK].
        k: at least 1.

    Returns:
        int64 [q, min(k, blocks * BLOCK)].
    """
    blocked = scores.reshape(len(scores), -1, BLOCK)
    rows = np.arange(len(scores))[:, None]
    # Blocks in column order again, so that position order is column order.
    blocks = np.sort(largest(blocked.max(axis=2), k), axis=1)
    candidates = blocked[rows, blocks].reshape(len(scores), -1)
    best = largest(candidates, k)
    columns = blocks[rows, best // BLOCK] * BLOCK + best % BLOCK
    return np.where(candidates[rows, best] > -np.inf, columns, -1)


def largest(scores: np.ndarray, k: int) -> np.ndarray:
    """Positions of the k largest scores of each row, equal ones in position order.

    Score and position become one integer, which has no ties: the float's bits, made
    monotone, above the position counted backwards.

    Args:
        scores: float32 [q, m], m under 2^31.
        k: at least 1.

    Returns:
        int64 [q, min(k, m)].
    """
    m = scores.shape[1]
    bits = (scores + np.float32(0)).view(np.int32)  # + 0 makes -0.0 equal to 0.0
    keys = np.where(bits < 0, bits ^ 0x7FFFFFFF, bits).astype(np.int64) << 32
    keys |= np.arange(m - 1, -1, -1)
    if k < m:
        keys = np.partition(keys, m - k, axis=1)[:, m - k :]
    keys = np.sort(keys, axis=1)[:, ::-1]
    return m - 1 - (keys & 0xFFFFFFFF)


def _own_ranks(scores: np.ndarray, own: np.ndarray, best: np.ndarray) -> np.ndarray:
    """Ranks column own[i] of row i, at best[i]: 1 + the items before it; 0 for -1."""
    ranks = np.zeros(len(scores), np.int64)
    for i in np.flatnonzero(own >= 0):
        row, place = scores[i], own[i]
        ranks[i] = (
            1
            + np.count_nonzero(row[:place] >= best[i])
            + np.count_nonzero(row[place + 1 :] > best[i])
        )
    return ranks
