"""Approximate search: faiss proposes candidates, exact distances order them."""

import os
from pathlib import Path

import numpy as np

from huse_tf.errors import first_line
from huse_tf.extras import extra
from huse_tf.progress import Progress
from huse_tf.search.exact import nearest_rows

RECALL_AT = 10
WANTED_RECALL = 0.95
QUERIES = 500
CANDIDATES = 10  # for each answer, whose exact distances are computed
TRAINING_ROWS = 40  # for each cell; faiss warns below 39
MAX_CELLS = 16_384
ADD_ROWS = 65_536
GROWTH = 2  # at most, before the cells are made anew
SEED = 0


def import_faiss():
    """Imports faiss.

    Raises:
        InputError: it is not installed.
    """
    with extra("ann", "`approximate`", "search exactly, without `approximate`"):
        import faiss
    return faiss


class Approximate:
    """An inverted file over the cells of a k-means, vectors in 8 bits a component.

    A query looks at the `probes` nearest cells; the best candidates found there are
    ordered by their exact cosines with the memory-mapped vectors.

    Attributes:
        recall: share of the exact nearest 10 that were found, over the sample of
            queries that `probes` was chosen on.
        probes: cells a query looks at.
        cells: how many there are.
    """

    def __init__(self, path: Path) -> None:
        """Opens what `build` wrote.

        Raises:
            InputError: faiss is not installed.
        """
        faiss = import_faiss()
        self._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        # starting its threads to read ahead takes longer than a query
        lists = faiss.downcast_InvertedLists(self._index.invlists)
        lists.prefetch_nthread = 0
        chosen = np.load(path.with_suffix(".npz"))
        self.probes, self.recall = int(chosen["probes"]), float(chosen["recall"])
        self._index.nprobe = self.probes
        self.cells = self._index.nlist

    def search(
        self,
        matrix: np.ndarray,
        queries: np.ndarray,
        k: int,
        allowed: np.ndarray | None = None,
    ) -> np.ndarray:
        """Finds rows of the matrix that the index was built of.

        Args:
            matrix: float32 [N, D].
            queries: float32 [Q, D], unit rows.
            k: at least 1.
            allowed: bool [N], which rows may be found; None allows all.

        Returns:
            int64 [Q, k], the nearest first, -1 where fewer were found.
        """
        return _search(self._index, matrix, queries, k, allowed)


def build(path: Path, matrix: np.ndarray, queries: np.ndarray) -> Approximate:
    """Builds an approximate index and chooses how many cells a query looks at.

    Args:
        path: NAME.faiss, which appears when it is complete.
        matrix: float32 [N, D], unit rows, may be memory-mapped.
        queries: float32 [Q, D]: as few cells are looked at as find 0.95 of the exact
            nearest 10 of these.

    Raises:
        InputError: faiss is not installed.
    """
    faiss = import_faiss()
    n, dim = matrix.shape
    cells = int(np.clip(min(4 * n**0.5, n // TRAINING_ROWS), 1, MAX_CELLS))
    draw = np.random.default_rng(SEED)
    sample = np.sort(draw.choice(n, min(n, cells * TRAINING_ROWS), replace=False))
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dim),
        dim,
        cells,
        faiss.ScalarQuantizer.QT_8bit,
        faiss.METRIC_INNER_PRODUCT,
    )
    index.cp.niter, index.cp.seed, index.cp.spherical = 10, SEED, True
    print(f"approximate index: {cells:,} cells from {len(sample):,} of {n:,} vectors")
    index.train(matrix[sample])
    index.nprobe = 1
    return _filled(path, index, matrix, queries)


def extend(
    path: Path, earlier: Path, matrix: np.ndarray, queries: np.ndarray
) -> Approximate | None:
    """Adds vectors to an approximate index, whose cells stay as they are.

    Args:
        path: NAME.faiss, which appears when it is complete.
        earlier: of an index of the first rows of `matrix`.
        matrix: float32 [N, D], unit rows, may be memory-mapped.
        queries: as of `build`.

    Returns:
        The index; None where it would be more than GROWTH times as large as when its
        cells were made, so that another one must be built.

    Raises:
        InputError: faiss is not installed.
    """
    faiss = import_faiss()
    index = faiss.read_index(str(earlier))
    chosen = np.load(earlier.with_suffix(".npz"))
    if len(matrix) > GROWTH * int(chosen["trained"]):
        return None
    index.nprobe = int(chosen["probes"])
    return _filled(path, index, matrix, queries, int(chosen["trained"]))


def _filled(
    path: Path,
    index,
    matrix: np.ndarray,
    queries: np.ndarray,
    trained: int | None = None,
) -> Approximate:
    """Adds what an index lacks, chooses the cells a query looks at, and writes it."""
    faiss, (n, there) = import_faiss(), (len(matrix), index.ntotal)
    with Progress(n - there, "Approximate index", unit="vectors") as bar:
        for first in range(there, n, ADD_ROWS):
            part = np.ascontiguousarray(matrix[first : first + ADD_ROWS])
            index.add(part)
            bar.update(len(part))
    exact = nearest_rows(matrix, queries, RECALL_AT)[0]
    while True:
        recall = overlap(_search(index, matrix, queries, RECALL_AT), exact)
        if recall >= WANTED_RECALL or index.nprobe >= index.nlist:
            break
        index.nprobe = min(2 * index.nprobe, index.nlist)
    beside = path.with_suffix(".building")
    try:
        faiss.write_index(index, str(beside))
        np.savez(
            path.with_suffix(".npz"),
            probes=index.nprobe,
            recall=recall,
            trained=n if trained is None else trained,
        )
        os.replace(beside, path)  # last: it makes the index count
    except RuntimeError as error:  # all that faiss says of a full disk
        raise OSError(first_line(error)) from error
    finally:
        beside.unlink(missing_ok=True)
    return Approximate(path)


def overlap(found: np.ndarray, exact: np.ndarray) -> float:
    """Recall: the share of `exact` [Q, k] that `found` [Q, k] has in the same row."""
    hits = (found[:, :, None] == exact[:, None, :]) & (exact >= 0)[:, None, :]
    return float(hits.sum() / max(np.count_nonzero(exact >= 0), 1))


def _search(
    index,
    matrix: np.ndarray,
    queries: np.ndarray,
    k: int,
    allowed: np.ndarray | None = None,
) -> np.ndarray:
    candidates = index.search(queries, CANDIDATES * k)[1]
    rows = np.full((len(queries), k), -1, np.int64)
    for query, proposed, out in zip(queries, candidates, rows, strict=True):
        proposed = np.sort(proposed[proposed >= 0])
        if allowed is not None:
            proposed = proposed[allowed[proposed]]
        order = np.argsort(-(matrix[proposed] @ query), kind="stable")[:k]
        out[: len(order)] = proposed[order]
    return rows
