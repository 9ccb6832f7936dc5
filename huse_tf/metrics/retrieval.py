"""Exact nearest neighbours in chunks, and the retrieval metrics made of them.

Order: by cosine, the largest first; items with the same cosine stand in row order.
Class level and instance level both use this one order, so a model that maps every
product to one point gets no credit for its ties.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

MAX_SCORES = 2**26  # cosines in memory at once, however many items there are
BLOCK = 64  # neighbouring items that share one maximum in the search for the nearest


class Ranking(NamedTuple):
    """What one retrieval direction needs to know.

    Attributes:
        neighbours: int64 [q, k], item rows from the nearest on; -1 where there are
            no more items.
        ranks: int64 [q], place of each query's counterpart (the item of its own
            product) among all items, 1 = nearest; 0 where there is none. None where
            the query was left out.
    """

    neighbours: np.ndarray
    ranks: np.ndarray | None


def rank(
    queries: np.ndarray,
    items: np.ndarray,
    k: int,
    chunk_size: int,
    leave_own_row_out: bool,
    own: np.ndarray | None = None,
    products: tuple[np.ndarray, np.ndarray] | None = None,
) -> Ranking:
    """Finds the k nearest items of every query by cosine distance, exactly.

    Every cosine is computed once; at most chunk_size * n of them are in memory, and
    never more than about 2**26.

    Args:
        queries: float [q, D], any length but finite.
        items: float [n, D], likewise.
        k: number of neighbours, at least 1.
        chunk_size: queries at a time, at least 1.
        leave_own_row_out: whether its own item is hidden from a query (within a
            modality, where it is the query itself). If not, its rank is counted
            instead.
        own: int64 [q], the item of each query's product, -1 for none; None: row i of
            both arrays belongs to product i, and there are equally many.
        products: int [q] and int [n], the product of each query and of each item,
            where a product may have several items: all of them are hidden, or the
            nearest one counts. None: each has one.

    Returns:
        The neighbours, and the counterparts' ranks unless these were left out.

    Raises:
        ValueError: the arrays differ in shape, or a value is not finite.
    """
    queries, items = _unit_rows(queries, "queries"), _unit_rows(items, "items")
    if own is None and queries.shape != items.shape:
        raise ValueError(
            "rank: expected queries and items of one shape [n, D]. "
            f"Received: {queries.shape} and {items.shape}."
        )
    own = np.arange(len(queries)) if own is None else own
    neighbours = np.full((len(queries), k), -1, np.int64)
    ranks = None if leave_own_row_out else np.empty(len(queries), np.int64)
    several = {} if products is None else _several(products[1])
    for start, stop, chunk in _cosines(queries, items, chunk_size):
        theirs = own[start:stop].copy()
        more = {
            i: several[products[0][start + i]]
            for i in (np.flatnonzero(theirs >= 0) if several else ())
            if products[0][start + i] in several
        }
        for i, rows in more.items():
            theirs[i] = rows[np.argmax(chunk[i, rows])]
        if ranks is None:
            there = np.flatnonzero(theirs >= 0)
            chunk[there, theirs[there]] = -np.inf
            for i, rows in more.items():
                chunk[i, rows] = -np.inf
        else:
            ranks[start:stop] = _own_ranks(chunk[:, : len(items)], theirs)
        found = nearest_columns(chunk, k)
        neighbours[start:stop, : found.shape[1]] = found
    return Ranking(neighbours, ranks)


def nearest_items(queries: np.ndarray, items: np.ndarray, k: int) -> np.ndarray:
    """Finds the k nearest of n items of each of q queries, exactly, in chunks.

    Args:
        queries: float [q, D], any length but finite.
        items: float [n, D], likewise.
        k: at least 1.

    Returns:
        int64 [q, k], item rows from the nearest on; -1 where there are no more items.

    Raises:
        ValueError: a value is not finite, or D differs.
    """
    queries, items = _unit_rows(queries, "queries"), _unit_rows(items, "items")
    nearest = np.full((len(queries), k), -1, np.int64)
    for start, stop, chunk in _cosines(queries, items, len(queries)):
        found = nearest_columns(chunk, k)
        nearest[start:stop, : found.shape[1]] = found
    return nearest


def _cosines(
    queries: np.ndarray, items: np.ndarray, chunk_size: int
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yields (start, stop, cosines of queries[start:stop] with all items).

    The cosines are float32 [stop - start, whole blocks], to be used before the next
    ones come: the columns past the items stay at -inf, which no item ever scores.
    """
    n = len(items)
    blocks = -(-n // BLOCK)
    chunk_size = max(1, min(chunk_size, len(queries), MAX_SCORES // max(n, 1)))
    scores = np.full((chunk_size, blocks * BLOCK), -np.inf, np.float32)
    for start in range(0, len(queries), chunk_size):
        stop = min(start + chunk_size, len(queries))
        chunk = scores[: stop - start]
        np.matmul(queries[start:stop], items.T, out=chunk[:, :n])
        yield start, stop, chunk


def recall_at_k(
    neighbours: np.ndarray,
    labels: np.ndarray,
    k: int,
    asked: np.ndarray | None = None,
) -> float:
    """Share of queries with an item of their class among the k nearest.

    With fewer than k items, all there are; a query without any item counts 0.

    Args:
        neighbours: int [q, at least k], rows of the products, from `rank`.
        labels: int [n], classes of the products.
        k: at least 1.
        asked: int [q], the products that ask; None: all n, in order.

    Returns:
        A share in [0, 1].
    """
    return float(finds_class(neighbours, labels, k, asked).mean())


def finds_class(
    neighbours: np.ndarray,
    labels: np.ndarray,
    k: int,
    asked: np.ndarray | None = None,
) -> np.ndarray:
    """Says of each query whether an item of its class is among the k nearest: bool [q].

    Takes what `recall_at_k` takes.
    """
    nearest = neighbours[:, :k]
    own = labels if asked is None else labels[asked]
    hits = (labels[nearest] == own[:, None]) & (nearest >= 0)
    return hits.any(axis=1)


def instance_recall_at_k(ranks: np.ndarray, k: int) -> float:
    """Share of queries whose own counterpart is among the k nearest (ranks: [n])."""
    return float((ranks <= k).mean())


def modal_gap(image_embeddings: np.ndarray, text_embeddings: np.ndarray) -> float:
    """Mean cosine distance between the image and the text of one product.

    Formula: 1/N sum_n d(phi_I(p_n), phi_T(q_n)), eq. 12.

    Args:
        image_embeddings: float [n, D].
        text_embeddings: float [n, D], same rows.

    Returns:
        A distance in [0, 2].
    """
    images = _unit_rows(image_embeddings, "image_embeddings")
    texts = _unit_rows(text_embeddings, "text_embeddings")
    cosines = np.einsum("nd,nd->n", images, texts)
    return float(np.clip(1.0 - cosines, 0.0, 2.0).mean(dtype=np.float64))


def _unit_rows(values: np.ndarray, name: str) -> np.ndarray:
    """Scales rows to length 1 in float32; a zero row stays zero."""
    values = np.asarray(values, np.float32)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError(
            f"{name}: expected finite numbers of shape [n, D]. Received: shape "
            f"{values.shape}, {np.count_nonzero(~np.isfinite(values))} not finite."
        )
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(lengths > 0, lengths, 1)


def _several(products: np.ndarray) -> dict[int, np.ndarray]:
    """Finds the rows of each product that has more than one."""
    order = np.argsort(products, kind="stable")
    numbers, starts, sizes = np.unique(
        products[order], return_index=True, return_counts=True
    )
    return {
        int(number): order[start : start + size]
        for number, start, size in zip(numbers, starts, sizes, strict=True)
        if size > 1
    }


def _own_ranks(scores: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Ranks column own[i] in row i: 1 + the items before it in the order; 0 for -1."""
    ranks = np.zeros(len(scores), np.int64)
    for i, (row, place) in enumerate(zip(scores, own.tolist(), strict=True)):
        if place >= 0:
            ranks[i] = (
                1
                + np.count_nonzero(row[:place] >= row[place])
                + np.count_nonzero(row[place + 1 :] > row[place])
            )
    return ranks


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
