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
# Square, and as a step's own: a layer's, and the pairs of a batch. Four times as many
# rows and columns on a GPU.
SHAPES = ((4096, 4096, 4096), (2048, 2048, 2048), (1024, 512, 512), (1024, 512, 1024))
IMPLAUSIBLE = 1.4  # a share of the peak above it


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


def peaks_of(seconds: float) -> dict[str, float]:
    """Returns FLOP/s of matrix products, by who computes which shape.

    Args:
        seconds: of one timing.
    """
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    scale = 4 if on_gpu else 1
    found = {}
    for rows, inner, columns in SHAPES:
        shape = [scale * rows, inner, scale * columns]
        a = tf.random.stateless_normal(shape[:2], seed=[1, 2])
        b = tf.random.stateless_normal(shape[1:], seed=[3, 4])
        flops, name = 2.0 * np.prod(shape), "x".join(map(str, shape))
        multiply = tf.function(lambda a, b: tf.reduce_sum(tf.matmul(a, b)[0, :1]))
        spent = timed(lambda f=multiply, a=a, b=b: f(a, b).numpy(), seconds)
        found[f"tensorflow {name}"] = flops / spent
        if not on_gpu:
            left, right = a.numpy(), b.numpy()
            spent = timed(lambda x=left, y=right: np.matmul(x, y), seconds)
            found[f"numpy {name}"] = flops / spent
    return found


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
    table = products(network, batch)
    useful = 3 * sum(forward for forward, _ in table.values())
    executed = sum(done for _, done in table.values())
    shares, peaks, rates, costs = [], [], [], []
    for _ in range(_ROUNDS.value):
        before = peaks_of(0.4)
        seconds = timed(lambda: step(data)["loss"].numpy(), _SECONDS.value)
        without = timed(lambda: paper_step(data)["loss"].numpy(), _SECONDS.value)
        after = peaks_of(0.4)
        both = {name: max(rate, after[name]) for name, rate in before.items()}
        peaks.append(both)
        rates.append(batch / seconds)
        costs.append(seconds / without)
        shares.append(useful / seconds / max(both.values()))
    share = statistics.median(shares)
    print(f"device: {tf.config.list_logical_devices()[-1].device_type}")
    print(f"batch: {batch}")
    for name in peaks[0]:
        rate = statistics.median(found[name] for found in peaks) / 1e9
        print(f"gflops of {name}: {rate:.1f}")
    peak = statistics.median(max(found.values()) for found in peaks)
    print(f"peak_gflops: {peak / 1e9:.1f}")
    print(f"examples_per_second: {statistics.median(rates):.0f}")
    print(f"useful_gflops: {statistics.median(rates) / batch * useful / 1e9:.1f}")
    print(f"share_of_peak_min_max: {min(shares):.3f} {max(shares):.3f}")
    print(f"time_over_delta_0: {statistics.median(costs):.3f}")
    print(f"executed_share_of_peak: {share * executed / useful:.3f}")
    print(f"share_of_peak: {share:.3f}")
    if share > IMPLAUSIBLE:
        print(
            f"share_of_peak is above {IMPLAUSIBLE}: no measurement. The machine does "
            "more than the products above say; run it again when nothing else runs"
        )


if __name__ == "__main__":
    app.run(main)
