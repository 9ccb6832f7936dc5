"""Exact nearest neighbours in chunks, and the retrieval metrics made of them.

Order: by cosine, the largest first; items with the same cosine stand in row order.
Class level and instance level both use this one order, so a model that maps every
product to one point gets no credit for its ties.
"""

from typing import NamedTuple

import numpy as np

from huse_tf.metrics import in_numpy

MAX_SCORES = 2**26  # cosines in memory at once, however many items there are


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
    in_tensorflow: bool = False,
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
        in_tensorflow: whether TensorFlow computes, on a GPU where there is one, rather
            than NumPy. The order differs only where rounding decides it.

    Returns:
        The neighbours, and the counterparts' ranks unless these were left out.

    Raises:
        ValueError: the arrays differ in shape, or a value is not finite.
    """
    queries, items = _unit_rows(queries, "queries"), _unit_rows(items, "items")
    alike = slice(None) if own is None else slice(1, None)
    if queries.shape[alike] != items.shape[alike]:
        raise ValueError(
            "rank: expected queries and items of one shape [n, D], or, with `own`, of "
            f"one D. Received: {queries.shape} and {items.shape}."
        )
    own = np.arange(len(queries)) if own is None else own
    rows = max(1, min(chunk_size, len(queries), MAX_SCORES // max(len(items), 1)))
    if in_tensorflow:
        from huse_tf.metrics.in_tensorflow import ranker

        ranked = ranker(items, k, leave_own_row_out)
    else:
        ranked = in_numpy.ranker(items, k, leave_own_row_out, rows)
    neighbours = np.full((len(queries), k), -1, np.int64)
    ranks = None if leave_own_row_out else np.empty(len(queries), np.int64)
    several = {} if products is None else _several(products[1])
    for start in range(0, len(queries), rows):
        chunk = slice(start, start + rows)
        theirs = own[chunk, None]
        if several:
            theirs = _all_own(own[chunk], products[0][chunk], several)
        found, places = ranked(queries[chunk], theirs)
        neighbours[chunk, : found.shape[1]] = found
        if ranks is not None:
            ranks[chunk] = places
    return Ranking(neighbours, ranks)


def nearest_items(
    queries: np.ndarray, items: np.ndarray, k: int, in_tensorflow: bool = False
) -> np.ndarray:
    """Finds the k nearest of n items of each of q queries, exactly, in chunks.

    Args:
        queries: float [q, D], any length but finite.
        items: float [n, D], likewise.
        k: at least 1.
        in_tensorflow: as in `rank`.

    Returns:
        int64 [q, k], item rows from the nearest on; -1 where there are no more items.

    Raises:
        ValueError: a value is not finite, or D differs.
    """
    none = np.full(len(queries), -1)
    return rank(
        queries, items, k, MAX_SCORES, True, own=none, in_tensorflow=in_tensorflow
    ).neighbours


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


def _all_own(
    own: np.ndarray, products: np.ndarray, several: dict[int, np.ndarray]
) -> np.ndarray:
    """Names all items of each query's product, int64 [q, m], -1 for no more.

    Args:
        own: int64 [q], one of them, -1 for none.
        products: int [q], the queries' own.
        several: the items of each product that has more than one.
    """
    lists = [
        several.get(product, [place]) if place >= 0 else []
        for place, product in zip(own.tolist(), products.tolist(), strict=True)
    ]
    found = np.full((len(own), max(1, *map(len, lists))), -1, np.int64)
    for row, places in zip(found, lists, strict=True):
        row[: len(places)] = places
    return found
