"""Objectives that tell products apart: which texts count, and what trains along."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from huse_tf.model import HuseModel
from huse_tf.objectives import Clip, Huse, Siglip
from huse_tf.run.restore import model_values
from huse_tf.towers import embedding_network
from huse_tf.training.averaging import changing_variables

GRAPH = np.float32(0.8 * (1 - np.eye(3)))
ROWS = 12
PAIRS = [Clip, Siglip]
OUTPUTS = {"image_embedding": 6, "text_embedding": 6, "image_logits": 3}
OUTPUTS["text_logits"] = 3
QUIET = {"verbose": 0, "shuffle": False}
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept:DeprecationWarning"  # Keras, NumPy
)


def arrays():
    rng = np.random.default_rng(0)
    return {
        "image": rng.normal(size=(ROWS, 7)).astype(np.float32),
        "text": rng.normal(size=(ROWS, 5)).astype(np.float32),
        "label": np.arange(ROWS, dtype=np.int32) % 3,
        "text_id": 2**40 + np.arange(ROWS) // 2,
    }


def batches():
    return tf.data.Dataset.from_tensor_slices(arrays()).batch(ROWS)


def model_of(objective):
    network = embedding_network(
        7,
        5,
        3,
        units=16,
        embedding_dim=6,
        seed=1,
        classifier=objective.classifier,
    )
    return HuseModel(network, objective)


def test_without_a_weight_the_product_loss_is_not_computed():
    """delta = 0 is eq. 5: its names alone, and no operation that reads the texts."""
    objective = Huse(GRAPH, delta=0.0)
    assert objective.names == ("loss", "classification_loss", "graph_loss", "gap_loss")
    specs = {name: tf.TensorSpec([4, dim]) for name, dim in OUTPUTS.items()}
    labels, text_ids = tf.TensorSpec([4], tf.int32), tf.TensorSpec([4], tf.int64)
    graph = tf.function(objective).get_concrete_function(specs, labels, text_ids).graph
    (given,) = (t for t in graph.inputs if t.dtype == tf.int64)
    assert given.consumers() == []


@pytest.mark.parametrize("objective", [Huse(GRAPH), Clip(), Siglip()])
def test_texts_without_numbers_all_differ(objective):
    model, batch = model_of(objective), arrays()
    numbers = batch.pop("text_id")
    losses = [
        float(model.losses_of({**batch, **given}, training=False)["loss"])
        for given in ({}, {"text_id": np.arange(ROWS)}, {"text_id": numbers})
    ]
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize("make", PAIRS)
def test_scale_and_bias_train_along_and_are_kept(make):
    """In the network's group, in checkpoints and in the running average."""
    model = model_of(make())
    own = model.objective.variables
    model.compile("adam")
    before = [float(v) for v in own]
    model.optimise(arrays())
    assert all(float(v) != b for v, b in zip(own, before, strict=True))
    assert list(model.groups) == ["network"]
    for variable in own:
        for held in (model.variables, model.groups["network"]):
            assert sum(variable is v for v in held) == 1
        for held in (model_values(model), changing_variables(model)):
            assert sum(variable.value is v for v in held) == 1


@pytest.mark.parametrize("make", PAIRS)
def test_saved_and_loaded_it_goes_on_as_the_same(make, tmp_path):
    model = model_of(make())
    model.compile(keras.optimizers.Adam(0.01))
    first, *_, last = model.fit(batches(), epochs=20, **QUIET).history["loss"]
    assert last < 0.9 * first
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    start = [float(v) for v in make().variables]
    for a, b, s in zip(
        again.objective.variables, model.objective.variables, start, strict=True
    ):
        assert float(a) == float(b) != s
    for a, b in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    losses = [m.fit(batches(), **QUIET).history["loss"] for m in (model, again)]
    assert losses[0] == losses[1]
    weights = tmp_path / "model.weights.h5"
    model.save_weights(weights)
    other = model_of(make())
    other.load_weights(weights)
    assert [float(v) for v in other.objective.variables] == [
        float(v) for v in model.objective.variables
    ]


def test_the_factor_on_clips_cosines_stays_at_most_100():
    """Beyond it the loss does not change any more, and 1/0.07 is where it starts."""
    objective = Clip()
    (log_scale,) = objective.variables
    assert np.exp(float(log_scale)) == pytest.approx(1 / 0.07)
    model, losses = model_of(objective), []
    for factor in (100.0, 200.0, 50.0):
        log_scale.assign(np.log(factor))
        losses.append(float(model.losses_of(arrays(), training=False)["loss"]))
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert losses[0] != pytest.approx(losses[2], rel=1e-3)
