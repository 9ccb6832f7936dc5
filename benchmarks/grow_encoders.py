"""Encoders that cost next to nothing: what grow.py measures is everything else."""

import numpy as np
import tensorflow as tf

from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.encoders.images.decode import decode_batch

WORDS = 4096  # rows of the table that words are hashed to


def table(rows: int, dim: int) -> tf.Tensor:
    """Returns float32 [rows, dim], the same each time."""
    draw = np.random.default_rng(rows)
    return tf.constant(draw.normal(size=(rows, dim)) / dim**0.5, tf.float32)


class Pictures(ImageEncoder):
    """A picture's pixels times a random matrix: float32 [B, 1024]."""

    dim, identity = 1024, {"version": 1}

    def __init__(self, size: int):
        """Takes the side of the square that pictures are resized to."""
        super().__init__()
        self.size = size
        self._matrix = table(3 * size * size, self.dim)

    def prepare(self, image_bytes):
        """Decodes as the other encoders do."""
        return decode_batch(image_bytes, self.size)

    def call(self, pixels, training=False):
        """Multiplies."""
        flat = tf.reshape(tf.cast(pixels, tf.float32) / 255, [tf.shape(pixels)[0], -1])
        return tf.tanh(flat @ self._matrix)


class Words(TextEncoder):
    """The mean of random vectors, one a word: float32 [B, 384]."""

    dim, identity = 384, {"version": 1}

    def __init__(self, *arguments):
        """Takes what the config offers, and needs none of it."""
        super().__init__()
        self._table = table(WORDS, self.dim)

    def prepare(self, texts):
        """Hashes the words; 0 fills up."""
        words = tf.strings.split(tf.strings.lower(texts))
        hashed = tf.strings.to_hash_bucket_fast(words, WORDS - 1) + 1
        return {"words": hashed.to_tensor()}

    def call(self, prepared, training=False):
        """Looks the vectors up."""
        words = prepared["words"]
        there = tf.cast(words > 0, tf.float32)[..., None]
        rows = tf.gather(self._table, words) * there
        return tf.reduce_sum(rows, 1) / tf.maximum(tf.reduce_sum(there, 1), 1.0)
