"""Nearest neighbours and recall: by hand, and against the full sorted matrix."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from huse_tf.metrics import in_numpy, retrieval


def on_circle(*degrees):
    """Unit vectors at these angles: the nearer the angle, the nearer the item."""
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def naive(queries, items, k, leave_own_row_out):
    """Sorts the full float64 matrix; a stable sort keeps equal items in row order."""
    queries, items = (
        x / np.linalg.norm(x, axis=1, keepdims=True)
        for x in (queries.astype(np.float64), items.astype(np.float64))
    )
    scores = queries @ items.T
    if leave_own_row_out:
        np.fill_diagonal(scores, -np.inf)
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.argmax(order == np.arange(len(items))[:, None], axis=1) + 1
    if leave_own_row_out:
        return order[:, : min(k, len(items) - 1)], None
    return order[:, :k], ranks


def test_nearest_on_a_circle():
    items = on_circle(0, 10, 50, 100)
    nearest, ranks = retrieval.rank(items, items, 3, 2, leave_own_row_out=True)
    # 50 is 40 from 10, 50 from 0 and from 100: the tie goes to row 0, if exact
    assert nearest[[0, 1, 3]].tolist() == [[1, 2, 3], [0, 2, 3], [2, 1, 0]]
    assert nearest[2, 0] == 1
    assert ranks is None


def test_ranks_of_the_counterparts_on_a_circle():
    images = on_circle(0, 30, 90)
    texts = on_circle(40, 25, 100)
    # from 0: 25, 40; from 30: 25 (5 away); from 90: 100 (10 away)
    _, ranks = retrieval.rank(images, texts, 1, 2, leave_own_row_out=False)
    assert ranks.tolist() == [2, 1, 1]
    # from 40: 30, 0; from 25: 30 (5 away); from 100: 90
    _, ranks = retrieval.rank(texts, images, 1, 2, leave_own_row_out=False)
    assert ranks.tolist() == [2, 1, 1]


def test_length_does_not_count():
    items = on_circle(0, 20, 100)
    longer = items * np.array([[1], [100], [0.01]], np.float32)
    nearest, _ = retrieval.rank(items, longer, 3, 3, leave_own_row_out=False)
    assert nearest.tolist() == [[0, 1, 2], [1, 0, 2], [2, 1, 0]]


def with_exact_ties(rng, n):
    """Four of 16 coordinates are +-0.5: cosines are exact, of 9 values, half tied."""
    places = np.argsort(rng.random((n, 16)), axis=1)[:, :4]
    values = np.zeros((n, 16), np.float32)
    np.put_along_axis(values, places, rng.choice([-0.5, 0.5], (n, 4)), axis=1)
    values[n // 2 :: 3] = values[0]  # and many items are one and the same
    values[-1] = values[0]
    return values


@pytest.mark.parametrize("in_tensorflow", [False, True])
@pytest.mark.parametrize("leave_own_row_out", [True, False])
@pytest.mark.parametrize("n", [1, 2, 64, 65, 203, 1500])
def test_ties_stand_in_row_order(n, leave_own_row_out, in_tensorflow):
    rng = np.random.default_rng(n)
    queries = with_exact_ties(rng, n)
    items = queries if leave_own_row_out else with_exact_ties(rng, n)
    expected, expected_ranks = naive(queries, items, 10, leave_own_row_out)
    got = retrieval.rank(
        queries, items, 10, 50, leave_own_row_out, in_tensorflow=in_tensorflow
    )
    there = expected.shape[1]
    np.testing.assert_array_equal(got.neighbours[:, :there], expected)
    assert (got.neighbours[:, there:] == -1).all()
    if leave_own_row_out:
        assert got.ranks is None
    else:
        np.testing.assert_array_equal(got.ranks, expected_ranks)
    nearest = retrieval.nearest_items(queries, items, 1, in_tensorflow)
    np.testing.assert_array_equal(nearest, naive(queries, items, 1, False)[0])


@pytest.mark.parametrize("in_tensorflow", [False, True])
@pytest.mark.parametrize("chunk_size", [7, 777, 10_000])
def test_any_chunk_size_gives_the_naive_order(chunk_size, in_tensorflow):
    rng = np.random.default_rng(3)
    queries, items = rng.normal(size=(2, 777, 24)).astype(np.float32)
    expected, expected_ranks = naive(queries, items, 10, False)
    got = retrieval.rank(
        queries,
        items,
        10,
        chunk_size,
        leave_own_row_out=False,
        in_tensorflow=in_tensorflow,
    )
    np.testing.assert_array_equal(got.neighbours, expected)
    np.testing.assert_array_equal(got.ranks, expected_ranks)


def test_one_point_for_all_earns_no_rank():
    """Ties are not won: product i stands at place i + 1."""
    same = np.ones((100, 4), np.float32)
    _, ranks = retrieval.rank(same, same, 1, 30, leave_own_row_out=False)
    assert ranks.tolist() == list(range(1, 101))
    assert retrieval.instance_recall_at_k(ranks, 10) == 0.1


def test_negative_and_zero_scores_are_ordered():
    scores = np.full((1, in_numpy.BLOCK), -np.inf, np.float32)
    scores[0, :6] = [-0.5, -0.0, 0.0, -0.25, 1e-30, -1e-30]
    assert in_numpy.nearest_columns(scores, 7).tolist() == [[4, 1, 2, 5, 3, 0, -1]]


def test_memory_is_bounded_by_the_chunk():
    n = 3000
    values = np.random.default_rng(0).normal(size=(n, 8)).astype(np.float32)
    tracemalloc.start()
    retrieval.rank(values, values, 10, 64, leave_own_row_out=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < n * n * 4 / 4  # a quarter of the full matrix


def test_recall_by_hand():
    """At 0, 10, 50 and 100 degrees stand a, b, a, b.

    Nearest first: 0: b a b; 10: a a b; 50: b a (b); 100: a b a. So no query has its
    class first; 0, 50 and 100 have it second; 10 has it third.
    """
    items, labels = on_circle(0, 10, 50, 100), np.array([0, 1, 0, 1])
    nearest, _ = retrieval.rank(items, items, 3, 4, leave_own_row_out=True)
    recalls = [retrieval.recall_at_k(nearest, labels, k) for k in (1, 2, 3)]
    assert recalls == [0, 0.75, 1]


def test_a_class_with_one_item_cannot_be_found_in_modal():
    """Of a, a, b only the two a have another item of their class."""
    items, labels = on_circle(0, 10, 50), np.array([0, 0, 1])
    nearest, _ = retrieval.rank(items, items, 10, 4, leave_own_row_out=True)
    assert retrieval.recall_at_k(nearest, labels, 1) == pytest.approx(2 / 3)
    assert retrieval.recall_at_k(nearest, labels, 10) == pytest.approx(2 / 3)


def test_a_query_without_items_counts_zero():
    items = on_circle(0)
    nearest, _ = retrieval.rank(items, items, 10, 4, leave_own_row_out=True)
    assert (nearest == -1).all()
    assert retrieval.recall_at_k(nearest, np.array([0]), 10) == 0


def test_instance_recall():
    ranks = np.array([1, 2, 5, 11])
    recalls = [retrieval.instance_recall_at_k(ranks, k) for k in (1, 5, 10)]
    assert recalls == [0.25, 0.75, 0.75]


def test_modal_gap_eq_12():
    """One identical pair (0), one orthogonal (1), one opposite (2): the mean is 1."""
    images = np.array([[1, 0], [1, 0], [0, 3]], np.float32)
    texts = np.array([[1, 0], [0, 2], [0, -1]], np.float32)
    assert retrieval.modal_gap(images[:2], texts[:2]) == 0.5
    assert retrieval.modal_gap(images, texts) == 1


def test_not_a_number_is_refused():
    """Compared with a NaN no item is nearer: it would rank first everywhere."""
    values = np.array([[1, 0], [np.nan, 1]], np.float32)
    with pytest.raises(ValueError, match=r"queries: expected finite.*1 not finite"):
        retrieval.rank(values, values, 1, 2, leave_own_row_out=False)


def test_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"one shape.*\(2, 2\) and \(3, 2\)"):
        retrieval.rank(on_circle(0, 1), on_circle(0, 1, 2), 1, 2, False)
    with pytest.raises(ValueError, match=r"of one D.*\(2, 2\) and \(3, 4\)"):
        retrieval.nearest_items(on_circle(0, 1), np.ones((3, 4)), 1)


def test_metrics_do_without_tensorflow():
    script = (
        "import sys\n"
        "from huse_tf.metrics import classification, hierarchy, retrieval\n"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
