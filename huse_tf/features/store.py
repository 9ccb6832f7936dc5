"""Encoded rows on disk, named by content: append-only shards under one encoder.

A shard is two files. NAME.bin holds the raw rows; NAME.npz holds their keys, the keys
that failed with the reasons, and the size, time and SHA-256 of NAME.bin. The .npz
comes last and makes the shard count, so any number of processes may add shards at once
and one that is killed leaves only whole ones. A .bin file whose time is not the
recorded one (a copied folder, a meddling hand) is hashed before it is believed.
"""

import contextlib
import hashlib
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from huse_tf.errors import InputError
from huse_tf.features import files
from huse_tf.features.keys import KEY_BYTES, KeyTable, as_keys

SHARD_ROWS = 4096
SHARD_SECONDS = 30.0
_INDEX = ("keys", "failed", "reasons", "stamp", "sha256")


@dataclass(frozen=True)
class Shard:
    """One complete shard.

    Attributes:
        path: of the raw rows.
        rows: how many there are.
    """

    path: Path
    rows: int


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
            files.remove_stale(self.folder, _is_leftover)
        self.shards: list[Shard] = []
        self._seen: set[str] = set()
        self._rows, self._bad = KeyTable(as_keys(b"")), KeyTable(as_keys(b""))
        self._reasons: list[str] = []
        self.refresh()

    @property
    def row_bytes(self) -> int:
        """Bytes of a stored row."""
        return self.dim * self.dtype.itemsize

    def refresh(self) -> None:
        """Adds the shards that appeared since, other processes' included.

        What is known already is not read again.
        """
        names = {path.stem for path in self.folder.glob("*.npz")}
        keys, failed = [as_keys(b"")], [as_keys(b"")]
        for name in sorted(names - self._seen):
            index = self.folder / f"{name}.npz"
            arrays = _read_index(index, self.row_bytes)
            if arrays is None:
                continue
            self._seen.add(name)
            self.shards.append(Shard(index.with_suffix(".bin"), len(arrays["keys"])))
            keys.append(arrays["keys"])
            failed.append(arrays["failed"])
            self._reasons += map(str, arrays["reasons"])
        self._rows.add(np.concatenate(keys))
        self._bad.add(np.concatenate(failed))

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

    Leaving the context writes what is gathered, also after Ctrl-C.

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

    def add(self, keys: np.ndarray, rows: np.ndarray) -> None:
        """Adds encoded rows.

        Args:
            keys: uint8 [n, 16].
            rows: float [n, dim].

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
        self._keys.append(keys)
        self._rows.append(rows)
        self._gathered += len(rows)
        self._flush_if_due()

    def fail(self, keys: np.ndarray, reason: str) -> None:
        """Records contents that cannot be encoded (uint8 [n, 16])."""
        self._failed += [(key.tobytes(), reason) for key in keys]
        self._flush_if_due()

    def _flush_if_due(self) -> None:
        due = time.monotonic() - self._since >= SHARD_SECONDS
        if due or self._gathered >= SHARD_ROWS:
            self._flush()

    def _clear(self) -> None:
        self._keys: list[np.ndarray] = []
        self._rows: list[np.ndarray] = []
        self._failed: list[tuple[bytes, str]] = []
        self._gathered = 0
        self._since = time.monotonic()

    def _flush(self) -> None:
        keys, rows, failed = self._keys, self._rows, self._failed
        self._clear()
        if not keys and not failed:
            return
        store = self._store
        none = np.empty((0, KEY_BYTES), np.uint8)
        with files.explained(store.folder, self._left * store.row_bytes):
            _write_shard(store.folder, np.concatenate([none, *keys]), rows, failed)
        count = sum(map(len, keys))
        self.written += count
        self._left -= count + len(failed)


def _write_shard(
    folder: Path,
    keys: np.ndarray,
    rows: list[np.ndarray],
    failed: list[tuple[bytes, str]],
) -> None:
    """Writes raw rows, then the index that makes them count."""
    # names ascend with time, so that of two copies of a row every reader takes one
    name = f"{time.time_ns():016x}-{secrets.token_hex(4)}"
    hashed = hashlib.sha256()

    def write_rows(file) -> None:
        for part in rows:
            content = np.ascontiguousarray(part).data
            hashed.update(content)
            file.write(content)

    stat = files.write_whole(folder / f"{name}.bin", write_rows)
    arrays = {
        "keys": keys,
        "failed": as_keys(b"".join(key for key, _ in failed)),
        "reasons": np.array([reason for _, reason in failed], np.str_),
        "stamp": np.array([stat.st_size, stat.st_mtime_ns], np.int64),
        "sha256": np.array(hashed.hexdigest()),
    }
    files.write_whole(folder / f"{name}.npz", lambda file: np.savez(file, **arrays))


def _read_index(index: Path, row_bytes: int) -> dict[str, np.ndarray] | None:
    """Reads a shard's index and checks its rows; sets a damaged one aside."""
    try:
        arrays = files.read_arrays(index, _INDEX)
    except FileNotFoundError:
        return None  # another process has just set it aside
    path = index.with_suffix(".bin")
    trouble = "unreadable index"
    if arrays is not None:
        trouble = _trouble(path, arrays, row_bytes)
    if trouble:
        print(f"{path}: damaged ({trouble}); its rows are encoded again")
        files.set_aside(index)
        return None
    return arrays


def _trouble(path: Path, arrays: dict[str, np.ndarray], row_bytes: int) -> str:
    """Says what is wrong with a shard's rows, or nothing."""
    expected = len(arrays["keys"]) * row_bytes
    recorded = int(arrays["stamp"][1])
    try:
        stat = path.stat()
    except FileNotFoundError:
        return "the rows are missing"
    if stat.st_size != expected:
        return f"expected {expected:,} bytes, found {stat.st_size:,}"
    if stat.st_mtime_ns == recorded:
        return ""
    with open(path, "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != str(arrays["sha256"]):
            return "its SHA-256 is not the recorded one"
    # checked: the next start need not hash it again, where the time may be set
    with contextlib.suppress(OSError):
        os.utime(path, ns=(recorded, recorded))
    return ""


def _is_leftover(path: Path) -> bool:
    rows_alone = path.suffix == ".bin" and not path.with_suffix(".npz").exists()
    return path.name.endswith(files.PARTIAL) or rows_alone
