"""Encoded rows on disk, named by content: append-only shards under one encoder."""

import hashlib
import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from huse_tf.errors import InputError
from huse_tf.features import files, shards
from huse_tf.features.keys import KEY_BYTES, KeyTable, as_keys
from huse_tf.features.shards import Shard
from huse_tf.progress import Progress

SHARD_ROWS = 4096
SHARD_SECONDS = 30.0


class FeatureStore:
    """The shards of one encoder in `folder`/KIND-DIGEST, as of the last `refresh`.

    Args:
        folder: config's features.folder.
        kind: image or text.
        identity: JSON values that change whenever the features would.
        dim: length of a row.
        dtype: float32 or float16, as stored.

    Raises:
        InputError: the folder cannot be written.
    """

    def __init__(
        self, folder: Path, kind: str, identity: object, dim: int, dtype: str
    ) -> None:
        """Lists the complete shards, making the folder where there is none."""
        about = json.dumps({"identity": identity, "dtype": dtype}, sort_keys=True)
        name = hashlib.sha256(about.encode()).hexdigest()[:16]
        self.folder = Path(folder) / f"{kind}-{name}"
        self.dim = dim
        self.dtype = np.dtype(dtype)
        with files.explained(self.folder, len(about)):
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (self.folder / "identity.json").exists():
                files.write_whole(
                    self.folder / "identity.json",
                    lambda file: file.write(about.encode()),
                )
            files.remove_left(self.folder, _is_leftover)
        self._verified: set[Path] = set()
        self._damaged: set[str] = set()  # may stay where the folder is read-only
        self._forget()
        self.refresh()

    @property
    def row_bytes(self) -> int:
        """Bytes of a stored row."""
        return self.dim * self.dtype.itemsize

    def refresh(self) -> None:
        """Adds the shards that appeared since, other processes' included.

        What is known already is not read again, unless a shard has gone.
        """
        if not all(shard.path.exists() for shard in self.shards):
            self._forget()
        names = {path.stem for path in self.folder.glob("*.npz")} - self._damaged
        keys, failed = [as_keys(b"")], [as_keys(b"")]
        for name in sorted(names - self._seen):
            found = shards.read(self.folder / f"{name}.npz", self.row_bytes)
            if found is None:
                continue
            shard, arrays = found
            self._seen.add(name)
            self.shards.append(shard)
            keys.append(arrays["keys"])
            failed.append(arrays["failed"])
            self._reasons += map(str, arrays["reasons"])
        self._rows.add(np.concatenate(keys))
        self._bad.add(np.concatenate(failed))

    def verify(self, keys: np.ndarray, progress: bool) -> bool:
        """Hashes the stored rows of these keys, and looks whether they are finite.

        A damaged shard is named and set aside: its rows are absent then.

        Args:
            keys: uint8 [N, 16].
            progress: whether to show a bar.

        Returns:
            Whether all were as they were written. A shard is looked at once.
        """
        locations, _ = self.locate(keys)
        starts = np.cumsum([0] + [shard.rows for shard in self.shards])
        used = np.unique(np.searchsorted(starts, locations[locations >= 0], "right"))
        todo = [self.shards[place - 1] for place in used]
        todo = [shard for shard in todo if shard.path not in self._verified]
        damaged = set()
        total = sum(shard.rows for shard in todo)
        with Progress(total, "Checking features", "rows", not progress) as bar:
            for shard in todo:
                trouble = shards.content_trouble(shard, self.dtype)
                if trouble:
                    shards.set_aside(shard.path, trouble)
                    damaged.add(shard.path.stem)
                self._verified.add(shard.path)
                bar.update(shard.rows)
        if damaged:
            self._damaged |= damaged
            self._forget()
            self.refresh()
        return not damaged

    def _forget(self) -> None:
        self.shards: list[Shard] = []
        self._seen: set[str] = set()
        self._rows, self._bad = KeyTable(as_keys(b"")), KeyTable(as_keys(b""))
        self._reasons: list[str] = []

    def locate(self, keys: np.ndarray) -> tuple[np.ndarray, dict[int, str]]:
        """Finds rows by their keys.

        Args:
            keys: uint8 [N, 16].

        Returns:
            locations: int64 [N], row numbers with all shards laid end to end, -1
                where there is none.
            failed: reasons by position in `keys`, of contents known not to encode.
        """
        locations = self._rows.find(keys)
        absent = np.flatnonzero(locations < 0)
        bad = self._bad.find(keys[absent])
        failed = {
            int(position): self._reasons[where]
            for position, where in zip(absent, bad, strict=True)
            if where >= 0
        }
        return locations, failed


class ShardWriter:
    """Gathers rows and writes a shard every few thousand rows or half a minute.

    Leaving the context writes what is gathered, also after Ctrl-C. Shards hold whole
    batches: how a row is rounded depends on its batch, and after a kill the same
    command makes the batches that the killed one would have made.

    Args:
        store: where to.
        rows: how many are to come, for the message of a full disk.
    """

    def __init__(self, store: FeatureStore, rows: int) -> None:
        """Checks that the rows to come fit on the disk.

        Raises:
            InputError: they do not.
        """
        self._store = store
        self._left = rows
        self.written = 0
        files.check_space(store.folder, rows * (store.row_bytes + KEY_BYTES))
        self._clear()

    def __enter__(self) -> "ShardWriter":
        """Starts the clock of the first shard."""
        self._clear()
        return self

    def __exit__(self, *exception: object) -> None:
        """Writes what is gathered."""
        self._flush()

    def add(
        self,
        keys: np.ndarray,
        rows: np.ndarray,
        failed: Sequence[tuple[bytes, str]] = (),
    ) -> None:
        """Adds a batch.

        Args:
            keys: uint8 [n, 16].
            rows: float [n, dim], encoded.
            failed: keys and reasons of contents of the batch that cannot be encoded.

        Raises:
            InputError: a value is not finite in the store's dtype.
        """
        with np.errstate(over="ignore"):
            rows = rows.astype(self._store.dtype)
        if not np.isfinite(rows).all():
            raise InputError(
                f"features: the encoder of {self._store.folder.name} gave values that "
                f"are not finite as {self._store.dtype}, expected finite ones; "
                "set features.dtype = float32, or check the encoder's weights"
            )
        self._batches.append((keys, rows, failed))  # at once: Ctrl-C may come here
        self._gathered += len(rows)
        due = time.monotonic() - self._since >= SHARD_SECONDS
        if due or self._gathered >= SHARD_ROWS:
            self._flush()

    def _clear(self) -> None:
        self._batches: list[tuple] = []
        self._gathered = 0
        self._since = time.monotonic()

    def _flush(self) -> None:
        batches, store = self._batches, self._store
        self._clear()
        if not batches:
            return
        keys, rows, failed = zip(*batches, strict=True)
        keys, failed = np.concatenate(keys), [*itertools.chain(*failed)]
        with files.explained(store.folder, self._left * store.row_bytes):
            shards.write(store.folder, keys, rows, failed)
        self.written += len(keys)
        self._left -= len(keys) + len(failed)


def _is_leftover(path: Path) -> bool:
    rows_alone = path.suffix == ".bin" and not path.with_suffix(".npz").exists()
    return path.name.endswith(files.PARTIAL) or rows_alone
