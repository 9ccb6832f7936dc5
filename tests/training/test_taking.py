"""Steps that are taken in one call are those that are taken one by one."""

import numpy as np
import pytest
import tensorflow as tf

from huse_tf.precision import multiplying
from huse_tf.run.together import ALONE


def stepping(weight):
    """Halves a weight and adds the batch's mean: two terms, the order matters."""

    def step(batch):
        weight.assign(0.5 * weight + tf.reduce_mean(batch["x"]))
        return tf.stack([weight, tf.reduce_sum(batch["x"])])

    return step


def taken(at_once, counts, xla=False):
    weight = tf.Variable(1.0)
    rows = np.random.default_rng(2).normal(size=(7, 4)).astype(np.float32)
    batches = tf.data.Dataset.from_tensor_slices({"x": rows})
    take = ALONE.taking(stepping(weight), batches, at_once, xla)
    return np.concatenate([take(count).numpy() for count in counts]), rows


def test_several_steps_in_a_call_are_single_steps():
    """By hand: w = w / 2 + mean of the batch, step by step."""
    one, rows = taken(1, [1] * 7)
    several, _ = taken(3, [3, 3, 1])
    np.testing.assert_array_equal(several, one)
    weight, expected = np.float32(1), []
    for row in rows:
        weight = weight / 2 + row.mean()
        expected.append([weight, row.sum()])
    np.testing.assert_allclose(one, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("at_once", [1, 3])
def test_xla_takes_the_same_steps(at_once):
    one, _ = taken(1, [1] * 6)
    compiled, _ = taken(at_once, [at_once] * (6 // at_once), xla=True)
    np.testing.assert_allclose(compiled, one, rtol=1e-6, atol=1e-6)


def test_tf32_is_as_before_after_a_step():
    state = tf.config.experimental.tensor_float_32_execution_enabled
    before = state()
    for inside in (True, False):
        with pytest.raises(KeyError), multiplying(in_tf32=inside):
            assert state() is inside
            raise KeyError
        assert state() is before
