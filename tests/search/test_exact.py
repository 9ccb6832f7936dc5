"""Chunked search against a sort of all cosines."""

import numpy as np
import pytest

from huse_tf.search.exact import nearest_rows


def unit_rows(n, dim, seed):
    rows = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def naive(matrix, queries, k):
    """Cosine downwards, then row upwards, one query at a time."""
    cosines = queries @ matrix.T
    order = [sorted(range(len(matrix)), key=lambda i: (-c[i], i))[:k] for c in cosines]
    return np.array(order), cosines


@pytest.mark.parametrize("chunk_rows", [1, 7, 64, 100, 1000])
@pytest.mark.parametrize("k", [1, 10])
def test_chunks_of_any_size_find_the_same(chunk_rows, k):
    matrix, queries = unit_rows(230, 8, 0), unit_rows(5, 8, 1)
    expected, cosines = naive(matrix, queries, k)
    rows, found = nearest_rows(matrix, queries, k, chunk_rows=chunk_rows)
    assert rows.tolist() == expected.tolist()
    assert found == pytest.approx(np.take_along_axis(cosines, expected, 1), abs=1e-6)


def test_equal_rows_stand_in_row_order_across_chunks():
    matrix = np.tile(np.float32([[1, 0]]), (9, 1))
    matrix[4] = [0, 1]
    rows, _ = nearest_rows(matrix, np.float32([[1, 0]]), 6, chunk_rows=2)
    assert rows.tolist() == [[0, 1, 2, 3, 5, 6]]


def test_fewer_rows_than_wanted():
    matrix = np.eye(3, dtype=np.float32)
    rows, cosines = nearest_rows(matrix, matrix[:1], 10, chunk_rows=2)
    assert rows.tolist() == [[0, 1, 2]]
    assert cosines.tolist() == [[1, 0, 0]]


def test_only_allowed_rows_are_found():
    """Of eight rows, the even ones below 6 may be found: three of them."""
    matrix, query = unit_rows(8, 4, 2), unit_rows(1, 4, 3)

    def allowed(first, last):
        rows = np.arange(first, last)
        return (rows % 2 == 0) & (rows < 6)

    rows, cosines = nearest_rows(matrix, query, 5, allowed, chunk_rows=3)
    order = [i for i in naive(matrix, query, 8)[0][0] if i in (0, 2, 4)]
    assert rows.tolist() == [[*order, -1, -1]]
    assert np.isneginf(cosines[0, 3:]).all()


def test_a_memory_mapped_matrix(tmp_path):
    matrix, queries = unit_rows(50, 4, 4), unit_rows(2, 4, 5)
    np.save(tmp_path / "rows.npy", matrix)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    rows, _ = nearest_rows(mapped, queries, 3, chunk_rows=16)
    assert rows.tolist() == naive(matrix, queries, 3)[0].tolist()
