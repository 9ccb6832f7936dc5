"""What hashing pictures and stored features costs, beside a training of 20 epochs.

    python benchmarks/hashing.py --config config.ini [--set section.key=value]

Pictures are named by their contents once, and again only where one may have changed;
stored features are hashed at the start of every run (features.verify). The features
must be there already: run a training once. The first reading comes from the page cache
if the files were just used.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
from absl import app, flags

from huse_tf.catalog import read_catalog
from huse_tf.config import load_config

CONFIG = flags.DEFINE_string("config", "config.ini", "Whose catalogue and features.")
SET = flags.DEFINE_multi_string("set", [], "section.key=value.")
TRAINING = flags.DEFINE_float(
    "training_seconds", None, "Of 20 epochs, to compare with."
)


def timed(label: str, size: int, work) -> None:
    """Prints seconds, MB/s and, where it is known, the share of a training."""
    begun = time.perf_counter()
    work()
    seconds = time.perf_counter() - begun
    share = f", {seconds / TRAINING.value:.1%} of a training" if TRAINING.value else ""
    print(f"{label}: {seconds:.2f} s, {size / 2**20 / seconds:,.0f} MB/s{share}")


def main(arguments: list[str]) -> None:
    """Times the pictures of the catalogue, then every folder of features."""
    from huse_tf.features import shards
    from huse_tf.features.image_keys import PictureKeys

    config = load_config(CONFIG.value, SET.value)
    catalog = read_catalog(config.data)
    paths = [path for path in catalog.images if path]
    size = sum((Path(catalog.image_root) / path).stat().st_size for path in paths)
    named = np.array(paths, object)
    with tempfile.TemporaryDirectory() as folder:

        def names() -> None:
            PictureKeys(Path(folder), catalog.image_root).of(named, progress=False)

        print(f"{len(paths):,} pictures, {size / 2**20:,.0f} MB")
        timed("hashed", size, names)
        timed("looked at again", size, names)
    for store in sorted(Path(config.features.folder).glob("*-*/")):
        kept = list(store.glob("*.bin"))
        size = sum(path.stat().st_size for path in kept)
        if size:
            check(store, size, shards, config.features.dtype)


def check(store: Path, size: int, shards, dtype: str) -> None:
    """Hashes what one encoder has stored."""
    print(f"{store.name}: {size / 2**20:,.0f} MB of features")

    def hashed() -> None:
        for index in store.glob("*.npz"):
            arrays = np.load(index)
            rows = index.with_suffix(".bin")
            shard = shards.Shard(rows, len(arrays["keys"]), str(arrays["sha256"]))
            if shards.content_trouble(shard, np.dtype(dtype)):
                raise ValueError(f"{rows} is damaged")

    timed("hashed", size, hashed)


if __name__ == "__main__":
    app.run(main)
