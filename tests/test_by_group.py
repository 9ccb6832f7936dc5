"""Optimizers by group: the same steps as of each alone, and one scale of the loss."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from huse_tf.by_group import ByGroup, Scaled, grouped

MULTIPLIERS = {"network": 1.0, "image_encoder": 0.25}
SIZES = {"network": 2, "image_encoder": 1}


def variables():
    return [keras.Variable(np.float32(v)) for v in ([1, 2], [3], [4, 5])]


GRADIENTS = [tf.constant(v) for v in ([0.5, -1.0], [2.0], [-3.0, 0.1])]


def test_each_group_takes_the_steps_of_its_own_optimizer():
    together, apart = variables(), variables()
    optimizer = grouped(keras.optimizers.Adam(0.1), MULTIPLIERS, SIZES)
    optimizer.build(together)
    alone = [keras.optimizers.Adam(0.1), keras.optimizers.Adam(0.025)]
    for _ in range(3):
        optimizer.apply(GRADIENTS, together)
        alone[0].apply(GRADIENTS[:2], apart[:2])
        alone[1].apply(GRADIENTS[2:], apart[2:])
    for a, b in zip(together, apart, strict=True):
        np.testing.assert_array_equal(a, b)
    state = [v for held in alone for v in held.variables]
    for a, b in zip(optimizer.variables, state, strict=True):
        np.testing.assert_array_equal(a, b)


def test_one_group_needs_no_wrapper():
    optimizer = keras.optimizers.SGD(0.1)
    assert grouped(optimizer, {"network": 1.0}, {"network": 3}) is optimizer


def test_a_schedule_is_multiplied_for_the_others():
    """A cosine from 0.2 to 0 over 10 steps is at 0.1 after 5, a quarter of it 0.025."""
    schedule = keras.optimizers.schedules.CosineDecay(0.2, 10)
    optimizer = grouped(keras.optimizers.SGD(schedule), MULTIPLIERS, SIZES)
    rates = []
    for held in optimizer.optimizers.values():
        held.iterations.assign(5)
        rates.append(float(held.learning_rate))
    np.testing.assert_allclose(rates, [0.1, 0.025], rtol=1e-6)


def test_a_rate_that_a_callback_sets_reaches_every_group():
    optimizer = grouped("sgd", MULTIPLIERS, SIZES)
    optimizer.learning_rate = 0.4
    rates = [float(held.learning_rate) for held in optimizer.optimizers.values()]
    np.testing.assert_allclose(rates, [0.4, 0.1])
    assert float(optimizer.learning_rate) == rates[0]


@pytest.mark.parametrize("group", [0, 2])
def test_an_overflow_in_one_group_skips_the_step_of_all(group):
    """By hand: a scale of 8, halved; then SGD's -0.1 g and -0.025 g."""
    held = variables()
    optimizer = grouped(
        keras.optimizers.LossScaleOptimizer(
            keras.optimizers.SGD(0.1), initial_scale=8.0
        ),
        MULTIPLIERS,
        SIZES,
    )
    optimizer.build(held)
    scaled = [8.0 * g for g in GRADIENTS]
    scaled[group] = scaled[group] * float("inf")
    optimizer.apply(scaled, held)
    for variable, start in zip(held, variables(), strict=True):
        np.testing.assert_array_equal(variable, start)
    assert float(optimizer.scale_loss(1.0)) == 4.0
    assert int(optimizer.iterations) == 0
    optimizer.apply([4.0 * g for g in GRADIENTS], held)
    for variable, start, gradient, rate in zip(
        held, variables(), GRADIENTS, (0.1, 0.1, 0.025), strict=True
    ):
        np.testing.assert_allclose(variable, start - rate * gradient, rtol=1e-6)
    assert int(optimizer.iterations) == 1


def test_averages_of_weights_end_in_their_own_group():
    """Half of the weights after one step and half of those after two."""
    held = variables()
    optimizer = grouped(
        keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), MULTIPLIERS, SIZES
    )
    optimizer.build(held)
    for _ in range(2):
        optimizer.apply(GRADIENTS, held)
    optimizer.finalize_variable_values(held)
    for variable, start, gradient, rate in zip(
        held, variables(), GRADIENTS, (0.1, 0.1, 0.025), strict=True
    ):
        np.testing.assert_allclose(variable, start - 1.5 * rate * gradient, rtol=1e-6)


def test_back_from_its_config():
    schedule = keras.optimizers.schedules.CosineDecay(0.2, 10)
    optimizer = keras.optimizers.LossScaleOptimizer(
        grouped(keras.optimizers.SGD(schedule), MULTIPLIERS, SIZES)
    )
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(optimizer)))
    again = keras.saving.deserialize_keras_object(config).inner_optimizer
    assert isinstance(again, ByGroup)
    assert dict(again.sizes) == SIZES
    assert dict(again.multipliers) == MULTIPLIERS
    rate = again.optimizers["image_encoder"]._learning_rate
    assert isinstance(rate, Scaled)
    assert float(rate(5)) == pytest.approx(0.025)


def test_other_groups_are_refused():
    with pytest.raises(ValueError, match="network, image_encoder. Received: network$"):
        grouped({"network": "adam"}, MULTIPLIERS, SIZES)
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
    with pytest.raises(ValueError, match="LossScaleOptimizer for image_encoder"):
        grouped({"network": "sgd", "image_encoder": scaled}, MULTIPLIERS, SIZES)
    two = grouped("sgd", MULTIPLIERS, SIZES)
    with pytest.raises(ValueError, match="groups .*'image_encoder': 7.*Received: one"):
        grouped(two, MULTIPLIERS, {"network": 2, "image_encoder": 7})
