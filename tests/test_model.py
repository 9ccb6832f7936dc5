"""Towers, classifier, optimizer and the step that trains them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from huse_tf.config import LossConfig, OptimizerConfig, TowersConfig
from huse_tf.model import HuseModel, embedding_network
from huse_tf.objectives import Huse
from huse_tf.towers import FastDropout
from huse_tf.training.optimizers import FusedRMSprop, make_optimizer

TOWERS = TowersConfig(
    image_layers=3, text_layers=2, units=16, embedding_dim=8, dropout=0.15
)
CONSTANT = OptimizerConfig(schedule="constant", warmup_steps=0)


def small_batch(rng, n=12, classes=4):
    return {
        "image": tf.constant(rng.normal(size=(n, 6)), tf.float32),
        "text": tf.constant(rng.normal(size=(n, 5)), tf.float32),
        "label": tf.constant(rng.integers(0, classes, n), tf.int32),
    }


def small_model(loss=None, logit_scale=16.0):
    graph = tf.constant(0.8 * (1 - np.eye(4)), tf.float32)
    network = embedding_network(6, 5, 4, TOWERS, logit_scale, seed=1)
    return HuseModel(network, Huse(loss or LossConfig(), graph))


def first_kernels(model):
    """The first kernel of either tower."""
    by_path = {v.path: v for v in model.trainable_variables}
    return [by_path[f"{name}_tower_dense_0/kernel"] for name in ("image", "text")]


@pytest.mark.parametrize("margin", ["printed", "hinge", "none"])
@pytest.mark.parametrize("term", ["alpha", "beta", "gamma"])
def test_each_term_alone_moves_both_towers(term, margin):
    weights = {"alpha": 0.0, "beta": 0.0, "gamma": 0.0, term: 1.0}
    config = LossConfig(graph_margin=margin, margin=1.5, **weights)
    model = small_model(config)
    model.set_optimizers(lambda m: make_optimizer(CONSTANT, 10, m))
    kernels = first_kernels(model)
    before = [kernel.numpy() for kernel in kernels]
    losses = model.train_step(small_batch(np.random.default_rng(0)))
    assert float(losses["loss"]) > 0
    for kernel, old in zip(kernels, before, strict=True):
        # RMSprop's first step is lr * sign(g) / sqrt(1 - rho) where g is not tiny
        assert np.mean(np.abs(kernel.numpy() - old) > 1e-5) > 0.5


def test_embeddings_are_on_the_unit_sphere():
    outputs = small_model()(small_batch(np.random.default_rng(0)))
    for name in ("image_embedding", "text_embedding"):
        norms = np.linalg.norm(outputs[name], axis=1)
        np.testing.assert_allclose(norms, 1, atol=1e-6)


def test_loss_is_the_weighted_sum_of_its_terms():
    config = LossConfig(alpha=2.0, beta=3.0, gamma=5.0)
    losses = small_model(config).test_step(small_batch(np.random.default_rng(0)))
    expected = (
        2 * losses["classification_loss"]
        + 3 * losses["graph_loss"]
        + 5 * losses["gap_loss"]
    )
    assert float(losses["loss"]) == pytest.approx(float(expected), rel=1e-6)


def test_classification_loss_is_the_mean_over_both_modalities():
    model = small_model()
    batch = small_batch(np.random.default_rng(0))
    outputs = model(batch)
    logits = np.concatenate([outputs["image_logits"], outputs["text_logits"]])
    logits = logits - logits.max(axis=1, keepdims=True)
    labels = np.tile(batch["label"], 2)
    chosen = logits[np.arange(len(labels)), labels]
    expected = np.mean(np.log(np.exp(logits).sum(axis=1)) - chosen)
    actual = model.test_step(batch)["classification_loss"]
    assert float(actual) == pytest.approx(expected, rel=1e-5)


def test_one_classifier_serves_both_modalities():
    model = small_model()
    same = tf.constant([[1.0] + [0.0] * 7])
    classifier = next(x for x in model.network.layers if "classifier" in x.name)
    kernel, bias = classifier.kernel.numpy(), classifier.bias.numpy()
    np.testing.assert_allclose(classifier(same)[0], 16 * kernel[0] + bias, rtol=1e-6)
    kernels = [v for v in model.trainable_variables if v.shape == (8, 4)]
    assert len(kernels) == 1


def test_learned_scale_starts_at_16_and_is_trained():
    model = small_model(logit_scale="learned")
    scale = next(v for v in model.trainable_variables if v.name == "log_scale")
    assert np.exp(scale.numpy()) == pytest.approx(16)
    model.set_optimizers(lambda m: make_optimizer(CONSTANT, 10, m))
    model.train_step(small_batch(np.random.default_rng(0)))
    assert np.exp(scale.numpy()) != pytest.approx(16, abs=1e-6)


def test_dropout_keeps_the_mean_and_the_rate():
    """Of 200,000 ones 15 % are dropped (within 5 sigma), the rest is 1 / 0.85."""
    layer = FastDropout(0.15, seed=1)
    kept = layer(tf.ones([400, 500]), training=True).numpy()
    share = np.mean(kept == 0)
    assert abs(share - 0.15) < 5 * np.sqrt(0.15 * 0.85 / 200_000)
    np.testing.assert_allclose(kept[kept > 0], 1 / 0.85, rtol=1e-4)
    again = layer(tf.ones([400, 500]), training=True).numpy()
    assert np.mean((kept == 0) != (again == 0)) > 0.2
    np.testing.assert_array_equal(layer(tf.ones([3, 3])), np.ones([3, 3]))


def test_dropout_seed_is_among_the_variables():
    assert any("seed" in v.path for v in small_model().variables)


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
    config = OptimizerConfig(
        name="sgd", learning_rate=1.0, momentum=0.0, schedule="cosine", warmup_steps=10
    )
    optimizer = make_optimizer(config, total_steps=110)
    rates = []
    for step in (0, 5, 10, 60, 110):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    np.testing.assert_allclose(rates, [0, 0.5, 1, 0.5, 0], atol=1e-6)


def test_constant_with_warm_up():
    config = OptimizerConfig(
        name="sgd", learning_rate=1.0, schedule="constant", warmup_steps=10
    )
    optimizer = make_optimizer(config, total_steps=100)
    rates = []
    for step in (0, 5, 10, 99):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    np.testing.assert_allclose(rates, [0, 0.5, 1, 1], atol=1e-6)
