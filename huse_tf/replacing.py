"""Files that are whole or not there, also after the power was cut."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What file systems say that have no flush of folders, or of this one for this user.
_NO_FLUSH = (errno.EINVAL, errno.ENOTSUP, errno.EACCES)


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """Yields a path beside `target` that takes its place at the end, on disk.

    Where writing fails, `target` stays as it was.
    """
    beside = target.with_name(f"{target.name}.unfinished")
    yield beside
    flush(beside)
    os.replace(beside, target)
    flush(target.parent)


def flush(path: str | os.PathLike[str]) -> None:
    """Returns once a file's content, or a folder's list of names, is on disk.

    Raises:
        OSError: the disk is full or broken.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if not (os.path.isdir(path) and error.errno in _NO_FLUSH):
            raise
