"""Candidates from faiss, ordered by exact cosines; recall."""

import sys

import numpy as np
import pytest

from huse_tf.errors import InputError
from huse_tf.search import approximate
from huse_tf.search.exact import nearest_rows


def clusters(n, seed):
    """Points near 20 centres, as products lie near their classes."""
    draw = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(20, 16))
    rows = centres[draw.integers(0, 20, n)] + 0.3 * draw.normal(size=(n, 16))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_overlap_by_hand():
    """2 of 3, and 1 of the 2 that there are: 3 of 5."""
    exact = np.array([[0, 1, 2], [5, 6, -1]])
    found = np.array([[2, 0, 9], [6, 7, -1]])
    assert approximate.overlap(found, exact) == pytest.approx(3 / 5)


def test_recall_is_what_was_measured(tmp_path):
    pytest.importorskip("faiss")
    matrix, queries = clusters(4000, 1), clusters(50, 2)
    built = approximate.build(tmp_path / "x.faiss", matrix, queries)
    exact, _ = nearest_rows(matrix, queries, 10)
    opened = approximate.Approximate(tmp_path / "x.faiss")
    found = opened.search(matrix, queries, 10)
    assert built.recall >= approximate.WANTED_RECALL
    assert opened.recall == built.recall == approximate.overlap(found, exact)
    assert opened.probes == built.probes
    cosines = np.take_along_axis(queries @ matrix.T, found, 1)
    assert (np.diff(cosines, axis=1) <= 1e-6).all()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.faiss", "x.npz"]


def test_a_handful_of_rows(tmp_path):
    pytest.importorskip("faiss")
    matrix = np.eye(3, 4, dtype=np.float32)
    built = approximate.build(tmp_path / "x.faiss", matrix, matrix)
    assert built.recall == 1
    assert built.search(matrix, matrix[1:2], 5).tolist() == [[1, 0, 2, -1, -1]]


def test_without_faiss_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(InputError, match=r"pip install 'huse_tf\[ann\]'"):
        approximate.import_faiss()


def test_vectors_are_added_without_making_cells_anew(tmp_path):
    """4,000 of 5,000 first: the added rows are found, at a recall that is measured."""
    faiss = pytest.importorskip("faiss")
    matrix, queries = clusters(5000, 1), clusters(50, 2)
    first = approximate.build(tmp_path / "x.faiss", matrix[:4000], queries)
    added = approximate.extend(
        tmp_path / "y.faiss", tmp_path / "x.faiss", matrix, queries
    )
    exact, _ = nearest_rows(matrix, queries, 10)
    assert added.recall == approximate.overlap(added.search(matrix, queries, 10), exact)
    assert added.recall >= approximate.WANTED_RECALL
    assert added.search(matrix, matrix[4990:4991], 1).tolist() == [[4990]]
    # held while their cells are read: these are theirs
    held = [faiss.read_index(str(tmp_path / n)) for n in ("x.faiss", "y.faiss")]
    one, other = (
        faiss.downcast_index(index.quantizer).reconstruct_n(0, first.cells)
        for index in held
    )
    np.testing.assert_array_equal(one, other)


def test_an_index_that_doubled_is_built_anew(tmp_path):
    pytest.importorskip("faiss")
    matrix, queries = clusters(900, 1), clusters(50, 2)
    approximate.build(tmp_path / "x.faiss", matrix[:400], queries)
    more = tmp_path / "y.faiss", tmp_path / "x.faiss"
    assert approximate.extend(*more, matrix[:800], queries) is not None
    third = tmp_path / "z.faiss", tmp_path / "y.faiss"
    assert approximate.extend(*third, matrix, queries) is None, "cells are of 400"
