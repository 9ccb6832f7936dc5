"""Encoded rows for readers: any rows, in any order, from any thread."""

import copy
import os
import weakref
from collections.abc import Iterator

import numpy as np

from huse_tf.errors import InputError
from huse_tf.features.store import Shard

OPEN_FILES = 256
MAX_BUFFERS = 1024
LOAD_ROWS = 8192


class Features:
    """N encoded rows, read where they lie.

    Rows are read with os.preadv straight into the result, so that threads do not
    disturb one another and resident memory does not grow with what was read.

    Attributes:
        shape: (N, D).
        failed: reasons by position; these rows are zeros.
        encoded: how many rows the call that made this encoded anew.

    Args:
        shards: the shards that `locations` counts through, laid end to end.
        locations: int64 [N], -1 where a row failed.
        dim: D.
        dtype: float32 or float16, as stored.
        failed: reasons by position.
        encoded: rows encoded anew.
    """

    def __init__(
        self,
        shards: list[Shard],
        locations: np.ndarray,
        dim: int,
        dtype: np.dtype,
        failed: dict[int, str],
        encoded: int,
    ) -> None:
        """Opens the first files; beyond 256, files are opened for each read."""
        held = [shard for shard in shards if shard.rows]
        self.shape = (len(locations), dim)
        self.failed = failed
        self.encoded = encoded
        self._dtype = np.dtype(dtype)
        self._locations = locations
        self._paths = [shard.path for shard in held]
        self._starts = np.cumsum([0] + [shard.rows for shard in held])
        self._open: list[int] = []
        weakref.finalize(self, _close, self._open)
        for path in self._paths[:OPEN_FILES]:
            self._open.append(os.open(path, os.O_RDONLY))

    def __len__(self) -> int:
        """N."""
        return self.shape[0]

    def gather(self, rows: np.ndarray) -> np.ndarray:
        """Reads rows; safe to call from many threads.

        Args:
            rows: int [n], positions from 0 to N - 1 in any order, repeats allowed.

        Returns:
            float32 [n, D], zeros where a row failed.

        Raises:
            InputError: a file changed or vanished after it was opened.
        """
        locations = self._locations[rows]
        out = np.empty((len(locations), self.shape[1]), self._dtype)
        if out.size:
            out[locations < 0] = 0
            self._read(locations, out)
        return out.astype(np.float32, copy=False)

    def are_alike(self, rows: np.ndarray) -> bool:
        """Says whether two or more rows (int [n]) did not fail and are all equal."""
        rows = np.setdiff1d(rows, list(self.failed))
        found = self.gather(rows)
        return len(rows) > 1 and bool((found == found[0]).all())

    def select(self, rows: np.ndarray) -> "Features":
        """Takes some rows, such as those that did not fail; reads nothing.

        Args:
            rows: int [n], positions from 0 to N - 1 in any order.

        Returns:
            Features of shape (n, D), `failed` by the new positions.
        """
        part = copy.copy(self)
        part._locations = self._locations[rows]
        part.shape = (len(rows), self.shape[1])
        part.failed = {
            i: self.failed[row]
            for i, row in enumerate(rows.tolist())
            if row in self.failed
        }
        part._whole = self  # whose end closes the files
        return part

    def load(self) -> np.ndarray:
        """Reads everything, in the order it lies on disk.

        Returns:
            float32 [N, D].
        """
        out = np.empty(self.shape, np.float32)
        order = np.argsort(self._locations, kind="stable")
        for first in range(0, len(order), LOAD_ROWS):
            rows = order[first : first + LOAD_ROWS]
            out[rows] = self.gather(rows)
        return out

    def chunks(self) -> Iterator[np.ndarray]:
        """Reads everything in order, in pieces: float32 [n, D], n at most 8,192."""
        for first in range(0, len(self), LOAD_ROWS):
            yield self.gather(np.arange(first, min(first + LOAD_ROWS, len(self))))

    def _read(self, locations: np.ndarray, out: np.ndarray) -> None:
        """Reads each run of neighbours on disk with one call.

        Args:
            locations: int64 [n], rows below 0 are left as they are.
            out: stored dtype [n, D], receives the rows.
        """
        width = out.shape[1] * out.itemsize
        target = memoryview(out).cast("B")
        order = np.argsort(locations)
        order = order[np.searchsorted(locations[order], 0) :]
        if len(order) == 0:
            return
        place = locations[order]
        shard = np.searchsorted(self._starts, place, side="right") - 1
        offset = (place - self._starts[shard]) * width
        ends = (np.diff(place) != 1) | (np.diff(shard) != 0)
        first = np.concatenate([[0], np.flatnonzero(ends) + 1])
        last = np.append(first[1:], len(order)).tolist()
        shard, offset = shard[first].tolist(), offset[first].tolist()
        begin = (order * width).tolist()
        for run, (a, b) in enumerate(zip(first.tolist(), last, strict=True)):
            for c in range(a, b, MAX_BUFFERS):
                d = min(c + MAX_BUFFERS, b)
                buffers = [target[at : at + width] for at in begin[c:d]]
                at = offset[run] + (c - a) * width
                self._read_run(shard[run], at, buffers, (d - c) * width)

    def _read_run(
        self, shard: int, offset: int, buffers: list[memoryview], size: int
    ) -> None:
        if shard < len(self._open):
            got = os.preadv(self._open[shard], buffers, offset)
        else:
            got = self._read_unopened(shard, offset, buffers)
        if got != size:
            raise InputError(
                f"{self._paths[shard]}: changed while in use: expected {size:,} bytes "
                f"at {offset:,}, received {got:,}; run again to encode its rows anew"
            )

    def _read_unopened(self, shard: int, offset: int, buffers: list[memoryview]) -> int:
        try:
            file = os.open(self._paths[shard], os.O_RDONLY)
        except FileNotFoundError:
            return 0
        try:
            return os.preadv(file, buffers, offset)
        finally:
            os.close(file)


def _close(open_files: list[int]) -> None:
    for file in open_files:
        os.close(file)
