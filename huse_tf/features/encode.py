"""A catalogue's pictures and texts to features, in whole or in parts."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import tensorflow as tf

from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.encoders.images.reencode import read_picture
from huse_tf.encoders.images.unreadable import why_file_undecodable
from huse_tf.errors import InputError
from huse_tf.features.encoding import Encoding
from huse_tf.features.image_keys import PictureKeys
from huse_tf.features.keys import sortable, text_keys
from huse_tf.features.reading import Features

if TYPE_CHECKING:
    from huse_tf.catalog import Catalog
    from huse_tf.config import FeaturesConfig

READERS = 16
LOOKED_AT = 1024  # pictures, for whether features differ at all
FEWEST = 16  # of fewer that are alike it may be chance

Part = tuple[int, int]


def encode_images(
    encoder: ImageEncoder,
    catalog: Catalog,
    config: FeaturesConfig,
    progress: bool = True,
    part: Part = (1, 1),
) -> Features:
    """Encodes the pictures of a catalogue that are not in the store yet.

    Args:
        encoder: frozen.
        catalog: rows whose pictures to encode.
        config: the [features] section.
        progress: whether to print a line and a bar.
        part: (k, n) takes the k-th of n equal shares of the rows, k from 1, so that
            n processes can encode a catalogue together.

    Returns:
        The share's rows, as `ImageEncoding.features` returns them.

    Raises:
        InputError, Interrupted: as `ImageEncoding.features`.
    """
    share = share_of(len(catalog), part)
    encoding = ImageEncoding(encoder, catalog.image_root, config, progress)
    return encoding.features(catalog.images[share])


def encode_texts(
    encoder: TextEncoder,
    texts: np.ndarray,
    config: FeaturesConfig,
    progress: bool = True,
    part: Part = (1, 1),
) -> Features:
    """Encodes texts that are not in the store yet, each different one once.

    Args:
        encoder: frozen, adapted or restored.
        texts: object [N]; "" where there is none.
        config: the [features] section.
        progress: whether to print a line and a bar.
        part: (k, n) takes the k-th of n equal shares, k from 1.

    Returns:
        The share's rows, as `TextEncoding.features` returns them.

    Raises:
        InputError, Interrupted: as `TextEncoding.features`.
    """
    texts = np.asarray(texts, object)[share_of(len(texts), part)]
    return TextEncoding(encoder, config, progress).features(texts)


class ImageEncoding:
    """Pictures of one folder to features: encoder, store and names opened once."""

    def __init__(
        self,
        encoder: ImageEncoder,
        root: Path,
        config: FeaturesConfig,
        progress: bool = True,
    ) -> None:
        """Opens all; arguments as of `encode_images`, `root` the pictures' folder.

        Raises:
            InputError: the features' folder cannot be written.
        """
        self._encoding = Encoding("image", encoder, config, progress)
        self._encoder, self._root = encoder, root
        self._batch_size, self._progress = config.batch_size, progress
        self._verify = config.verify
        self._names = PictureKeys(config.folder, root)

    def features(self, paths: np.ndarray) -> Features:
        """Encodes pictures that are not in the store yet.

        Args:
            paths: object [n], relative to the folder; "" where there is none.

        Returns:
            n rows, in the order of `paths`, zeros where there is no picture. `failed`
            names the pictures that cannot be decoded, which is remembered, or read,
            which is tried again.

        Raises:
            InputError: the features' folder cannot be written, the disk is full, or
                the features are not finite, or all the same.
            Interrupted: Ctrl-C came; what was encoded is kept.
        """
        keys, unreadable = self._names.of(paths, self._progress)
        todo = paths != ""
        todo[list(unreadable)] = False

        def file_of(row: int) -> str:
            return os.path.join(self._root, paths[row])

        def why(row: int) -> str:
            return why_file_undecodable(file_of(row))

        def batches(rows: np.ndarray) -> tf.data.Dataset:
            return self._batches(rows, file_of)

        features = self._encoding.features(keys, todo, batches, unreadable, why)
        _, first = np.unique(sortable(keys[todo]), return_index=True)
        rows = np.flatnonzero(todo)[first[:LOOKED_AT]]
        if self._verify and len(rows) >= FEWEST and features.are_alike(rows):
            raise InputError(
                f"image features: those of {len(rows):,} different pictures are all "
                "the same, so nothing can be learned from them; look at the pictures "
                "and at the encoder's weights, or set features.verify = no"
            )
        return features

    def _batches(
        self, rows: np.ndarray, file_of: Callable[[int], str]
    ) -> tf.data.Dataset:
        encoder = self._encoder

        def prepare(position: tf.Tensor, content: tf.Tensor) -> tuple:
            pixels, valid = encoder.prepare(content)
            size = encoder.size
            return position, tf.ensure_shape(pixels, [None, size, size, 3]), valid

        return (
            _in_chunks(rows, lambda chunk: [*map(file_of, chunk)], self._batch_size)
            .unbatch()
            .map(lambda i, path: (i, read_picture(path)), READERS)
            # a file that vanished is missing from the result, and reported by that
            .ignore_errors(log_warning=False)
            .batch(self._batch_size)
            .map(prepare, tf.data.AUTOTUNE)
            .prefetch(2)
        )


class TextEncoding:
    """Texts to features: encoder and store opened once."""

    def __init__(
        self, encoder: TextEncoder, config: FeaturesConfig, progress: bool = True
    ) -> None:
        """Opens the store; arguments as of `encode_texts`.

        Raises:
            InputError: the features' folder cannot be written.
        """
        self._encoding = Encoding("text", encoder, config, progress)
        self._encoder, self._batch_size = encoder, config.batch_size

    def features(self, texts: np.ndarray) -> Features:
        """Encodes texts that are not in the store yet, each different one once.

        Args:
            texts: object [n]; "" where there is none.

        Returns:
            n rows, in the order of `texts`, zeros where there is none.

        Raises:
            InputError: the features' folder cannot be written, the disk is full, or
                the features are not finite.
            Interrupted: Ctrl-C came; what was encoded is kept.
        """

        def prepare(position: tf.Tensor, text: tf.Tensor) -> tuple:
            prepared = self._encoder.prepare(text)
            return position, prepared, tf.ones_like(position, tf.bool)

        def batches(rows: np.ndarray) -> tf.data.Dataset:
            # texts of one length together are padded least; the longest first, so
            # that memory runs out at once or never
            lengths = np.array([len(texts[row]) for row in rows])
            ordered = rows[np.argsort(-lengths, kind="stable")]
            return (
                _in_chunks(ordered, lambda c: texts[c].tolist(), self._batch_size)
                .map(prepare, tf.data.AUTOTUNE)
                .prefetch(2)
            )

        return self._encoding.features(text_keys(texts), texts != "", batches, {})


class Stores(NamedTuple):
    """Both encoders with their stores, open for any number of parts."""

    images: ImageEncoding
    texts: TextEncoding


def read_part(text: str) -> Part:
    """Reads K/N, as the command line writes a part.

    Raises:
        InputError: it is something else.
    """
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None:
        raise InputError(f"`part`: expected K/N such as 3/10, received {text!r}")
    return int(match[1]), int(match[2])


def share_of(n: int, part: Part) -> slice:
    """Returns which of `n` rows make the k-th of `of` equal shares, k from 1.

    Raises:
        InputError: there is no such share.
    """
    k, of = part
    if not 1 <= k <= of:
        raise InputError(
            f"part: expected K/N with 1 <= K <= N, received {k}/{of}; "
            "the first of ten parts is 1/10"
        )
    return slice(n * (k - 1) // of, n * k // of)


def _in_chunks(
    rows: np.ndarray, strings: Callable[[np.ndarray], list[str]], size: int
) -> tf.data.Dataset:
    """Streams (rows int64 [b], strings [b]), without a tensor of all strings."""

    def chunks() -> Iterator[tuple[np.ndarray, list[str]]]:
        for first in range(0, len(rows), size):
            chunk = rows[first : first + size]
            yield chunk, strings(chunk)

    signature = (tf.TensorSpec([None], tf.int64), tf.TensorSpec([None], tf.string))
    return tf.data.Dataset.from_generator(chunks, output_signature=signature)
