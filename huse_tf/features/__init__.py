"""Encoders run once: features kept on disk by content, read from there or into RAM."""

from huse_tf.features.encode import encode_images, encode_texts
from huse_tf.features.reading import Features

__all__ = ["Features", "encode_images", "encode_texts"]
