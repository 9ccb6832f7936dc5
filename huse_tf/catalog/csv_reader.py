"""CSV bytes to rows of strings, whichever spreadsheet or scraper wrote them."""

import contextlib
import csv
import dataclasses
import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from huse_tf.catalog.tables import Row, damage
from huse_tf.errors import InputError

SEPARATORS = (",", "\t", ";", "|")
MAX_FIELD = 1 << 24  # characters
MAX_LINES = 20_000  # of one row, as long as few lines were read in vain
FEW_LINES = 100  # of one row, once more than PATIENCE lines were
PATIENCE = 1_000_000

WRONG_QUOTES = "wrong quotes"
TOO_LONG = "a field over 16 million characters"
WRONG_COLUMNS = "wrong number of columns"

# its first line, such as sep=;
_EXCEL = re.compile(r'"?sep=(\t|[^\w\s"\0])"?[,;\t]*\s*', re.IGNORECASE)
_ESCAPED = 200  # lines with a backslash and a quote that are tried


@dataclasses.dataclass(frozen=True)
class CsvTable:
    """A CSV file, decoded and cut into lines; see Table."""

    header: tuple[str, ...]
    encoding: str
    _lines: list[str]
    _separator: str
    _start: int
    _first: int
    _suspect: bool

    def rows(self, anchor: int) -> Iterator[Row]:
        """Yields the rows after the header; blank ones are counted, not yielded.

        A quote that is not closed costs its own row, not the rows it would swallow.

        Args:
            anchor: index of a column of file names. A line inside of a quoted field
                that has the row's file name ending there is a row by itself.
        """
        width = len(self.header)
        number = self._first
        with _field_limit(MAX_FIELD):
            for cells, problem in self._records(width, anchor):
                number += 1
                if not problem and len(cells) < 2 and not "".join(cells).strip():
                    continue
                if not problem and len(cells) != width:
                    extra = "".join(cells[width:]).strip()
                    if len(cells) < width or extra:
                        problem = WRONG_COLUMNS
                if self._suspect:
                    problem = damage(cells) or problem
                yield Row(number, cells, problem)

    def _records(self, width: int, anchor: int) -> Iterator[tuple[list[str], str]]:
        feed = _Feed(self._lines, self._start)
        while feed.record < len(self._lines):
            first, problem = feed.record, WRONG_QUOTES
            reader = csv.reader(feed.lines(), delimiter=self._separator, strict=True)
            try:
                for cells in reader:
                    end = first + reader.line_num
                    if end - feed.record > 1 and (
                        len(cells) != width
                        or self._swallows(cells, feed.record, end, anchor)
                    ):
                        break
                    yield cells, ""
                    feed.record = end
                else:
                    return
            except csv.Error as error:
                problem = TOO_LONG if "limit" in str(error) else WRONG_QUOTES
            yield [self._lines[feed.record].strip()], problem
            feed.read_in_vain += first + reader.line_num - feed.record
            feed.record += 1

    def _swallows(self, cells: list[str], start: int, end: int, anchor: int) -> bool:
        ending = os.path.splitext(cells[anchor].strip())[1]
        for line in self._lines[start + 1 : end]:
            inner = line.split(self._separator)
            if ending and len(inner) >= len(cells):
                if inner[anchor].strip(' "').endswith(ending):
                    return True
        return False


def read_csv(path: Path, text: str, encoding: str, suspect: bool) -> CsvTable:
    """Reads the header of a CSV, whose separator is the one that cuts it most.

    Excel's own first line "sep=;" names it instead, and is no row. Quotes inside of a
    field are doubled or, as Spark and MySQL write them, follow a backslash.

    Args:
        path: of the file, for messages.
        text: its content.
        encoding: how it was decoded.
        suspect: whether cells may hold what is no text.

    Raises:
        InputError: the file is empty or has no readable header.
    """
    lines = io.StringIO(text, newline="").readlines()
    filled = (i for i, line in enumerate(lines) if line.strip())
    start = next(filled, None)
    separators, hidden = SEPARATORS, 0
    if start is not None and (named := _EXCEL.fullmatch(lines[start])):
        separators, start, hidden = (named[1],), next(filled, None), 1
    if start is None:
        raise InputError(f"{path}: the file is empty; expected a header and rows")
    if "\0" in lines[start]:
        raise InputError(
            f"{path}: NUL characters in the header: not a text file; save it as UTF-8"
        )
    headers = {mark: _header(path, lines[start], mark) for mark in separators}
    separator = max(separators, key=lambda mark: len(headers[mark]))
    header = headers[separator]
    if _has_escaped_quotes(lines, len(header), separator):
        lines = [_with_doubled_quotes(line) for line in lines]
    start += 1
    return CsvTable(header, encoding, lines, separator, start, start - hidden, suspect)


class _Feed:
    """Hands lines to csv.reader, but not without end to one row.

    Each quote that is not closed is looked for in vain; the bound on lines read in vain
    keeps the time linear in the file's size.
    """

    def __init__(self, lines: list[str], record: int) -> None:
        self._lines = lines
        self.record = record
        self.read_in_vain = 0

    def lines(self) -> Iterator[str]:
        most = MAX_LINES if self.read_in_vain < PATIENCE else FEW_LINES
        for position in range(self.record, len(self._lines)):
            if position - self.record >= most:
                return
            yield self._lines[position]


def _header(path: Path, line: str, separator: str) -> tuple[str, ...]:
    try:
        with _field_limit(MAX_FIELD):
            cells = next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error as error:
        if separator in SEPARATORS[1:]:
            return ()
        raise InputError(f"{path}: cannot read the header: {error}") from error
    return tuple(cell.strip() for cell in cells)


def _has_escaped_quotes(lines: Sequence[str], width: int, separator: str) -> bool:
    """Says whether more lines can be read with quotes escaped by backslashes.

    A backslash may also end a field, which a standard reader gets right.
    """
    gained = 0
    suspects = (line for line in lines if '\\"' in line)
    for line, _ in zip(suspects, range(_ESCAPED), strict=False):
        plain = _fits(line, width, separator)
        gained += _fits(_with_doubled_quotes(line), width, separator) - plain
    return gained > 0


def _with_doubled_quotes(line: str) -> str:
    """Writes a quote or backslash after a backslash as standard CSV does."""
    if "\\" not in line:
        return line
    return re.sub(r'\\(["\\])', lambda m: '""' if m[1] == '"' else "\\", line)


def _fits(line: str, width: int, separator: str) -> bool:
    try:
        with _field_limit(MAX_FIELD):
            reader = csv.reader([line], delimiter=separator, strict=True)
            return len(next(reader)) == width
    except csv.Error:
        return False


@contextlib.contextmanager
def _field_limit(characters: int) -> Iterator[None]:
    before = csv.field_size_limit(characters)
    try:
        yield
    finally:
        csv.field_size_limit(before)
