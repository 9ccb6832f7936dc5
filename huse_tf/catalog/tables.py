"""What every reader gives: a header, and rows of strings with their numbers."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

HAS_NUL = "NUL character"
NOT_UTF8 = "not UTF-8"


class Row(NamedTuple):
    """One row of the file.

    Attributes:
        number: of a CSV as a spreadsheet counts, the header being 1; of JSON lines the
            line; elsewhere the position from 0.
        cells: one for each column of the header, or fewer or more where `problem`
            says that the row cannot be read.
        problem: why the row cannot be read, or "".
    """

    number: int
    cells: list[str]
    problem: str = ""


class Table(Protocol):
    """A file of products, read as text.

    Attributes:
        header: the names of the columns, spaces around them taken off.
        encoding: how the file was decoded.
    """

    header: tuple[str, ...]
    encoding: str

    def rows(self, anchor: int) -> Iterator[Row]:
        """Yields the rows after the header; blank ones are counted, not yielded.

        Args:
            anchor: index of a column of file names, which tells a reader that has to
                guess where a row ends.
        """


@dataclasses.dataclass(frozen=True)
class RowTable:
    """Rows that need no guess: of JSON, Parquet or a DataFrame."""

    header: tuple[str, ...]
    encoding: str
    begin: Callable[[], Iterator[Row]]

    def rows(self, anchor: int) -> Iterator[Row]:
        """Yields the rows; those with characters that no file can hold are named."""
        for number, cells, problem in self.begin():
            if "".join(cells).strip() or problem:
                yield Row(number, cells, problem or damage(cells))


def damage(cells: list[str]) -> str:
    """Says whether cells hold what cannot be written as text, or ""."""
    row = "".join(cells)
    if "\0" in row:
        return HAS_NUL
    return NOT_UTF8 if re.search("[\ud800-\udfff]", row) else ""
