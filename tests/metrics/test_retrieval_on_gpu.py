"""Ranking on a GPU. Written without one: `pytest -m gpu` runs it where there is one."""

import numpy as np
import pytest
import tensorflow as tf
from test_retrieval import naive, with_exact_ties

from huse_tf.metrics import retrieval

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def gpu():
    if not tf.config.list_physical_devices("GPU"):
        pytest.skip("there is no GPU")


@pytest.mark.parametrize("leave_own_row_out", [True, False])
@pytest.mark.parametrize("k", [1, 10, 200])
def test_ties_stand_in_row_order(k, leave_own_row_out):
    rng = np.random.default_rng(k)
    items = with_exact_ties(rng, 5000)
    expected, ranks = naive(items, items, k, leave_own_row_out)
    got = retrieval.rank(items, items, k, 512, leave_own_row_out, in_tensorflow=True)
    np.testing.assert_array_equal(got.neighbours, expected)
    if ranks is not None:
        np.testing.assert_array_equal(got.ranks, ranks)


def test_cosines_are_whole_float32_also_where_tf32_is_on():
    """By TF32 neighbours that are 1e-4 apart would change places."""
    rng = np.random.default_rng(3)
    queries, items = rng.normal(size=(2, 777, 24)).astype(np.float32)
    expected, ranks = naive(queries, items, 10, False)
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(True)
    try:
        got = retrieval.rank(queries, items, 10, 100, False, in_tensorflow=True)
        assert tf.config.experimental.tensor_float_32_execution_enabled()
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)
    np.testing.assert_array_equal(got.neighbours, expected)
    np.testing.assert_array_equal(got.ranks, ranks)


def test_memory_is_that_of_the_items_and_16_bytes_a_cosine():
    """2**26 cosines at a time: 512 of 2**17 items; a chunk more changes nothing."""
    items = np.random.default_rng(0).normal(size=(2**17, 8)).astype(np.float32)
    own = np.arange(1024)
    tf.config.experimental.reset_memory_stats("GPU:0")
    before = tf.config.experimental.get_memory_info("GPU:0")["current"]
    for leave_own_row_out in (True, False):
        retrieval.rank(
            items[:1024], items, 10, 1024, leave_own_row_out, own, in_tensorflow=True
        )
    peak = tf.config.experimental.get_memory_info("GPU:0")["peak"] - before
    assert peak < 16 * retrieval.MAX_SCORES + 2 * items.nbytes
