"""Speed of gathering batches from the feature store, as a share of gathering in RAM.

    python benchmarks/feature_store.py [--rows 100000] [--dim 1024] [--dtype float32]

Random batches are gathered in turn from the store (files in the page cache, as after
the first epoch, unless the catalogue is larger than memory) and from a NumPy array of
the same rows, several times in one process; the median of the ratios is what counts.
A trainer gathers while the step before runs, so that its own speed falls only where a
gather takes longer than a step: that time is printed too.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from absl import app, flags

from huse_tf.features.keys import text_keys
from huse_tf.features.reading import Features
from huse_tf.features.store import SHARD_ROWS, FeatureStore, ShardWriter

_ROWS = flags.DEFINE_integer("rows", 100_000, "rows in the store", lower_bound=1)
_DIM = flags.DEFINE_integer("dim", 1024, "values a row", lower_bound=1)
_BATCH = flags.DEFINE_integer("batch_size", 1024, "rows a gather", lower_bound=1)
_DTYPE = flags.DEFINE_enum("dtype", "float32", ["float32", "float16"], "as stored")
_ROUNDS = flags.DEFINE_integer("rounds", 7, "timings of each", lower_bound=1)
_BATCHES = flags.DEFINE_integer("batches", 50, "gathers a timing", lower_bound=1)


def fill(folder: str) -> Features:
    """Writes random rows to a store, as encoding would, and opens them."""
    rng = np.random.default_rng(0)
    store = FeatureStore(Path(folder), "image", "benchmark", _DIM.value, _DTYPE.value)
    keys = text_keys(map(str, range(_ROWS.value)))
    with ShardWriter(store, _ROWS.value) as writer:
        for first in range(0, _ROWS.value, SHARD_ROWS):
            part = keys[first : first + SHARD_ROWS]
            writer.add(part, rng.random((len(part), _DIM.value), np.float32))
    store.refresh()
    locations, _ = store.locate(keys)
    return Features(store.shards, locations, store.dim, store.dtype, {}, _ROWS.value)


def examples_per_second(
    gather: Callable[[np.ndarray], np.ndarray], batches: np.ndarray
) -> float:
    start = time.perf_counter()
    for rows in batches:
        gather(rows)
    return batches.size / (time.perf_counter() - start)


def main(_: list[str]) -> None:
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        features = fill(folder)
        array = features.load()
        ratios, streamed = [], []
        for _ in range(_ROUNDS.value):
            shape = (_BATCHES.value, _BATCH.value)
            batches = rng.integers(0, _ROWS.value, shape)
            ram = examples_per_second(array.__getitem__, batches)
            streamed.append(examples_per_second(features.gather, batches))
            ratios.append(streamed[-1] / ram)
            print(f"in RAM {ram:,.0f} examples/s, store {streamed[-1]:,.0f}")
    took = 1e3 * _BATCH.value / statistics.median(streamed)
    print(f"a batch of {_BATCH.value:,} x {_DIM.value} {_DTYPE.value}: {took:.2f} ms")
    print(f"ratio: {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    app.run(main)
