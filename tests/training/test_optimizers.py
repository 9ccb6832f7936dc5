"""Optimizers by name, and their learning rates."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from huse_tf.training.optimizers import (
    FusedRMSprop,
    learning_rate_schedule,
    make_optimizer,
)


@pytest.mark.parametrize("steps", [1, 5])
def test_fused_rmsprop_equals_keras(steps):
    rng = np.random.default_rng(0)
    start = rng.normal(size=(4, 3)).astype(np.float32)
    results = []
    gradients = rng.normal(size=(steps, 4, 3)).astype(np.float32)
    for kind in (FusedRMSprop, keras.optimizers.RMSprop):
        variable = keras.Variable(start)
        optimizer = kind(0.01, momentum=0.9)
        for gradient in gradients:
            optimizer.apply([tf.constant(gradient)], [variable])
        results.append(variable.numpy())
    np.testing.assert_allclose(*results, rtol=1e-5, atol=1e-6)
    assert np.abs(results[0] - start).max() > 1e-3


def test_cosine_with_warm_up_by_hand():
    """Peak 1 after 10 of 110 steps; half way down the cosine it is 1/2; then 0."""
    optimizer = make_optimizer(
        "sgd",
        learning_rate=1.0,
        momentum=0.0,
        schedule="cosine",
        warmup_steps=10,
        total_steps=110,
    )
    rates = []
    for step in (0, 5, 10, 60, 110):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    np.testing.assert_allclose(rates, [0, 0.5, 1, 0.5, 0], atol=1e-6)


@pytest.mark.parametrize("total_steps", [100, None])
def test_constant_with_warm_up(total_steps):
    optimizer = make_optimizer(
        "sgd", learning_rate=1.0, warmup_steps=10, total_steps=total_steps
    )
    rates = []
    for step in (0, 5, 10, 99):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    np.testing.assert_allclose(rates, [0, 0.5, 1, 1], atol=1e-6)


def test_a_multiplier_is_a_factor_on_every_rate():
    """Warm-up of 10 steps to 1, times 0.25."""
    optimizer = make_optimizer(
        "sgd", learning_rate=1.0, warmup_steps=10, multiplier=0.25
    )
    optimizer.iterations.assign(4)
    assert float(optimizer.learning_rate) == pytest.approx(0.25 * 0.4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "rmsprob"}, "name must be one of rmsprop, adam, sgd.*'rmsprob'"),
        ({"learning_rate": 0}, r"learning_rate must be a number in \(0, 10\].*: 0"),
        ({"momentum": 1.0}, r"momentum must be a number in \[0, 1\).*: 1.0"),
        ({"schedule": "step"}, "schedule must be one of constant, cosine.*'step'"),
        ({"warmup_steps": 1.5}, "warmup_steps must be a whole number >= 0.*1.5"),
        ({"schedule": "cosine"}, "total_steps must be a whole number >= 1.*None"),
        ({"multiplier": -1}, "multiplier must be a number .*-1"),
    ],
)
def test_what_is_wrong_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        make_optimizer(**settings)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_warm_up_without_a_branch_is_keras_to_the_bit(schedule):
    ours = learning_rate_schedule(4e-4, schedule, 5, 40)
    theirs = keras.optimizers.schedules.CosineDecay(
        **{k: v for k, v in ours.get_config().items() if k != "name"}
    )
    kinds = [tf.function(f).get_concrete_function for f in (ours, theirs)]
    one, other = (of(tf.TensorSpec([], tf.int32)) for of in kinds)
    for step in range(45):
        assert one(tf.constant(step)).numpy() == other(tf.constant(step)).numpy()
    assert "Cond" not in " ".join(n.op for n in one.graph.as_graph_def().node)
    assert not any("If" in n.op for n in one.graph.as_graph_def().node)
