"""Speed of the embedded image encoder, decoding included.

    python benchmarks/embedded_image.py [--images FOLDER] [--batch_size 16]

Prints pictures a second at several sizes, also as a share of what decoding the same
files alone reaches in the same run. FOLDER holds the pictures (the example's, if not
given); 256 of them are taken in a seeded order.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from huse_tf.config import ImageEncoderConfig
from huse_tf.encoders.images.embedded_image import WEIGHTS
from huse_tf.encoders.images.factory import make_image_encoder

SIZES = (96, 128, 160, 224)
PICTURES = 256
REPEATS = 3
EXAMPLE = Path(__file__).parents[1] / "data" / "example" / "images"


def read_files(folder: Path) -> list[bytes]:
    """Reads PICTURES files of a folder, again from its start if it has fewer."""
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    order = np.random.default_rng(0).permutation(len(paths))
    return [paths[i].read_bytes() for i in np.resize(order, PICTURES)]


def rates(passes: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Returns pictures a second, the best of REPEATS passes taken in turns."""
    best = dict.fromkeys(passes, np.inf)
    for repeat in range(REPEATS + 1):
        for name, encode in passes.items():
            start = time.perf_counter()
            encode()
            if repeat:  # the first pass traces
                best[name] = min(best[name], time.perf_counter() - start)
    return {name: PICTURES / seconds for name, seconds in best.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, default=EXAMPLE)
    parser.add_argument("--batch_size", type=int, default=16)
    flags = parser.parse_args()
    files = tf.data.Dataset.from_tensor_slices(read_files(flags.images))
    files = files.batch(flags.batch_size).cache()

    passes = {}
    for size in SIZES:
        encoder = make_image_encoder(ImageEncoderConfig(name="embedded", size=size))
        decoded = files.map(encoder.prepare, tf.data.AUTOTUNE).prefetch(2)
        encode = tf.function(encoder)

        def decode_all(decoded=decoded) -> None:
            for _ in decoded:
                pass

        def encode_all(decoded=decoded, encode=encode) -> None:
            for pixels, _ in decoded:
                encode(pixels)

        passes[f"decode {size}"], passes[f"encode {size}"] = decode_all, encode_all

    print(
        f"{WEIGHTS.stat().st_size / 1e6:.2f} MB; {os.cpu_count()} cores, batches of "
        f"{flags.batch_size}"
    )
    measured = rates(passes)
    for size in SIZES:
        rate, limit = measured[f"encode {size}"], measured[f"decode {size}"]
        print(f"{size} pixels: {rate:,.0f} pictures/s, {rate / limit:.2f} of decoding")


if __name__ == "__main__":
    main()
