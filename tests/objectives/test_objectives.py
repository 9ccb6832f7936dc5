"""Every objective against its naive version, and in training."""

import dataclasses
from pathlib import Path

import keras
import naive_objectives as naive
import numpy as np
import pytest
import tensorflow as tf

from huse_tf.class_embeddings import class_embeddings_from_graph
from huse_tf.config import Config
from huse_tf.config.sections import (
    DataConfig,
    LossConfig,
    ObjectiveConfig,
    TowersConfig,
    TrainingConfig,
)
from huse_tf.distances import cosine_distances
from huse_tf.errors import InputError
from huse_tf.model import HuseModel
from huse_tf.objectives import Huse, make_objective
from huse_tf.objectives.registry import OBJECTIVES
from huse_tf.presence import Present
from huse_tf.towers import embedding_network
from huse_tf.training.optimizers import make_optimizer

NAMES = ("a", "b", "c")
DIM = 6
OUTPUTS = ("image_embedding", "text_embedding", "image_logits", "text_logits")
UNCLASSIFIED = ("triplet", "adamine", "devise", "clip", "siglip")


def unit_rows(rng, n, d=DIM):
    rows = rng.normal(size=(n, d))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def config_of(name, best_metric="loss", dim=DIM):
    return Config(
        data=DataConfig(csv=Path("a.csv"), images=Path("b")),
        objective=ObjectiveConfig(name=name),
        loss=LossConfig(
            alpha=0.7,
            beta=1.3,
            gamma=0.4,
            graph_margin="hinge",
            delta=0.6,
            temperature=0.3,
            class_margin=0.2,
        ),
        towers=TowersConfig(
            image_layers=3, text_layers=2, units=16, embedding_dim=dim, dropout=0.0
        ),
        training=TrainingConfig(best_metric=best_metric),
    )


def graph_of_names():
    """A of three names in 40 dimensions, more than the towers have."""
    vectors = np.random.default_rng(2).normal(size=(3, 40))
    vectors[1] += vectors[0]
    return cosine_distances(vectors)


def random_batch(n=8):
    rng = np.random.default_rng(5)
    return {
        "image_embedding": unit_rows(rng, n),
        "text_embedding": unit_rows(rng, n),
        "image_logits": rng.normal(size=(n, 3)),
        "text_logits": rng.normal(size=(n, 3)),
        "label": np.array([0, 1, 2, 0, 0, 1, 2, 0][:n]),
        "text_id": np.array([5, 6, 7, 5, 8, 9, 7, 10][:n]),
    }


def naive_value(name, batch, config, graph):
    psi = class_embeddings_from_graph(graph, DIM, NAMES).astype(np.float64)
    graph = graph.astype(np.float64)
    arguments = {
        "huse": (config.loss, graph),
        "huse_p": (config.loss, psi),
        "devise": (config.objective, psi),
        "hie": (config.objective, psi),
        "separate": (),
        "clip": (),
        "siglip": (),
    }
    extra = arguments.get(name, (config.objective,))
    return getattr(naive, name)(batch, *extra)


def slope(function, array, step=1e-6):
    """Central differences of a scalar function by each entry of an array."""
    result = np.zeros_like(array)
    for i in np.ndindex(array.shape):
        kept = array[i]
        array[i] = kept + step
        above = function()
        array[i] = kept - step
        result[i] = (above - function()) / (2 * step)
        array[i] = kept
    return result


def along(points, gradient):
    """The part of a gradient along the unit sphere, which the points do not leave."""
    return gradient - (gradient * points).sum(axis=1, keepdims=True) * points


def called(objective, outputs, batch):
    labels = tf.constant(batch["label"], tf.int32)
    present = None
    if "has_image" in batch:
        present = Present(
            tf.constant(batch["has_image"]), tf.constant(batch["has_text"])
        )
    return objective(outputs, labels, tf.constant(batch["text_id"], tf.int64), present)


def lacking(batch, image, text):
    """A batch whose products at these places lack their image, or their text."""
    rows = np.arange(len(batch["label"]))
    has = {"has_image": ~np.isin(rows, image), "has_text": ~np.isin(rows, text)}
    return {**batch, **has}


@pytest.mark.parametrize("lacks", [None, ([1, 4], [0, 6])], ids=["whole", "lacking"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_objective_equals_the_naive_one_in_value_and_gradient(name, lacks):
    """Of 8 products all have both modalities, or four do: two of these share a text."""
    config, graph, batch = config_of(name), graph_of_names(), random_batch()
    if lacks:
        batch["text_id"][2] = batch["text_id"][3]
        batch = lacking(batch, *lacks)
    objective = make_objective(config, graph, NAMES)
    outputs = {n: tf.constant(batch[n], tf.float32) for n in OUTPUTS}
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        scalars = called(objective, outputs, batch)
    gradients = tape.gradient(
        scalars["loss"], outputs, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    assert tuple(scalars) == objective.names
    assert all(x.dtype == tf.float32 and x.shape == () for x in scalars.values())

    def value():
        return naive_value(name, batch, config, graph)

    assert value() > 0.01
    np.testing.assert_allclose(scalars["loss"], value(), rtol=2e-6)
    for output in OUTPUTS:
        actual, expected = gradients[output].numpy(), slope(value, batch[output])
        if "embedding" in output:
            actual, expected = (along(batch[output], g) for g in (actual, expected))
        np.testing.assert_allclose(actual, expected, atol=2e-6)
        reaches = objective.classifies if "logits" in output else name != "separate"
        assert (np.abs(expected).max() > 1e-4) == reaches


@pytest.mark.parametrize("name", OBJECTIVES)
def test_loss_is_the_weighted_sum_of_the_terms(name):
    config, batch = config_of(name), random_batch()
    weights = {
        "huse": (0.7, 1.3, 0.4, 0.6),
        "huse_p": (0.7, 1.3, 0.4),
        "cme": (1.0, 0.02),
        "adamine": (1.0, 0.3),
        "hie": (1.0, 0.1),
    }
    objective = make_objective(config, graph_of_names(), NAMES)
    outputs = {n: tf.constant(batch[n], tf.float32) for n in OUTPUTS}
    scalars = called(objective, outputs, batch)
    loss, *terms = (float(scalars[n]) for n in objective.names)
    by_hand = np.dot(weights.get(name, (1.0,)), terms)
    assert loss == pytest.approx(by_hand, rel=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_what_is_not_there_says_nothing(name):
    """Anything may stand in its place: no term changes, and it has no gradient."""
    objective = make_objective(config_of(name), graph_of_names(), NAMES)
    batch = lacking(random_batch(), [1, 4], [0, 6])
    found = []
    for factor in (1.0, -7.0):
        for kind, rows in (("image", [1, 4]), ("text", [0, 6])):
            for output in ("embedding", "logits"):
                batch[f"{kind}_{output}"][rows] *= factor
        outputs = {n: tf.constant(batch[n], tf.float32) for n in OUTPUTS}
        with tf.GradientTape() as tape:
            tape.watch(outputs)
            scalars = called(objective, outputs, batch)
        gradients = tape.gradient(
            scalars["loss"], outputs, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        found.append([v.numpy() for v in (*scalars.values(), *gradients.values())])
        for output in ("embedding", "logits"):
            assert not gradients[f"image_{output}"].numpy()[[1, 4]].any()
            assert not gradients[f"text_{output}"].numpy()[[0, 6]].any()
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize(
    ("image", "text"),
    [(range(4), range(4, 8)), (range(8), []), (range(8), range(8))],
    ids=["nobody has both", "texts alone", "nothing"],
)
def test_terms_of_pairs_are_zero_where_nobody_has_both(name, image, text):
    config, graph = config_of(name), graph_of_names()
    batch = lacking(random_batch(), image, text)
    objective = make_objective(config, graph, NAMES)
    outputs = {n: tf.constant(batch[n], tf.float32) for n in OUTPUTS}
    watched = {**outputs, "own": [v.value for v in objective.variables]}
    with tf.GradientTape() as tape:
        tape.watch(watched)
        scalars = called(objective, outputs, batch)
    gradients = tape.gradient(
        scalars["loss"], watched, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    for gradient in tf.nest.flatten(gradients):
        assert np.isfinite(gradient).all()
    pairs = {"gap_loss", "product_loss", "pair_loss", "instance_loss"}
    for term in pairs & set(scalars):
        assert float(scalars[term]) == 0
    expected = naive_value(name, batch, config, graph)
    assert float(scalars["loss"]) == pytest.approx(expected, rel=2e-6, abs=1e-9)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("batch", [1, 4])
def test_a_batch_of_one_class_has_a_finite_loss_and_gradient(name, batch):
    """No negatives at all; with one product no positives and no non-pairs either."""
    objective = make_objective(config_of(name), graph_of_names(), NAMES)
    arrays = random_batch(batch)
    outputs = {n: tf.constant(arrays[n], tf.float32) for n in OUTPUTS}
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        loss = objective(outputs, tf.zeros([batch], tf.int32))["loss"]
    gradients = tape.gradient(
        loss, outputs, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    assert np.isfinite(loss)
    assert all(np.isfinite(g).all() for g in gradients.values())
    if name == "triplet":
        assert float(loss) == 0


def network_and_batch(objective, dim=DIM):
    rng = np.random.default_rng(0)
    batch = {
        "image": tf.constant(rng.normal(size=(12, 7)), tf.float32),
        "text": tf.constant(rng.normal(size=(12, 5)), tf.float32),
        "label": tf.constant(np.arange(12) % 3, tf.int32),
    }
    towers = dataclasses.asdict(config_of("huse", dim=dim).towers)
    network = embedding_network(
        7, 5, 3, **towers, logit_scale=16.0, seed=1, classifier=objective.classifier
    )
    return HuseModel(network, objective), batch


def by_path(model):
    return {v.path: v.numpy() for v in model.network.variables}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_step_moves_both_towers_and_the_classifier_if_it_classifies(name):
    objective = make_objective(config_of(name), graph_of_names(), NAMES)
    model, batch = network_and_batch(objective)
    model.compile(make_optimizer(warmup_steps=0))
    before = by_path(model)
    model.optimise(batch)
    moved = {p for p, v in by_path(model).items() if np.abs(v - before[p]).max() > 1e-5}
    for tower in ("image_tower", "text_tower"):
        assert f"{tower}_dense_0/kernel" in moved
    kernels = {
        "shared": {"classifier/kernel"},
        "separate": {"classifier/kernel", "text_classifier/kernel"},
        "untrained": set(),
    }[objective.classifier]
    assert {path for path in moved if "classifier/kernel" in path} == kernels
    assert objective.classifies == (name not in UNCLASSIFIED)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_training_lowers_the_loss(name):
    objective = make_objective(config_of(name), graph_of_names(), NAMES)
    model, batch = network_and_batch(objective)
    model.compile(keras.optimizers.Adam(0.01))
    step = tf.function(model.optimise)
    first = float(step(batch)["loss"])
    for _ in range(40):
        step(batch)
    assert float(model.losses_of(batch, training=False)["loss"]) < 0.8 * first


def test_separate_models_share_nothing():
    """Other texts leave the image's model as it is, weight for weight."""
    objective = make_objective(config_of("separate"), graph_of_names(), NAMES)
    results = []
    for factor in (1.0, -3.0):
        model, batch = network_and_batch(objective)
        batch = {**batch, "text": factor * batch["text"]}
        model.compile(make_optimizer(warmup_steps=0))
        model.optimise(batch)
        results.append(by_path(model))
    kernels = [path for path in results[0] if path.endswith("kernel")]
    assert len(kernels) == 7
    for path in kernels:
        same = np.array_equal(results[0][path], results[1][path])
        assert same != path.startswith("text_"), path


@pytest.mark.parametrize(
    ("name", "metric"),
    [("triplet", "fusion_accuracy"), ("triplet", "graph_loss"), ("huse", "rank_loss")],
)
def test_a_best_metric_that_the_objective_lacks_is_refused(name, metric):
    with pytest.raises(InputError, match=f"{metric}: objective.name = {name} does not"):
        make_objective(config_of(name, metric), graph_of_names(), NAMES)


@pytest.mark.parametrize("metric", ["loss", "image_to_text_R@1", "triplet_loss"])
def test_a_best_metric_that_the_objective_has_is_taken(metric):
    objective = make_objective(config_of("triplet", metric), graph_of_names(), NAMES)
    assert "triplet_loss" in objective.names


def test_huse_needs_no_class_embeddings():
    """A graph and a dimension that give none are no hindrance."""
    graph = np.float32(2 * (1 - np.eye(3)))
    assert isinstance(make_objective(config_of("huse"), graph, NAMES), Huse)
