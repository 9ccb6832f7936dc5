"""Every objective against its naive version, by hand at corners, and in training."""

from pathlib import Path

import naive_objectives as naive
import numpy as np
import pytest
import tensorflow as tf

from huse_tf.baseline_losses import (
    class_triplet_loss,
    cosine_embedding_loss,
    hinge_rank_loss,
    instance_triplet_loss,
    semi_hard_negatives,
    triplet_loss,
)
from huse_tf.class_embeddings import class_embeddings_from_graph
from huse_tf.config import Config
from huse_tf.config_sections import (
    DataConfig,
    LossConfig,
    ObjectiveConfig,
    OptimizerConfig,
    TowersConfig,
    TrainingConfig,
)
from huse_tf.config_values import OBJECTIVES
from huse_tf.distances import cosine_distances
from huse_tf.errors import InputError
from huse_tf.losses import class_embedding_loss
from huse_tf.model import HuseModel, embedding_network
from huse_tf.objectives import Huse, make_objective
from huse_tf.optimizers import make_optimizer
from huse_tf.semantic_graph import graph_from_tree

NAMES = ("a", "b", "c")
DIM = 6
OUTPUTS = ("image_embedding", "text_embedding", "image_logits", "text_logits")
UNCLASSIFIED = ("triplet", "adamine", "devise")


def unit_rows(rng, n, d=DIM):
    rows = rng.normal(size=(n, d))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def at(*degrees):
    """Unit vectors of the plane at these angles."""
    angles = np.radians(degrees)
    return tf.constant(np.stack([np.cos(angles), np.sin(angles)], 1), tf.float32)


def d(degrees):
    """The cosine distance of two vectors at this angle."""
    return 1 - np.cos(np.radians(degrees))


def config_of(name, best_metric="loss", dim=DIM):
    return Config(
        data=DataConfig(csv=Path("a.csv"), images=Path("b")),
        objective=ObjectiveConfig(name=name),
        loss=LossConfig(alpha=0.7, beta=1.3, gamma=0.4),
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


@pytest.mark.parametrize("name", OBJECTIVES)
def test_objective_equals_the_naive_one_in_value_and_gradient(name):
    config, graph, batch = config_of(name), graph_of_names(), random_batch()
    objective = make_objective(config, graph, NAMES)
    outputs = {n: tf.constant(batch[n], tf.float32) for n in OUTPUTS}
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        scalars = objective(outputs, tf.constant(batch["label"], tf.int32))
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
        "huse": (0.7, 1.3, 0.4),
        "huse_p": (0.7, 1.3, 0.4),
        "cme": (1.0, 0.02),
        "adamine": (1.0, 0.3),
        "hie": (1.0, 0.1),
    }
    objective = make_objective(config, graph_of_names(), NAMES)
    outputs = {n: tf.constant(batch[n], tf.float32) for n in OUTPUTS}
    scalars = objective(outputs, tf.constant(batch["label"], tf.int32))
    loss, *terms = (float(scalars[n]) for n in objective.names)
    by_hand = np.dot(weights.get(name, (1.0,)), terms)
    assert loss == pytest.approx(by_hand, rel=1e-6)


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


def test_semi_hard_negatives_of_a_matrix_by_hand():
    """Classes 0, 0, 1, 1, 1; each line says anchor, positive -> negative.

    0, 1 (0.3): of 0.2, 0.4, 0.5 the nearest beyond 0.3 is 0.4, column 3.
    1, 0 (0.3): of 0.1, 0.25, 0.2 none is beyond 0.3: the furthest, column 3.
    2, 3 (0.1): of 0.2, 0.1 only 0.2 is beyond (0.1 is not), column 0.
    2, 4 (0.15): again 0.2, column 0.
    3, 2 (0.1): of 0.4, 0.25 the nearest is 0.25, column 1.
    3, 4 (0.3): 0.4, column 0.
    4, 2 (0.15): of 0.5, 0.2 the nearest is 0.2, column 1.
    4, 3 (0.3): 0.5, column 0.
    """
    distances = tf.constant(
        [
            [0.00, 0.30, 0.20, 0.40, 0.50],
            [0.30, 0.00, 0.10, 0.25, 0.20],
            [0.20, 0.10, 0.00, 0.10, 0.15],
            [0.40, 0.25, 0.10, 0.00, 0.30],
            [0.50, 0.20, 0.15, 0.30, 0.00],
        ]
    )
    pairs = [(0, 1), (1, 0), (2, 3), (2, 4), (3, 2), (3, 4), (4, 2), (4, 3)]
    chosen = semi_hard_negatives(
        distances, tf.constant([0, 0, 1, 1, 1]), tf.constant(pairs, tf.int64)
    )
    assert chosen.numpy().tolist() == [3, 3, 0, 0, 1, 0, 1, 0]


@pytest.mark.parametrize("negative", [30, 24, 40])
def test_triplet_margin_counts_squared_euclidean_distance(negative):
    """Two of a class at 0 and 20 degrees, one of another class beyond.

    Anchor 0 has its positive at 20 and its negative at `negative` degrees; anchor 20
    its positive at 20 and its negative at `negative` - 20, the only one there is.
    """
    loss = triplet_loss(at(0, 20, negative), tf.constant([0, 0, 1]), margin=0.2)
    hinges = [
        max(0.0, 2 * (d(20) - d(negative)) + 0.2),
        max(0.0, 2 * (d(20) - d(negative - 20)) + 0.2),
    ]
    assert (hinges[0] == 0) == (negative == 40)
    assert float(loss) == pytest.approx(np.mean(hinges), rel=1e-5)


@pytest.mark.parametrize(("cosine", "expected"), [(0.1, 0.0), (0.3, 0.2), (-0.5, 0.0)])
def test_cosine_loss_of_non_pairs_starts_at_the_margin(cosine, expected):
    """Two products; both images lie on their texts, which meet at `cosine`."""
    points = at(0, np.degrees(np.arccos(cosine)))
    loss = cosine_embedding_loss(points, points, margin=0.1, positive_share=0.2)
    assert float(loss) == pytest.approx(0.8 * expected, abs=1e-6)


def test_cosine_loss_of_pairs_is_their_distance():
    """Both pairs at 60 degrees, d = 1/2; the other image and text at 120 and 240."""
    loss = cosine_embedding_loss(at(0, 180), at(60, 240), 0.1, positive_share=0.2)
    assert float(loss) == pytest.approx(0.2 * 0.5, abs=1e-6)


def test_instance_triplets_are_averaged_over_the_active_ones_only():
    """Images at 0 and 90, texts at 0 and 70 degrees; two triplets a direction.

    image 0: own text at 0, other at 70: 0 + 0.3 - d(70) < 0
    image 1: own at 20, other at 90: d(20) + 0.3 - 1 < 0
    text 0: own at 0, other at 90: 0.3 - 1 < 0
    text 1: own at 20, other at 70: d(20) + 0.3 - d(70) < 0
    With a margin of 0.65 only image 0's is below 0 no more than text 1's is.
    """
    images, texts = at(0, 90), at(0, 70)
    assert float(instance_triplet_loss(images, texts, 0.3)) == 0
    terms = [0.65 - d(70), d(20) + 0.65 - 1, 0.65 - 1, d(20) + 0.65 - d(70)]
    active = [term for term in terms if term > 0]
    assert len(active) == 1
    loss = instance_triplet_loss(images, texts, 0.65)
    assert float(loss) == pytest.approx(active[0], abs=1e-5)


def test_class_triplets_leave_out_the_counterpart():
    """Products 0 and 1 of a class, 2 of another; images on texts at 0, 40, 60 degrees.

    Query 0: positive at 40, negative at 60; query 1: positive at 40, negative at 20;
    query 2 has no positive but its counterpart. The other direction is the same.
    """
    points = at(0, 40, 60)
    loss = class_triplet_loss(points, points, tf.constant([0, 0, 1]), 0.3)
    terms = [d(40) + 0.3 - d(60), d(40) + 0.3 - d(20)]
    assert min(terms) > 0
    assert float(loss) == pytest.approx(np.mean(terms), rel=1e-5)
    loss = class_triplet_loss(points, points, tf.constant([0, 0, 1]), 0.1)
    assert d(40) + 0.1 - d(60) < 0
    assert float(loss) == pytest.approx(d(40) + 0.1 - d(20), rel=1e-5)


@pytest.mark.parametrize("angle", [0, 10, 45, 80, 90])
def test_rank_loss_sums_over_the_other_classes(angle):
    """Class names at 0, 90 and 180 degrees, one point of class 0 at `angle`."""
    names = at(0, 90, 180)
    loss = hinge_rank_loss(at(angle), tf.constant([0]), names, margin=0.1)
    own, right, left = d(angle), d(90 - angle), d(180 - angle)
    expected = max(0.0, 0.1 + own - right) + max(0.0, 0.1 + own - left)
    assert (expected == 0) == (angle in (0, 10))
    assert float(loss) == pytest.approx(expected, abs=1e-6)


def test_eq_13_of_one_point_on_its_class_and_one_across():
    """Image on psi (d = 0), text at a right angle (d = 1): their sum is 1."""
    loss = class_embedding_loss(at(0), at(90), tf.constant([1]), at(90, 0))
    assert float(loss) == pytest.approx(1.0)


def network_and_batch(objective, dim=DIM):
    rng = np.random.default_rng(0)
    batch = {
        "image": tf.constant(rng.normal(size=(12, 7)), tf.float32),
        "text": tf.constant(rng.normal(size=(12, 5)), tf.float32),
        "label": tf.constant(np.arange(12) % 3, tf.int32),
    }
    towers = config_of("huse", dim=dim).towers
    network = embedding_network(
        7, 5, 3, towers, 16.0, seed=1, classifier=objective.classifier
    )
    return HuseModel(network, objective), batch


def by_path(model):
    return {v.path: v.numpy() for v in model.network.variables}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_step_moves_both_towers_and_the_classifier_if_it_classifies(name):
    objective = make_objective(config_of(name), graph_of_names(), NAMES)
    model, batch = network_and_batch(objective)
    model.set_optimizers(lambda m: make_optimizer(OptimizerConfig(), 10, m))
    before = by_path(model)
    model.train_step(batch)
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
    adam = OptimizerConfig(name="adam", learning_rate=0.01)
    model.set_optimizers(lambda m: make_optimizer(adam, 60, m))
    step = tf.function(model.train_step)
    first = float(step(batch)["loss"])
    for _ in range(40):
        step(batch)
    assert float(model.test_step(batch)["loss"]) < 0.8 * first


def test_separate_models_share_nothing():
    """Other texts leave the image's model as it is, weight for weight."""
    objective = make_objective(config_of("separate"), graph_of_names(), NAMES)
    results = []
    for factor in (1.0, -3.0):
        model, batch = network_and_batch(objective)
        batch = {**batch, "text": factor * batch["text"]}
        model.set_optimizers(lambda m: make_optimizer(OptimizerConfig(), 10, m))
        model.train_step(batch)
        results.append(by_path(model))
    kernels = [path for path in results[0] if path.endswith("kernel")]
    assert len(kernels) == 7
    for path in kernels:
        same = np.array_equal(results[0][path], results[1][path])
        assert same != path.startswith("text_"), path


def test_class_embeddings_keep_every_distance_where_they_fit():
    """Names of 40 dimensions; in the 6 of the towers A is the same."""
    graph = graph_of_names()
    psi = class_embeddings_from_graph(graph, DIM, NAMES)
    assert psi.shape == (3, DIM) and psi.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(psi, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(1 - psi @ psi.T, graph, atol=1e-6)


def test_more_classes_than_dimensions_fit_if_their_names_span_no_more():
    names = tuple("abcdefgh")
    graph = cosine_distances(np.random.default_rng(0).normal(size=(8, 3)))
    psi = class_embeddings_from_graph(graph, 3, names)
    np.testing.assert_allclose(1 - psi @ psi.T, graph, atol=1e-5)


def test_a_class_tree_has_class_embeddings():
    names = ("x<a", "x<b", "y<c")
    graph = graph_from_tree(names, "<")
    psi = class_embeddings_from_graph(graph, 3, names)
    np.testing.assert_allclose(
        psi @ psi.T, [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]], atol=1e-6
    )


def test_too_few_dimensions_are_named_with_the_remedy():
    """Four classes at right angles do not fit into three dimensions."""
    graph = np.float32(1 - np.eye(4))
    with pytest.raises(InputError, match="towers.embedding_dim = 3.*raise it to 4"):
        class_embeddings_from_graph(graph, 3, tuple("abcd"))


def test_distances_that_no_points_have_are_named():
    """Three points of a sphere cannot all be opposite to each other."""
    graph = np.float32(2 * (1 - np.eye(3)))
    with pytest.raises(InputError, match="change class_encoder.graph"):
        class_embeddings_from_graph(graph, 8, NAMES)


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
