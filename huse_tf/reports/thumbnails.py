"""Small pictures of products, for data URIs, sprites and grids."""

import base64
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from huse_tf.encoders.images.decode import decode_batch
from huse_tf.encoders.images.reencode import reencoded
from huse_tf.reports.html import Html, image

SIDE = 128  # pixels
CHUNK = 128  # files in memory at a time


def pixels(paths: Sequence[str], side: int) -> np.ndarray:
    """Decodes picture files to squares, padded with white.

    Args:
        paths: [n] files; one that is missing or cannot be decoded comes back white.
        side: in pixels.

    Returns:
        uint8 [n, side, side, 3].
    """
    parts = [
        decode_batch(tf.constant([_contents(p) for p in paths[i : i + CHUNK]]), side)
        for i in range(0, len(paths), CHUNK)
    ]
    if not parts:
        return np.empty([0, side, side, 3], np.uint8)
    return np.concatenate([part[0].numpy() for part in parts])


class Thumbnails:
    """JPEG thumbnails of picture files, each made once."""

    def __init__(self, paths: Sequence[str]):
        """Decodes the files that a page shows, all at once.

        Args:
            paths: of the pictures; repeated ones are decoded once.
        """
        unique = sorted(set(paths))
        self._uris = {
            path: _data_uri(square)
            for path, square in zip(unique, pixels(unique, SIDE), strict=True)
        }

    def __call__(self, path: str, what: str) -> Html:
        """Returns the picture as an element with its alternative text."""
        return image(self._uris[path], what)


def _data_uri(square: np.ndarray) -> str:
    encoded = tf.io.encode_jpeg(square, quality=82).numpy()
    return "data:image/jpeg;base64," + base64.b64encode(encoded).decode("ascii")


def _contents(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return reencoded(file.read())
    except OSError:
        return b""  # the picture has gone since: it is shown white
