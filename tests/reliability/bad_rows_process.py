"""Reads a catalogue, encodes it and says what became of its rows and of memory.

`python bad_rows_process.py FOLDER FEATURES` prints JSON; rejected.csv and features.npy
(corners' colours, float32 [N, 12] in [0, 255]) are written to FEATURES.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from huse_tf.catalog import read_catalog
from huse_tf.config import Config, DataConfig, FeaturesConfig
from huse_tf.encoders.base import ImageEncoder
from huse_tf.encoders.images.decode import decode_batch
from huse_tf.encoders.texts.tfidf import TfidfEncoder
from huse_tf.run.material import make_pipeline
from huse_tf.run.pipelines import NOT_TRAINING, features_in_ram


class Corners(ImageEncoder):
    """Features are the mean colours of the four quarters of a picture."""

    size, dim, identity = 16, 12, {"name": "corners"}

    def prepare(self, image_bytes):
        return decode_batch(image_bytes, self.size)

    def call(self, pixels, training=False):
        means = tf.nn.avg_pool2d(tf.cast(pixels, tf.float32), 8, 8, "VALID")
        return tf.reshape(means, [-1, self.dim])


def peak_megabytes():
    """Returns the most memory that was resident so far (VmHWM)."""
    status = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def main():
    folder, features = map(Path, sys.argv[1:])
    decode_batch(tf.constant([b""]), Corners.size)
    before = peak_megabytes()
    config = Config(
        data=DataConfig(csv=folder / "catalog.csv", images=folder / "images"),
        features=FeaturesConfig(folder=features),
    )
    catalog = read_catalog(config.data)
    text_encoder = TfidfEncoder(20)
    text_encoder.adapt(catalog.texts)
    catalog, pipeline = make_pipeline(
        config, catalog, Corners(), text_encoder, features_in_ram
    )
    catalog.write_rejected(features / "rejected.csv")
    rows = tf.range(len(catalog), dtype=tf.int64)
    image = pipeline.image(rows, tf.constant(NOT_TRAINING, tf.int64))
    np.save(features / "features.npy", image.numpy())
    answer = {
        "images": catalog.images.tolist(),
        "texts": catalog.texts.tolist(),
        "fingerprint": catalog.fingerprint,
        "summary": catalog.summary(),
        "megabytes": peak_megabytes() - before,
    }
    (features / "answer.json").write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
