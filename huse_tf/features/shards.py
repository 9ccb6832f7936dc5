"""A shard of encoded rows: two files, of which the second makes it count.

NAME.bin holds the raw rows; NAME.npz holds their keys, the keys that failed with the
reasons, and the size, time and SHA-256 of NAME.bin. The .npz comes last, so any number
of processes, on machines that share the folder too, may add shards at once, and one
that is killed leaves only whole ones. A writer has the rows locked until they count. A
.bin file whose time is not the recorded one (a copied folder, a meddling hand) is
hashed before it is believed, and by `FeatureStore.verify` each that is used.
"""

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from huse_tf.errors import InputError
from huse_tf.features import files
from huse_tf.features.keys import as_keys

FORMAT = 1  # goes up with what a version before could not read
READ_BYTES = 2**22
NOT_RECORDED = "its SHA-256 is not the recorded one"
_INDEX = ("keys", "failed", "reasons", "stamp", "sha256")


@dataclass(frozen=True)
class Shard:
    """One complete shard.

    Attributes:
        path: of the raw rows.
        rows: how many there are.
        sha256: of them, hex.
    """

    path: Path
    rows: int
    sha256: str


def write(
    folder: Path,
    keys: np.ndarray,
    rows: Sequence[np.ndarray],
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

    with files.whole(folder / f"{name}.bin", write_rows) as stat:
        arrays = {
            "format": np.array(FORMAT),
            "keys": keys,
            "failed": as_keys(b"".join(key for key, _ in failed)),
            "reasons": np.array([reason for _, reason in failed], np.str_),
            "stamp": np.array([stat.st_size, stat.st_mtime_ns], np.int64),
            "sha256": np.array(hashed.hexdigest()),
        }
        files.write_whole(folder / f"{name}.npz", lambda file: np.savez(file, **arrays))


def read(index: Path, row_bytes: int) -> tuple[Shard, dict[str, np.ndarray]] | None:
    """Reads a shard's index and looks at its rows' size and time.

    Args:
        index: the .npz.
        row_bytes: of a stored row.

    Returns:
        The shard, and "keys" uint8 [n, 16], "failed" uint8 [m, 16] and "reasons" str
        [m]; None of a damaged one, which is set aside.

    Raises:
        InputError: a newer version wrote it; it stays as it is.
    """
    try:
        arrays = files.read_arrays(index)
    except FileNotFoundError:
        return None  # another process has just set it aside
    path = index.with_suffix(".bin")
    trouble = "unreadable index"
    if arrays is not None:
        _check_format(index, arrays)
        if all(name in arrays for name in _INDEX):
            trouble = _trouble(path, arrays, row_bytes)
    if trouble:
        set_aside(path, trouble)
        return None
    return Shard(path, len(arrays["keys"]), str(arrays["sha256"])), arrays


def set_aside(path: Path, trouble: str) -> None:
    """Says what is wrong with a shard's rows, and makes it count no more."""
    print(f"{path}: damaged ({trouble}); its rows are encoded again")
    files.set_aside(path.with_suffix(".npz"))


def content_trouble(shard: Shard, dtype: np.dtype) -> str:
    """Says what is wrong with what a shard's rows hold, or nothing."""
    hashed, finite = hashlib.sha256(), True
    try:
        with open(shard.path, "rb") as file:
            while part := file.read(READ_BYTES):
                hashed.update(part)
                if len(part) % dtype.itemsize == 0:  # else the hash is another too
                    finite &= bool(np.isfinite(np.frombuffer(part, dtype)).all())
    except FileNotFoundError:
        return "the rows are missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if hashed.hexdigest() != shard.sha256:
        return NOT_RECORDED
    return "" if finite else "values that are not finite"


def _check_format(index: Path, arrays: dict[str, np.ndarray]) -> None:
    written = arrays.get("format", FORMAT)  # early versions wrote none
    if not np.array_equal(written, FORMAT):
        raise InputError(
            f"{index} is of format {written}, expected {FORMAT}: a newer version of "
            "huse_tf wrote it; go on with that version, or name another features.folder"
        )


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
            return NOT_RECORDED
    # checked: the next start need not hash it again, where the time may be set
    with contextlib.suppress(OSError):
        os.utime(path, ns=(recorded, recorded))
    return ""
