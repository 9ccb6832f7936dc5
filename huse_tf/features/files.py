"""Files that appear whole or not at all."""

import contextlib
import errno
import os
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from huse_tf.errors import InputError
from huse_tf.replacing import flush

PARTIAL = ".partial"
STALE_SECONDS = 3600.0
# all that NumPy and zipfile raise over every single flipped byte or cut
_DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> os.stat_result:
    """Writes a file beside and renames it into place.

    Args:
        path: where the file appears once it is complete and on disk.
        write: writes the contents to an open file.

    Returns:
        What os.stat says of the file.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with open(partial, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        flush(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return os.stat(path)


def read_arrays(
    path: Path, names: tuple[str, ...] | None = None
) -> dict[str, np.ndarray] | None:
    """Reads arrays from an .npz file, whose checksums NumPy checks.

    Args:
        path: the file.
        names: the arrays that it must hold, or all that it holds.

    Returns:
        The arrays by name, or None where the file is damaged.

    Raises:
        FileNotFoundError: there is none.
        InputError: it may not be read.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names or arrays.files}
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); give yourself the right to, "
            "or name another features.folder"
        ) from error
    except _DAMAGE:
        return None


def set_aside(path: Path) -> None:
    """Renames a damaged file, so that it is reported once; may lack permission."""
    with contextlib.suppress(OSError):
        os.replace(path, path.with_name(f"{path.name}.damaged"))


def remove_stale(folder: Path, is_stale: Callable[[Path], bool]) -> None:
    """Removes what killed runs left: `is_stale` and untouched for an hour."""
    for path in folder.iterdir():
        if is_stale(path):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > STALE_SECONDS:
                    path.unlink()


@contextlib.contextmanager
def explained(folder: Path, needed: int) -> Iterator[None]:
    """Turns a failure to write in `folder` into a line for the user.

    Args:
        folder: the features' folder.
        needed: bytes that are still to be written there.

    Raises:
        InputError: the disk is full, or the folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InputError(no_space(folder, needed)) from error
        raise InputError(
            f"features.folder {folder}: cannot be written ({error.strerror}); "
            "what is there is kept; name a folder that you may write"
        ) from error


def check_space(folder: Path, needed: int) -> None:
    """Stops before hours of encoding that the disk cannot hold.

    Raises:
        InputError: fewer than `needed` bytes are free where `folder` is.
    """
    if shutil.disk_usage(folder).free < needed:
        raise InputError(no_space(folder, needed))


def no_space(folder: Path, needed: int) -> str:
    """The line for a full disk."""
    free = shutil.disk_usage(folder).free
    return (
        f"features.folder {folder}: the disk is full: {needed:,} bytes needed, "
        f"{free:,} free; what is encoded is kept; free some space, set features.dtype "
        "= float16, or name a folder on another disk"
    )
