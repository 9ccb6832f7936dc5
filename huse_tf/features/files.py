"""Files that appear whole or not at all."""

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from huse_tf.errors import InputError
from huse_tf.replacing import flush

PARTIAL = ".partial"
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


@contextlib.contextmanager
def whole(path: Path, write: Callable[[BinaryIO], None]) -> Iterator[os.stat_result]:
    """Writes a file beside and renames it into place.

    The file is locked for as long as it is written and the context lasts: nobody takes
    it for what a killed process left, however long this one is paused.

    Args:
        path: where the file appears once it is complete and on disk.
        write: writes the contents to an open file.

    Yields:
        What os.stat says of the file.
    """
    file, partial = _create(path)
    with file:
        try:
            write(file)
            file.flush()
            os.fsync(file.fileno())
            os.replace(partial, path)
            flush(path.parent)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        yield os.stat(path)


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Writes a file as `whole` does; nothing else belongs to it."""
    with whole(path, write):
        return


def _create(path: Path) -> tuple[BinaryIO, Path]:
    """Opens a locked file beside `path`, of a name that no other machine takes."""
    while True:
        beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")
        file = open(beside, "xb")
        _lock(file.fileno())
        # one that tidied up may have locked and removed it before this process could
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), os.stat(beside)):
                return file, beside
        file.close()


def _lock(handle: int) -> bool:
    """Locks an open file; False where another process does, or nobody can."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # a file system without locks, too
        return False
    return True


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


def remove_left(folder: Path, is_leftover: Callable[[Path], bool]) -> None:
    """Removes what killed processes left: what nobody has locked.

    Args:
        folder: to look at.
        is_leftover: whether a file may be one.
    """
    for path in folder.iterdir():
        if is_leftover(path):
            with contextlib.suppress(OSError):  # gone already, or another user's
                handle = os.open(path, os.O_RDWR)  # which NFS locks demand
                try:
                    # its writer may have finished it in between
                    if _lock(handle) and is_leftover(path):
                        path.unlink()
                finally:
                    os.close(handle)


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
