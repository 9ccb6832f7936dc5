"""Names pictures by content, reading a file again only where it may have changed.

Copying a folder changes times but no content, so contents decide. The names are kept in
`features.folder`/image-keys-DIGEST*.npz, DIGEST for the images folder, under a stamp of
path, size, inode and both times; a later start asks the file system for those and reads
nothing. The time of the last change (ctime) is the one that no program can set: what
`cp -p`, `rsync -t` or a restore put there is read again.
What is newly named goes to a file of its own: nothing is rewritten, and processes that
write at once lose nothing.
"""

import os
import secrets
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


class PictureKeys:
    """The names of one folder's pictures, as far as they were known when opened."""

    def __init__(self, folder: Path, root: Path) -> None:
        """Reads what is known: 32 bytes a picture.

        Args:
            folder: config's features.folder, where the names are kept.
            root: the images' folder.
        """
        self._folder, self._root = folder, root
        self._name = f"image-keys-{digest(os.fsencode(root.resolve())).hex()[:16]}"
        if folder.is_dir():
            files.remove_left(folder, lambda path: path.name.endswith(files.PARTIAL))
        parts = [known for path in self._files() if (known := _read(path)) is not None]
        stamps, self._keys = (
            np.concatenate([as_keys(b""), *(known[name] for known in parts)])
            for name in _ARRAYS
        )
        self._stamps = KeyTable(stamps)

    def of(
        self, paths: np.ndarray, progress: bool
    ) -> tuple[np.ndarray, dict[int, str]]:
        """Names pictures by the digest of their files' contents.

        Args:
            paths: object [N], relative to the images' folder; "" where there is no
                picture.
            progress: whether to show a bar while files are read.

        Returns:
            keys: uint8 [N, 16], zeros where there is no file, or it cannot be read.
            unreadable: reasons by position.

        Raises:
            InputError: the features' folder cannot be written.
        """
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
                    stat = os.stat(os.path.join(self._root, paths[row]))
                except OSError as error:
                    unreadable[row] = _reason(error)
                    continue
                times = f"{stat.st_mtime_ns} {stat.st_ctime_ns}"
                stamp = f"{stat.st_size} {stat.st_ino} {times} {paths[row]}"
                stamps[row] = np.frombuffer(digest(os.fsencode(stamp)), np.uint8)
                settled[row] = max(stat.st_mtime_ns, stat.st_ctime_ns) < newest

        def read(rows: np.ndarray) -> int:
            for row in rows.tolist():
                try:
                    with open(os.path.join(self._root, paths[row]), "rb") as file:
                        keys[row] = np.frombuffer(digest(file.read()), np.uint8)
                except OSError as error:
                    unreadable[row] = _reason(error)
            return len(rows)

        with ThreadPoolExecutor(THREADS) as threads:
            for _ in threads.map(look, _ranges(len(paths))):
                pass
            place = self._stamps.find(stamps)
            found = place >= 0
            keys[found] = self._keys[place[found]]
            found[list(unreadable)] = True
            found[paths == ""] = True
            new = np.flatnonzero(~found)
            parts = (new[part.start : part.stop] for part in _ranges(len(new)))
            with Progress(len(new), "Reading pictures", quiet=not progress) as bar:
                for count in threads.map(read, parts):
                    bar.update(count)
        worth = [row for row in new.tolist() if settled[row] and row not in unreadable]
        if worth:
            self._keep(stamps[worth], keys[worth])
        return keys, unreadable

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(f"{self._name}*.npz"))

    def _keep(self, stamps: np.ndarray, keys: np.ndarray) -> None:
        if self._folder.is_dir() and not os.access(self._folder, os.W_OK):
            print(
                f"{self._folder} may only be read: {len(keys):,} pictures are read "
                "again at each start"
            )
            return
        arrays = dict(zip(_ARRAYS, (stamps, keys), strict=True))
        with files.explained(self._folder, sum(a.nbytes for a in arrays.values())):
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{self._name}-{secrets.token_hex(8)}.npz"
            files.write_whole(path, lambda file: np.savez(file, **arrays))


def _reason(error: OSError) -> str:
    return f"cannot be read: {error.strerror}"


def _ranges(n: int) -> Iterator[range]:
    for first in range(0, n, CHUNK):
        yield range(first, min(first + CHUNK, n))


def _read(path: Path) -> dict[str, np.ndarray] | None:
    """Reads names that were kept; None where the file is damaged."""
    try:
        known = files.read_arrays(path, _ARRAYS)
    except FileNotFoundError:
        return None  # another process has just set it aside
    if known is None:
        print(f"{path}: damaged; the pictures are read again")
        files.set_aside(path)
    return known
