"""Promise 23: odd numbers end in a line that says what is wrong, or in a sane model."""

import resource
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from processes import records, run, train

from huse_tf.evaluation import evaluate
from huse_tf.model import HuseModel
from huse_tf.objectives import Huse
from huse_tf.run.folder import RunFolder
from huse_tf.towers import embedding_network

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept:DeprecationWarning"  # Keras, NumPy
)
CLASSES, ROWS, DIM, STEPS = 4, 64, 12, 200


def products(rng, classes=CLASSES, rows=ROWS):
    """Rows of both modalities around a centre for each class."""
    labels = np.arange(rows, dtype=np.int32) % classes
    centres = rng.normal(size=(2, classes, DIM))
    noise = 0.3 * rng.normal(size=(2, rows, DIM))
    image, text = (centres[:, labels] + noise).astype(np.float32)
    return {"image": image, "text": text, "label": labels}


def trained(precision, rows=None, steps=STEPS):
    """Losses of every step, and the outputs afterwards."""
    keras.utils.set_random_seed(0)
    rows = rows or products(np.random.default_rng(0))
    graph = np.float32(1 - np.eye(CLASSES))
    network = embedding_network(
        DIM, DIM, CLASSES, units=32, embedding_dim=8, seed=1, precision=precision
    )
    model = HuseModel(network, Huse(graph))
    model.compile(keras.optimizers.Adam(3e-3))
    batch = tf.data.Dataset.from_tensors(rows)
    losses = model.fit(batch, epochs=steps, verbose=0, shuffle=False).history["loss"]
    features = {name: tf.constant(rows[name]) for name in ("image", "text")}
    outputs = network(features, training=False)
    return np.array(losses), {name: value.numpy() for name, value in outputs.items()}


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_learns_what_float32_learns(precision):
    """200 steps of the same rows: all finite, to the same accuracy and a like loss."""
    expected, whole = trained("float32")
    losses, half = trained(precision)
    assert np.isfinite(losses).all()
    assert losses[-1] == pytest.approx(expected[-1], abs=0.1 * expected[0])
    labels = products(np.random.default_rng(0))["label"]
    for outputs in (whole, half):
        for modality in ("image", "text"):
            assert (outputs[f"{modality}_logits"].argmax(1) == labels).mean() > 0.95
            lengths = np.linalg.norm(outputs[f"{modality}_embedding"], axis=1)
            np.testing.assert_allclose(lengths, 1, atol=1e-5)


def sane(outputs):
    """All finite, embeddings on the sphere."""
    for name, values in outputs.items():
        assert np.isfinite(values).all(), name
        if name.endswith("embedding"):
            lengths = np.linalg.norm(values, axis=1)
            np.testing.assert_allclose(lengths, 1, atol=1e-5)


def constant(rows, name):
    rows[name][:] = rows[name][0]


def zero(rows, name):
    rows[name][:] = 0


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: constant(rows, "image"),
        lambda rows: constant(rows, "text"),
        lambda rows: zero(rows, "text"),
        lambda rows: rows["label"].fill(2),
        lambda rows: rows["image"].__imul__(1000),
    ],
    ids=["equal pictures", "equal titles", "no word known", "one class", "large"],
)
def test_odd_rows_give_a_sane_model(change):
    rows = products(np.random.default_rng(0))
    change(rows)
    losses, outputs = trained("float32", rows, steps=30)
    assert np.isfinite(losses).all()
    sane(outputs)


TOO_LARGE = {
    "learning rate": {"optimizer.learning_rate": "10"},
    "a loss's weight": {"loss.beta": "5000"},
    "the product loss": {"loss.delta": "1000"},
}


@pytest.mark.slow
@pytest.mark.parametrize("what", TOO_LARGE)
def test_a_thousand_times_too_large_is_one_line_or_a_sane_model(shop, what):
    name = f"large-{what.split()[-1]}"
    status, output = run(
        train, *shop.arguments(name, TOO_LARGE[what]), log=shop.log(name)
    )
    assert "Traceback" not in output
    if status == 1:
        assert "not finite" in output.strip().splitlines()[-1]
        return
    assert status == 0, output
    logged = records(shop.folder / name)
    values = [v for record in logged for v in record.values() if not isinstance(v, str)]
    assert np.isfinite(values).all()
    metrics = RunFolder(shop.folder / name).read_evaluation()
    assert all(np.isfinite(v) for v in metrics.values() if isinstance(v, float))


@pytest.mark.slow
def test_two_thousand_classes_cost_what_their_matrices_do():
    """Training steps and evaluation; benchmarks/classes.py has ten thousand.

    The semantic graph [K, K] is 16 MB, logits of 1,024 rows 8 MB; 600 MB are 37 graphs.
    """
    classes, rows = 2000, 4000
    made = products(np.random.default_rng(0), classes, rows)
    graph = np.float32(1 - np.eye(classes))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.monotonic()
    network = embedding_network(DIM, DIM, classes, units=32, embedding_dim=8, seed=1)
    model = HuseModel(network, Huse(graph))
    model.compile("adam")
    data = tf.data.Dataset.from_tensor_slices(made).batch(1024)
    model.fit(data, epochs=1, verbose=0, shuffle=False)
    features = {name: made[name] for name in ("image", "text")}
    outputs = network.predict(features, batch_size=1024, verbose=0)
    names = [f"class {i}" for i in range(classes)]
    metrics = evaluate(
        outputs["image_embedding"], outputs["text_embedding"], made["label"], names
    )
    assert all(np.isfinite(value) for value in metrics.values())
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 600, grown
    assert time.monotonic() - begun < 120
