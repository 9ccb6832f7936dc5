import keras
import numpy as np
import pytest
import tensorflow as tf

from huse_tf.training.averaging import WeightAverage, changing_variables


def test_average_follows_its_formula_and_swaps_bit_by_bit():
    weight = tf.Variable([1.0, -2.0])
    average = WeightAverage([weight], decay=0.3)
    expected = weight.numpy()
    for n in range(6):
        weight.assign_add([0.7, 0.1 * n])
        tf.function(average.update)()
        d = min(0.3, (1 + n) / (10 + n))
        expected = d * expected + (1 - d) * weight.numpy()
    trained = weight.numpy()
    assert not np.allclose(trained, expected)
    with average.swapped():
        np.testing.assert_allclose(weight, expected, rtol=1e-6)
    np.testing.assert_array_equal(weight, trained)


def test_weights_come_back_when_validation_fails():
    weight = tf.Variable(1.0)
    average = WeightAverage([weight], decay=0.9)
    weight.assign(5.0)
    try:
        with average.swapped():
            assert weight.numpy() == 1.0
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert weight.numpy() == 5.0


def test_no_decay_holds_nothing():
    weight = tf.Variable(1.0)
    average = WeightAverage([weight], decay=0.0)
    average.update()
    weight.assign(2.0)
    with average.swapped():
        assert weight.numpy() == 2.0
    assert average.variables == []


def test_going_on_from_its_variables_is_the_same_average():
    def run(steps, saved=None, start=0):
        weight = tf.Variable(float(start))
        average = WeightAverage([weight], decay=0.99)
        for variable, value in zip(average.variables, saved or [], strict=bool(saved)):
            variable.assign(value)
        for _ in range(steps):
            weight.assign_add(1.0)
            average.update()
        return [variable.numpy() for variable in average.variables]

    assert run(3, run(4), start=4) == run(7)


def test_batch_norm_statistics_change_and_frozen_weights_do_not():
    dense = keras.layers.Dense(2, trainable=False)
    model = keras.Sequential(
        [keras.Input([3]), dense, keras.layers.BatchNormalization()]
    )
    names = {v.name.split("/")[-1].split(":")[0] for v in changing_variables(model)}
    assert names == {"gamma", "beta", "moving_mean", "moving_variance"}


@pytest.mark.parametrize("decay", [1.0, -0.1, "0.9"])
def test_a_decay_out_of_range_is_named(decay):
    with pytest.raises(ValueError, match=r"decay must be a number in \[0, 1\)"):
        WeightAverage([tf.Variable(1.0)], decay=decay)
