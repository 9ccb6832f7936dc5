"""On a GPU. Written without one: `pytest -m gpu` runs them where there is one."""

import numpy as np
import pytest
import tensorflow as tf

from huse_tf.model import HuseModel
from huse_tf.objectives import Huse
from huse_tf.precision import multiplying
from huse_tf.run.together import ALONE
from huse_tf.towers import embedding_network
from huse_tf.training.averaging import WeightAverage, changing_variables
from huse_tf.training.optimizers import make_optimizer

pytestmark = pytest.mark.gpu
CLASSES, ROWS, STEPS = 6, 64, 5


@pytest.fixture(autouse=True)
def gpu():
    if not tf.config.list_physical_devices("GPU"):
        pytest.skip("there is no GPU")


def batches(steps):
    rng = np.random.default_rng(0)
    rows = steps * ROWS
    everything = {
        "image": rng.normal(size=(rows, 96)).astype(np.float32),
        "text": rng.normal(size=(rows, 48)).astype(np.float32),
        "label": rng.integers(0, CLASSES, rows).astype(np.int32),
        "text_id": np.arange(rows),
    }
    return tf.data.Dataset.from_tensor_slices(everything).batch(
        ROWS, drop_remainder=True
    )


def experiment(device, dropout=0.0):
    """A model, its average, and a step of both, on a device."""
    graph = np.random.default_rng(1).uniform(0.1, 1, (CLASSES, CLASSES))
    graph = np.float32(np.triu(graph, 1) + np.triu(graph, 1).T)
    with tf.device(device):
        network = embedding_network(
            96, 48, CLASSES, units=64, embedding_dim=32, dropout=dropout, seed=1
        )
        model = HuseModel(network, Huse(graph))
        model.compile(make_optimizer(warmup_steps=2))
        average = WeightAverage(changing_variables(model), decay=0.9)

    def step(batch):
        with tf.device(device):
            losses = model.optimise(batch)
            average.update()
            return tf.stack([losses[name] for name in model.objective.names])

    held = [v.value for v in (*model.variables, *model.optimizer.variables)]
    return step, [*held, *average.variables]


def losses(device, at_once=1, xla=False):
    step, _ = experiment(device)
    take = ALONE.taking(step, batches(STEPS), at_once, xla)
    counts = [at_once] * (STEPS // at_once)
    with multiplying(in_tf32=False):
        return np.concatenate([take(count).numpy() for count in counts])


@pytest.mark.parametrize(("at_once", "xla"), [(1, False), (5, False), (1, True)])
def test_losses_are_those_of_the_processor(at_once, xla):
    expected = losses("CPU:0")
    np.testing.assert_allclose(losses("GPU:0", at_once, xla), expected, rtol=1e-5)


def test_no_operation_of_the_step_falls_to_the_processor():
    """Each is asked for on the GPU, and none may be computed elsewhere."""
    step, _ = experiment("GPU:0", dropout=0.1)
    before = tf.config.get_soft_device_placement()
    tf.config.set_soft_device_placement(False)
    try:
        values = tf.function(step)(next(iter(batches(1))))
    finally:
        tf.config.set_soft_device_placement(before)
    assert np.isfinite(values).all() and values.device.endswith("GPU:0")


def test_memory_does_not_grow():
    step, _ = experiment("GPU:0", dropout=0.1)
    take = ALONE.taking(step, batches(300))
    for _ in range(100):
        take(1)
    before = tf.config.experimental.get_memory_info("GPU:0")["current"]
    for _ in range(200):
        take(1)
    after = tf.config.experimental.get_memory_info("GPU:0")["current"]
    assert after <= before + 2**20


def test_a_training_that_goes_on_is_the_calm_one():
    """From the variables after two of five steps, under op determinism."""
    tf.config.experimental.enable_op_determinism()
    step, calm = experiment("GPU:0", dropout=0.1)
    take = ALONE.taking(step, batches(STEPS))
    for _ in range(2):
        take(1)
    saved = [variable.numpy() for variable in calm]
    for _ in range(STEPS - 2):
        take(1)
    step, again = experiment("GPU:0", dropout=0.1)
    for variable, value in zip(again, saved, strict=True):
        variable.assign(value)
    take = ALONE.taking(step, batches(STEPS).skip(2))
    for _ in range(STEPS - 2):
        take(1)
    for one, other in zip(again, calm, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
