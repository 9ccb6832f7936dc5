"""A column of strings on disk: read one at a time, never all at once."""

from pathlib import Path
from types import TracebackType

import numpy as np


class StringWriter:
    """Writes NAME.bin, the strings end to end, and NAME.npy, where each one ends.

    Example:
        with StringWriter(folder, "titles") as column:
            column.add("red dress")
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Takes the folder, which exists, and the column's name."""
        self._paths = folder / f"{name}.bin", folder / f"{name}.npy"
        self._ends: list[int] = []

    def __enter__(self) -> "StringWriter":
        """Opens the file."""
        self._file = open(self._paths[0], "wb")
        return self

    def add(self, text: str) -> None:
        """Writes the next string."""
        self._file.write(text.encode("utf-8", "surrogatepass"))
        self._ends.append(self._file.tell())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Writes the ends."""
        self._file.close()
        np.save(self._paths[1], np.array(self._ends, np.int64))


class Strings:
    """What StringWriter wrote, memory-mapped."""

    def __init__(self, folder: Path, name: str) -> None:
        """Opens the column."""
        self._ends = np.load(folder / f"{name}.npy", mmap_mode="r")
        path = folder / f"{name}.bin"
        empty = path.stat().st_size == 0  # which cannot be mapped
        self._bytes = np.empty(0, np.uint8) if empty else np.memmap(path, mode="r")

    def __len__(self) -> int:
        """How many strings there are."""
        return len(self._ends)

    @property
    def empty(self) -> np.ndarray:
        """Says which strings are empty, bool [N]."""
        return np.diff(self._ends, prepend=0) == 0

    def __getitem__(self, i: int) -> str:
        """Reads string `i`, from 0."""
        first = int(self._ends[i - 1]) if i else 0
        content = self._bytes[first : int(self._ends[i])].tobytes()
        return content.decode("utf-8", "surrogatepass")
