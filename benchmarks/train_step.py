"""Speed of the training step on features, as a share of the matrix-multiply peak.

    python benchmarks/train_step.py [--batch_size 1024] [--rounds 5]

Peak, step and the step without the product loss (delta = 0) are timed in turn, several
times in one process, and the median of the ratios is what counts. Useful FLOPs are
three times the forward FLOPs of every matrix product, the graph loss's full
2B x 2B x D product included, in which the product loss shares; executed FLOPs leave out
what the program does not compute (a block by symmetry, the first layers' gradient to
the features).
"""

import statistics
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from absl import app, flags

from huse_tf.model import HuseModel
from huse_tf.objectives import Huse
from huse_tf.towers import embedding_network
from huse_tf.training.optimizers import make_optimizer

_BATCH = flags.DEFINE_integer("batch_size", 1024, "products a step", lower_bound=2)
_ROUNDS = flags.DEFINE_integer("rounds", 5, "timings of peak and step", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 4.0, "length of one timing of the step")

IMAGE_DIM, TEXT_DIM, CLASSES = 1024, 384, 86


def products(network: keras.Model, batch: int) -> dict[str, list[float]]:
    """Returns forward FLOPs and executed FLOPs of each group of matrix products."""

    def forward(layer: str) -> list[float]:
        kernels = [v for v in network.get_layer(layer).variables if v.name == "kernel"]
        return [2.0 * batch * a * b for a, b in (v.shape for v in kernels)]

    table = {}
    for name in ("image_tower", "text_tower"):
        flops = forward(name)
        table[name] = [sum(flops), 3 * sum(flops) - flops[0]]
    classifier = 2 * sum(forward("classifier"))
    table["classifier"] = [classifier, 3 * classifier]
    block = 2.0 * batch * batch * network.get_layer("classifier").kernel.shape[0]
    table["graph_loss"] = [4 * block, 7 * block]
    return table


def timed(call, seconds: float) -> float:
    """Returns the mean seconds of a call, over at least `seconds`."""
    call()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        call()
        count += 1
    return (time.perf_counter() - start) / count


def make_step(**loss: float) -> tuple[keras.Model, Callable[[dict], dict]]:
    """Returns the default network and its compiled step, with keywords of `Huse`."""
    rng = np.random.default_rng(0)
    graph = rng.uniform(0.1, 1.0, (CLASSES, CLASSES)).astype(np.float32)
    graph = np.triu(graph, 1) + np.triu(graph, 1).T
    network = embedding_network(IMAGE_DIM, TEXT_DIM, CLASSES, seed=1)
    model = HuseModel(network, Huse(graph, **loss))
    model.compile(make_optimizer())
    return network, tf.function(model.optimise)


def main(_) -> None:
    batch = _BATCH.value
    rng = np.random.default_rng(0)
    data = {
        "image": tf.constant(rng.normal(size=(batch, IMAGE_DIM)), tf.float32),
        "text": tf.constant(rng.normal(size=(batch, TEXT_DIM)), tf.float32),
        "label": tf.constant(rng.integers(0, CLASSES, batch), tf.int32),
        "text_id": tf.range(batch, dtype=tf.int64),
    }
    network, step = make_step()
    _, paper_step = make_step(delta=0.0)
    side = 8192 if tf.config.list_physical_devices("GPU") else 4096
    square = tf.random.stateless_normal([side, side], seed=[1, 2])
    multiply = tf.function(lambda a: tf.reduce_sum(tf.matmul(a, a)[0, :1]))

    table = products(network, batch)
    useful = 3 * sum(forward for forward, _ in table.values())
    executed = sum(done for _, done in table.values())
    shares, peaks, rates, costs = [], [], [], []
    for _ in range(_ROUNDS.value):
        before = timed(lambda: multiply(square).numpy(), 1.5)
        seconds = timed(lambda: step(data)["loss"].numpy(), _SECONDS.value)
        without = timed(lambda: paper_step(data)["loss"].numpy(), _SECONDS.value)
        after = timed(lambda: multiply(square).numpy(), 1.5)
        peak = 2.0 * side**3 / ((before + after) / 2)
        peaks.append(peak)
        rates.append(batch / seconds)
        costs.append(seconds / without)
        shares.append(useful / seconds / peak)
    share = statistics.median(shares)
    print(f"device: {tf.config.list_logical_devices()[-1].device_type}")
    print(f"batch: {batch}")
    print(f"peak_gflops: {statistics.median(peaks) / 1e9:.1f}")
    print(f"examples_per_second: {statistics.median(rates):.0f}")
    print(f"useful_gflops: {statistics.median(rates) / batch * useful / 1e9:.1f}")
    print(f"share_of_peak_min_max: {min(shares):.3f} {max(shares):.3f}")
    print(f"time_over_delta_0: {statistics.median(costs):.3f}")
    print(f"executed_share_of_peak: {share * executed / useful:.3f}")
    print(f"share_of_peak: {share:.3f}")


if __name__ == "__main__":
    app.run(main)
