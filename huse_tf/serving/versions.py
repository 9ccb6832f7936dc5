"""Versions in a folder that a server watches: whole or not there, never changed."""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from huse_tf.replacing import flush

_UNFINISHED = ".unfinished-"  # a server looks at names that are integers only
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


def publish_version(folder: str | Path, write: Callable[[Path], None]) -> Path:
    """Writes a folder beside and renames it into place as the next version.

    Of exports at the same time each gets a version of its own. What a killed export
    left is removed by the next one that runs alone.

    Args:
        folder: of the versions; created where it is missing.
        write: fills the folder whose path it gets; if it raises, nothing is published.

    Returns:
        The version's folder, `folder`/<integer>, flushed to disk.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _announced(folder):
        beside = folder / f"{_UNFINISHED}{uuid.uuid4().hex}"
        beside.mkdir()
        try:
            write(beside)
            for path, _, files in os.walk(beside):
                for name in files:
                    flush(os.path.join(path, name))
                flush(path)
            version = _put_in_place(beside, folder)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        flush(folder)
        return version


def versions_in(folder: str | Path) -> list[Path]:
    """Lists the versions that a folder holds, in the order of their numbers."""
    if not Path(folder).is_dir():
        return []
    found = [p for p in Path(folder).iterdir() if re.fullmatch("[0-9]+", p.name)]
    return sorted(found, key=lambda path: int(path.name))


def _put_in_place(beside: Path, folder: Path) -> Path:
    """Renames to the next version that nobody takes first."""
    number = 0
    while True:
        # An empty folder would not withstand the rename, so what exists is listed.
        taken = [int(version.name) for version in versions_in(folder)]
        number = max([number, *taken]) + 1
        try:
            os.rename(beside, folder / str(number))
            return folder / str(number)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise


@contextlib.contextmanager
def _announced(folder: Path) -> Iterator[None]:
    """Holds a shared lock on the folder; who could hold it alone cleans up first."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            alone = False  # or the file system does not say
        else:
            alone = True
        if alone:
            for left in folder.glob(f"{_UNFINISHED}*"):
                shutil.rmtree(left, ignore_errors=True)
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)
