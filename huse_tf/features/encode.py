"""Runs an encoder over what the store does not hold yet, and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from huse_tf.encoders.base import ImageEncoder, TextEncoder, identity_of
from huse_tf.encoders.images.unreadable import why_file_undecodable
from huse_tf.errors import InputError, Interrupted
from huse_tf.features.image_keys import image_keys
from huse_tf.features.keys import sortable, text_keys
from huse_tf.features.reading import Features
from huse_tf.features.store import FeatureStore, ShardWriter
from huse_tf.progress import Progress

if TYPE_CHECKING:
    from huse_tf.catalog import Catalog
    from huse_tf.config import FeaturesConfig

READERS = 16
VANISHED = "cannot be read: changed or removed while encoding"

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
        The share's rows, in the catalogue's order, zeros where there is no picture.
        `failed` names the pictures that cannot be decoded, which is remembered, or
        read, which is tried again.

    Raises:
        InputError: the folder cannot be written, the disk is full, or the features
            are not finite.
        Interrupted: Ctrl-C came; what was encoded is kept.
    """
    share = _share(len(catalog), part)
    paths = catalog.images[share]
    keys, unreadable = image_keys(config.folder, catalog.image_root, paths, progress)

    def file_of(row: int) -> str:
        return os.path.join(catalog.image_root, paths[row])

    def batches(rows: np.ndarray) -> tf.data.Dataset:
        def files_of(chunk: np.ndarray) -> list[str]:
            return [file_of(row) for row in chunk]

        def prepare(position: tf.Tensor, content: tf.Tensor) -> tuple:
            pixels, valid = encoder.prepare(content)
            size = encoder.size
            return position, tf.ensure_shape(pixels, [None, size, size, 3]), valid

        return (
            _in_chunks(rows, files_of, config.batch_size)
            .unbatch()
            .map(lambda i, path: (i, tf.io.read_file(path)), READERS)
            # a file that vanished is missing from the result, and reported by that
            .ignore_errors(log_warning=False)
            .batch(config.batch_size)
            .map(prepare, tf.data.AUTOTUNE)
            .prefetch(2)
        )

    todo = paths != ""
    todo[list(unreadable)] = False
    run = _Run("image", encoder, config, progress)

    def why(row: int) -> str:
        return why_file_undecodable(file_of(row))

    return run.features(keys, todo, batches, unreadable, why)


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
        The share's rows, in the order of `texts`, zeros where there is none.

    Raises:
        InputError: the folder cannot be written, the disk is full, or the features
            are not finite.
        Interrupted: Ctrl-C came; what was encoded is kept.
    """
    texts = np.asarray(texts, object)[_share(len(texts), part)]

    def batches(rows: np.ndarray) -> tf.data.Dataset:
        # texts of one length together are padded least; the longest first, so that
        # memory runs out at once or never
        lengths = np.array([len(texts[row]) for row in rows])
        ordered = rows[np.argsort(-lengths, kind="stable")]

        def prepare(position: tf.Tensor, text: tf.Tensor) -> tuple:
            prepared = encoder.prepare(text)
            return position, prepared, tf.ones_like(position, tf.bool)

        return (
            _in_chunks(ordered, lambda chunk: texts[chunk].tolist(), config.batch_size)
            .map(prepare, tf.data.AUTOTUNE)
            .prefetch(2)
        )

    run = _Run("text", encoder, config, progress)
    return run.features(text_keys(texts), texts != "", batches, {})


def read_part(text: str) -> Part:
    """Reads K/N, as the command line writes a part.

    Raises:
        InputError: it is something else.
    """
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None:
        raise InputError(f"`part`: expected K/N such as 3/10, received {text!r}")
    return int(match[1]), int(match[2])


def _share(n: int, part: Part) -> slice:
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


class _Run:
    """One encoder over one list of keys."""

    def __init__(
        self,
        kind: str,
        encoder: keras.layers.Layer,
        config: FeaturesConfig,
        progress: bool,
    ) -> None:
        identity = {"encoder": identity_of(encoder), "compute": encoder.compute_dtype}
        self._store = FeatureStore(
            config.folder, kind, identity, encoder.dim, config.dtype
        )
        self._kind = kind
        self._encoder = encoder
        self._progress = progress

    def features(
        self,
        keys: np.ndarray,
        todo: np.ndarray,
        batches: Callable[[np.ndarray], tf.data.Dataset],
        failed: dict[int, str],
        why: Callable[[int], str] | None = None,
    ) -> Features:
        """Encodes the rows of `todo` that are absent, then finds all of them.

        Args:
            keys: uint8 [N, 16].
            todo: bool [N], rows that are there and can be encoded.
            batches: rows -> dataset of (rows [b], prepared, valid [b]).
            failed: reasons by row, of those that cannot.
            why: names what is wrong with a row that comes out not valid.
        """
        store = self._store
        locations, bad = store.locate(keys)
        absent = todo & (locations < 0)
        absent[list(bad)] = False
        rows = np.flatnonzero(absent)
        _, first = np.unique(sortable(keys[rows]), return_index=True)
        rows = rows[np.sort(first)]
        if self._progress:
            print(
                f"{self._kind} features: {len(keys):,} rows, {len(rows):,} to encode, "
                f"in {store.folder}"
            )
        encoded = self._encode(keys, rows, batches(rows), why) if len(rows) else 0
        if len(rows):
            store.refresh()
            locations, bad = store.locate(keys)
        locations[~todo] = -1
        lost = np.flatnonzero(todo & (locations < 0))
        failed = dict.fromkeys(lost.tolist(), VANISHED) | bad | failed
        return Features(
            store.shards, locations, store.dim, store.dtype, failed, encoded
        )

    def _encode(
        self,
        keys: np.ndarray,
        rows: np.ndarray,
        dataset: tf.data.Dataset,
        why: Callable[[int], str] | None,
    ) -> int:
        """Encodes and writes; returns how many rows were written.

        Raises:
            Interrupted: Ctrl-C came; what was encoded is on disk.
        """
        _, prepared_spec, _ = dataset.element_spec
        call = tf.function(
            lambda prepared: self._encoder(prepared, training=False),
            input_signature=[prepared_spec],
        )
        writer = ShardWriter(self._store, len(rows))
        label = f"Encoding {self._kind}s"
        bar = Progress(len(rows), label, f"{self._kind}s", not self._progress)
        try:
            with writer, bar:
                for row, prepared, valid in dataset:
                    row, valid = row.numpy(), valid.numpy()
                    writer.add(keys[row[valid]], call(prepared).numpy()[valid])
                    for bad in row[~valid]:
                        writer.fail(keys[[bad]], why(bad))
                    bar.update(len(row))
        except KeyboardInterrupt as stop:
            raise Interrupted(
                f"stopped with {writer.written:,} of {len(rows):,} {self._kind}s "
                "encoded and kept; the same command goes on"
            ) from stop
        return writer.written
