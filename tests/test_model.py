"""The network and its objective, and the step that trains them."""

import numpy as np
import pytest
import tensorflow as tf

from huse_tf.model import HuseModel
from huse_tf.objectives import Huse
from huse_tf.towers import embedding_network
from huse_tf.training.optimizers import make_optimizer

TOWERS = {
    "image_layers": 3,
    "text_layers": 2,
    "units": 16,
    "embedding_dim": 8,
    "dropout": 0.15,
    "seed": 1,
}
GRAPH = np.float32(0.8 * (1 - np.eye(4)))


def small_batch(rng, n=12, classes=4):
    return {
        "image": tf.constant(rng.normal(size=(n, 6)), tf.float32),
        "text": tf.constant(rng.normal(size=(n, 5)), tf.float32),
        "label": tf.constant(rng.integers(0, classes, n), tf.int32),
    }


def small_model(objective=None, **settings):
    objective = objective or Huse(GRAPH)
    network = embedding_network(
        6, 5, 4, classifier=objective.classifier, **TOWERS, **settings
    )
    return HuseModel(network, objective)


def first_kernels(model):
    """The first kernel of either tower."""
    by_path = {v.path: v for v in model.trainable_variables}
    return [by_path[f"{name}_tower_dense_0/kernel"] for name in ("image", "text")]


@pytest.mark.parametrize("margin", ["printed", "hinge", "none"])
@pytest.mark.parametrize("term", ["alpha", "beta", "gamma", "delta"])
def test_each_term_alone_moves_both_towers(term, margin):
    weights = dict.fromkeys(("alpha", "beta", "gamma", "delta"), 0.0) | {term: 1.0}
    model = small_model(Huse(GRAPH, graph_margin=margin, margin=1.5, **weights))
    model.compile(make_optimizer(warmup_steps=0))
    kernels = first_kernels(model)
    before = [kernel.numpy() for kernel in kernels]
    losses = model.optimise(small_batch(np.random.default_rng(0)))
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
    model = small_model(Huse(GRAPH, alpha=2.0, beta=3.0, gamma=5.0, delta=7.0))
    losses = model.losses_of(small_batch(np.random.default_rng(0)), training=False)
    expected = (
        2 * losses["classification_loss"]
        + 3 * losses["graph_loss"]
        + 5 * losses["gap_loss"]
        + 7 * losses["product_loss"]
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
    actual = model.losses_of(batch, training=False)["classification_loss"]
    assert float(actual) == pytest.approx(expected, rel=1e-5)


def test_one_classifier_serves_both_modalities():
    model = small_model(logit_scale=16.0)
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
    model.compile(make_optimizer(warmup_steps=0))
    model.optimise(small_batch(np.random.default_rng(0)))
    assert np.exp(scale.numpy()) != pytest.approx(16, abs=1e-6)


def test_dropout_seed_is_among_the_variables():
    assert any("seed" in v.path for v in small_model().variables)
