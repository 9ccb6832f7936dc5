"""Names pictures by content, reading a file again only when its size or time changed.

Copying a folder changes times but no content, so contents decide. The names are kept in
`features.folder`/image-keys-DIGEST.npz, one file per images folder, under a stamp of
path, size and time; a later start asks the file system for those and reads nothing.
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from huse_tf.features import files
from huse_tf.features.keys import KEY_BYTES, KeyTable, as_keys, digest
from huse_tf.progress import Progress

CHUNK = 512
THREADS = 8
# a file this fresh may change again within one tick of the file system's clock
SETTLED_NS = 2_000_000_000
_ARRAYS = ("stamps", "keys")


def image_keys(
    folder: Path, root: Path, paths: np.ndarray, progress: bool
) -> tuple[np.ndarray, dict[int, str]]:
    """Names pictures by the digest of their files' contents.

    Args:
        folder: config's features.folder, where the names are kept.
        root: the images' folder.
        paths: object [N], relative to `root`; "" where there is no picture.
        progress: whether to show a bar while files are read.

    Returns:
        keys: uint8 [N, 16], zeros where there is no file, or it cannot be read.
        unreadable: reasons by position.

    Raises:
        InputError: `folder` cannot be written.
    """
    cache = folder / f"image-keys-{digest(os.fsencode(root.resolve())).hex()[:16]}.npz"
    known = _read_cache(cache)
    stamps = np.zeros((len(paths), KEY_BYTES), np.uint8)
    settled = np.zeros(len(paths), bool)
    keys = np.zeros((len(paths), KEY_BYTES), np.uint8)
    unreadable: dict[int, str] = {}
    newest = time.time_ns() - SETTLED_NS

    def look(rows: range) -> None:
        for row in rows:
            if not paths[row]:
                continue
            try:
                stat = os.stat(os.path.join(root, paths[row]))
            except OSError as error:
                unreadable[row] = _reason(error)
                continue
            stamp = f"{stat.st_size} {stat.st_mtime_ns} {paths[row]}"
            stamps[row] = np.frombuffer(digest(os.fsencode(stamp)), np.uint8)
            settled[row] = stat.st_mtime_ns < newest

    def read(rows: np.ndarray) -> int:
        for row in rows.tolist():
            try:
                with open(os.path.join(root, paths[row]), "rb") as file:
                    keys[row] = np.frombuffer(digest(file.read()), np.uint8)
            except OSError as error:
                unreadable[row] = _reason(error)
        return len(rows)

    with ThreadPoolExecutor(THREADS) as threads:
        for _ in threads.map(look, _ranges(len(paths))):
            pass
        place = KeyTable(known["stamps"]).find(stamps)
        found = place >= 0
        keys[found] = known["keys"][place[found]]
        found[list(unreadable)] = True
        found[paths == ""] = True
        new = np.flatnonzero(~found)
        parts = (new[part.start : part.stop] for part in _ranges(len(new)))
        with Progress(len(new), "Reading pictures", quiet=not progress) as bar:
            for count in threads.map(read, parts):
                bar.update(count)
    worth = [row for row in new.tolist() if settled[row] and row not in unreadable]
    if worth:
        _add_to_cache(cache, stamps[worth], keys[worth])
    return keys, unreadable


def _reason(error: OSError) -> str:
    return f"cannot be read: {error.strerror}"


def _ranges(n: int) -> Iterator[range]:
    for first in range(0, n, CHUNK):
        yield range(first, min(first + CHUNK, n))


def _read_cache(cache: Path) -> dict[str, np.ndarray]:
    """Reads the names kept by earlier runs; none where the file is damaged."""
    none = {name: as_keys(b"") for name in _ARRAYS}
    try:
        known = files.read_arrays(cache, _ARRAYS)
    except FileNotFoundError:
        return none
    if known is None:
        print(f"{cache}: damaged; the pictures are read again")
        files.set_aside(cache)
        return none
    return known


def _add_to_cache(cache: Path, stamps: np.ndarray, keys: np.ndarray) -> None:
    """Adds to what is kept now, which other processes may have added to.

    Two that write at the same moment may lose one's additions: these pictures are
    read once more, nothing else.
    """
    known = _read_cache(cache)
    fresh = KeyTable(known["stamps"]).find(stamps) < 0
    arrays = {
        "stamps": np.concatenate([known["stamps"], stamps[fresh]]),
        "keys": np.concatenate([known["keys"], keys[fresh]]),
    }
    with files.explained(cache.parent, sum(a.nbytes for a in arrays.values())):
        cache.parent.mkdir(parents=True, exist_ok=True)
        files.remove_stale(cache.parent, lambda path: path.name.endswith(files.PARTIAL))
        files.write_whole(cache, lambda file: np.savez(file, **arrays))
