"""Encoders, a config and a catalogue small enough to compute by hand."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.features.encode import encode_images

OLD = 1_600_000_000


class Squares(ImageEncoder):
    """A picture is `P` and 12 bytes, its pixels; features are the channels' means."""

    size, dim = 2, 3

    def __init__(self, version=1, scale=1.0):
        super().__init__()
        self.identity = {"name": "squares", "version": version}
        self.scale = scale
        self.rows_seen = tf.Variable(0, trainable=False)
        self.traces = 0

    def prepare(self, image_bytes):
        valid = tf.strings.length(image_bytes) == 13
        body = tf.where(
            valid, tf.strings.substr(image_bytes + "?", 1, 12), b"\xff" * 12
        )
        pixels = tf.reshape(tf.io.decode_raw(body, tf.uint8, fixed_length=12), [-1, 12])
        return tf.reshape(pixels, [-1, 2, 2, 3]), valid

    def call(self, pixels, training=False):
        self.traces += 1
        self.rows_seen.assign_add(tf.shape(pixels)[0])
        return tf.reduce_mean(tf.cast(pixels, tf.float32), [1, 2]) * self.scale


class Letters(TextEncoder):
    """Pads each batch to its longest text; features: code points' sum, their number."""

    identity = {"name": "letters"}

    def __init__(self, dim=2):
        super().__init__()
        self.dim = dim
        self.traces = 0

    def prepare(self, texts):
        codes = tf.strings.unicode_decode(texts, "UTF-8")
        tokens = codes.to_tensor()
        mask = tf.sequence_mask(codes.row_lengths(), tf.shape(tokens)[1])
        return {"tokens": tokens, "mask": mask}

    def call(self, prepared, training=False):
        self.traces += 1
        mask = tf.cast(prepared["mask"], tf.float32)
        total = tf.reduce_sum(tf.cast(prepared["tokens"], tf.float32) * mask, 1)
        both = tf.stack([total, tf.reduce_sum(mask, 1)], 1)
        return tf.tile(both, [1, self.dim // 2])


@dataclass
class Settings:
    folder: Path
    dtype: str = "float32"
    batch_size: int = 16
    verify: bool = True


class Pictures:
    """A catalogue, as far as encoding looks at it, over a folder it writes."""

    def __init__(self, root, pixels):
        self.image_root = Path(root)
        self.image_root.mkdir(parents=True, exist_ok=True)
        names = [f"{i}.bin" for i in range(len(pixels))]
        self.images = np.array(names, object)
        for name, values in zip(self.images, pixels, strict=True):
            self.write(name, b"P" + values.tobytes())

    def write(self, name, content, seconds=OLD):
        path = self.image_root / name
        path.write_bytes(content)
        os.utime(path, (seconds, seconds))

    def __len__(self):
        return len(self.images)


def pixels_of(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 12), dtype=np.uint8)


def means(pixels):
    return pixels.reshape(-1, 4, 3).astype(np.float32).mean(1)


def letters(texts):
    return np.array([[sum(map(ord, t)), len(t)] for t in texts], np.float32)


def encode(encoder, pictures, settings, **more):
    return encode_images(encoder, pictures, settings, progress=False, **more)


def shard_files(settings, suffix):
    return sorted(settings.folder.glob(f"*/*{suffix}"))
