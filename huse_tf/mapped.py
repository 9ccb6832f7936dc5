"""Arrays in files that are written through memory, whose disk does not run full."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

_CANNOT = (errno.EOPNOTSUPP, errno.EINVAL)  # of file systems that reserve nothing


def mapped(path: Path, dtype: DTypeLike, shape: Sequence[int]) -> np.ndarray:
    """Makes a .npy file of zeros, mapped into memory, its room on the disk taken.

    Were the room taken as the pages are written, a disk that another program fills
    meanwhile would end the process by a signal, without a word.

    Args:
        path: of the file; what is there is replaced.
        dtype: of the array.
        shape: of the array.

    Raises:
        OSError: there is no room, or the file cannot be written.
    """
    array = np.lib.format.open_memmap(path, "w+", dtype, tuple(shape))
    if hasattr(os, "posix_fallocate"):  # not on macOS
        try:
            with open(path, "rb+") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
    return array
