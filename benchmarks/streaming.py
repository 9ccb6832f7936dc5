"""Training from feature files, as a share of training from memory.

    python benchmarks/streaming.py [--rows 100000] [--rounds 5] [--stream_only]

Random features of made-up products are written to a feature store; one model then takes
training steps whose batches come, in turn, from the files (train.py) and from memory
(large_ram_train.py), several times in one process; the median of the ratios is what
counts. With --stream_only nothing is held in memory: the peak of the process is then
that of train.py at that number of rows. The files are in the page cache, as after the
first epoch of a catalogue that is smaller than memory.
"""

import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import app, flags

from huse_tf.features.keys import text_keys
from huse_tf.features.reading import Features
from huse_tf.features.store import SHARD_ROWS, FeatureStore, ShardWriter
from huse_tf.model import HuseModel
from huse_tf.objectives import Huse
from huse_tf.run.pipelines import Pipeline, features_in_ram, stored_features
from huse_tf.towers import embedding_network
from huse_tf.training.optimizers import make_optimizer

_ROWS = flags.DEFINE_integer("rows", 100_000, "made-up products", lower_bound=1)
_BATCH = flags.DEFINE_integer("batch_size", 1024, "products a step", lower_bound=2)
_ROUNDS = flags.DEFINE_integer("rounds", 5, "timings of each", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 40, "steps a timing", lower_bound=1)
_STREAM_ONLY = flags.DEFINE_bool("stream_only", False, "hold nothing in memory")

IMAGE_DIM, TEXT_DIM, CLASSES = 1024, 384, 86


def fill(folder: str, kind: str, dim: int) -> Features:
    """Writes random rows to a store, as encoding would, and opens them."""
    rng = np.random.default_rng(dim)
    store = FeatureStore(Path(folder), kind, "benchmark", dim, "float32")
    keys = text_keys(map(str, range(_ROWS.value)))
    with ShardWriter(store, _ROWS.value) as writer:
        for first in range(0, _ROWS.value, SHARD_ROWS):
            part = keys[first : first + SHARD_ROWS]
            writer.add(part, rng.random((len(part), dim), np.float32))
    store.refresh()
    locations, _ = store.locate(keys)
    return Features(store.shards, locations, store.dim, store.dtype, {}, _ROWS.value)


def make_model() -> HuseModel:
    network = embedding_network(IMAGE_DIM, TEXT_DIM, CLASSES, seed=1)
    graph = np.ones([CLASSES, CLASSES], np.float32) - np.eye(CLASSES, dtype=np.float32)
    model = HuseModel(network, Huse(graph))
    model.compile(make_optimizer())
    return model


def examples_per_second(step, batches: Iterator[dict]) -> float:
    float(step(next(batches))["loss"])
    start = time.perf_counter()
    for _ in range(_STEPS.value):
        losses = step(next(batches))
    float(losses["loss"])
    return _STEPS.value * _BATCH.value / (time.perf_counter() - start)


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(_: list[str]) -> None:
    labels = np.random.default_rng(1).integers(0, CLASSES, _ROWS.value, np.int32)
    split = {"train": np.arange(_ROWS.value, dtype=np.int64)}
    step = tf.function(make_model().optimise)
    steps = 2 * _ROUNDS.value * (_STEPS.value + 1)
    with tempfile.TemporaryDirectory() as folder:
        image, text = fill(folder, "image", IMAGE_DIM), fill(folder, "text", TEXT_DIM)
        print(f"{_ROWS.value:,} rows written, peak {peak_megabytes():,.0f} MB")

        def batches(keep) -> Iterator[dict]:
            pipeline = Pipeline(
                image=keep(image),
                text=keep(text),
                labels=labels,
                text_ids=np.arange(_ROWS.value),
                split=split,
                batch_size=_BATCH.value,
                seed=0,
            )
            return iter(pipeline.training(0, steps))

        streamed = batches(stored_features)
        held = None if _STREAM_ONLY.value else batches(features_in_ram)
        rates, ratios = [], []
        for _ in range(_ROUNDS.value):
            rates.append(examples_per_second(step, streamed))
            line = f"from files {rates[-1]:,.0f} examples/s"
            if held is not None:
                in_ram = examples_per_second(step, held)
                ratios.append(rates[-1] / in_ram)
                line += f", from memory {in_ram:,.0f}"
            print(line)
    print(f"peak_megabytes: {peak_megabytes():,.0f}")
    print(f"examples_per_second: {statistics.median(rates):,.0f}")
    if ratios:
        print(f"ratio: {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    app.run(main)
