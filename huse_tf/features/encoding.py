"""One encoder and its store: what is not there yet is encoded, and nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from huse_tf.encoders.base import ImageEncoder, TextEncoder, identity_of
from huse_tf.encoders.images.unreadable import can_be_decoded_now
from huse_tf.errors import InputError, Interrupted
from huse_tf.features.keys import sortable
from huse_tf.features.reading import Features
from huse_tf.features.store import FeatureStore, ShardWriter
from huse_tf.progress import Progress

if TYPE_CHECKING:
    from huse_tf.config import FeaturesConfig

ROUNDS = 5  # of encoding what is absent
VANISHED = "cannot be read: changed or removed while encoding"


class Encoding:
    """An encoder and the store of its features: opened once, asked many times.

    Args:
        kind: image or text.
        encoder: frozen.
        config: the [features] section.
        progress: whether to print a line and a bar each time.

    Raises:
        InputError: the folder cannot be written.
    """

    def __init__(
        self,
        kind: str,
        encoder: ImageEncoder | TextEncoder,
        config: FeaturesConfig,
        progress: bool,
    ) -> None:
        """Opens the store, making it where there is none."""
        identity = {"encoder": identity_of(encoder), "compute": encoder.compute_dtype}
        self._store = FeatureStore(
            config.folder, kind, identity, encoder.dim, config.dtype
        )
        self._kind = kind
        self._encoder = encoder
        self._call: Callable | None = None
        self._progress = progress
        self._verify, self._batch_size = config.verify, config.batch_size

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

        Raises:
            InputError: the disk is full, memory ran out, or the features are not
                finite.
            Interrupted: Ctrl-C came; what was encoded is on disk.
        """
        store, encoded, outdated = self._store, 0, set()
        tried, self._given = np.zeros((2, len(keys)), bool)
        for _ in range(ROUNDS):
            store.refresh()
            while self._verify and not store.verify(keys, self._progress):
                continue
            locations, bad = store.locate(keys)
            if not tried.any():
                outdated = {
                    r for r, reason in bad.items() if can_be_decoded_now(reason)
                }
            absent = todo & (locations < 0)
            absent[[r for r in bad if tried[r] or r not in outdated]] = False
            rows = np.flatnonzero(absent)
            _, first = np.unique(sortable(keys[rows]), return_index=True)
            rows = rows[np.sort(first)]
            # what an earlier round did not give cannot be read; what it gave and is
            # absent was removed since, and is encoded again
            rows = rows[~tried[rows] | self._given[rows]]
            if self._progress and not tried.any():
                print(
                    f"{self._kind} features: {len(keys):,} rows, {len(rows):,} to "
                    f"encode, in {store.folder}"
                )
            if len(rows):
                tried |= absent
                encoded += self._encode(keys, rows, batches(rows), why)
                continue
            bad |= {row: why(row) for row in outdated & bad.keys()}
            locations[~todo] = -1
            lost = np.flatnonzero(todo & (locations < 0))
            named = dict.fromkeys(lost.tolist(), VANISHED) | bad | failed
            with contextlib.suppress(FileNotFoundError):  # set aside by another process
                return Features(
                    [*store.shards], locations, store.dim, store.dtype, named, encoded
                )
        raise InputError(
            f"features.folder {store.folder}: what is encoded vanishes again and "
            "again; stop the program that removes files there, or name another folder"
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
        if self._call is None:
            self._call = tf.function(
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
                    self._given[row] = True
                    encoded = self._call(prepared).numpy()[valid]
                    bad = [(keys[i].tobytes(), why(i)) for i in row[~valid]]
                    writer.add(keys[row[valid]], encoded, bad)
                    bar.update(len(row))
        except tf.errors.ResourceExhaustedError as error:
            raise InputError(
                f"memory ran out with {writer.written:,} of {len(rows):,} "
                f"{self._kind}s encoded and kept; lower features.batch_size (now "
                f"{self._batch_size}), and the same command goes on"
            ) from error
        except KeyboardInterrupt as stop:
            raise Interrupted(
                f"stopped with {writer.written:,} of {len(rows):,} {self._kind}s "
                "encoded and kept; the same command goes on"
            ) from stop
        return writer.written
