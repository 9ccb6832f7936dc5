"""CSV bytes to rows of strings, whichever spreadsheet or scraper wrote them."""

import codecs
import contextlib
import csv
import dataclasses
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from huse_tf.errors import InputError

SEPARATORS = (",", "\t", ";")
MAX_FIELD = 1 << 24  # characters
MAX_LINES = 20_000  # of one row, as long as few lines were read in vain
FEW_LINES = 100  # of one row, once more than PATIENCE lines were
PATIENCE = 1_000_000

WRONG_QUOTES = "wrong quotes"
TOO_LONG = "a field over 16 million characters"
NOT_UTF8 = "not UTF-8"
HAS_NUL = "NUL character"
WRONG_COLUMNS = "wrong number of columns"


class Row(NamedTuple):
    """One row of the file.

    Attributes:
        number: counted as a spreadsheet does, the header being 1.
        cells: one for each column of the header, or fewer or more where `problem`
            says that the row cannot be read.
        problem: why the row cannot be read, or "".
    """

    number: int
    cells: list[str]
    problem: str = ""


@dataclasses.dataclass(frozen=True)
class Table:
    """A CSV file, decoded and cut into lines.

    Attributes:
        header: the names of the columns, spaces around them taken off.
        encoding: how the file was decoded.
    """

    header: tuple[str, ...]
    encoding: str
    _lines: list[str]
    _separator: str
    _start: int
    _suspect: bool

    def rows(self, anchor: int) -> Iterator[Row]:
        """Yields the rows after the header; blank ones are counted, not yielded.

        A quote that is not closed costs its own row, not the rows it would swallow.

        Args:
            anchor: index of a column of file names. A line inside of a quoted field
                that has the row's file name ending there is a row by itself.
        """
        width = len(self.header)
        number = self._start
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
                    problem = _damage(cells) or problem
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


def check_readable(path: Path) -> None:
    """Raises InputError where a catalogue's file cannot be opened."""
    try:
        path.open("rb").close()
    except OSError as error:
        raise InputError(
            f"{path}: cannot read the catalogue: {error.strerror}; data.csv names it: "
            "set it to a CSV file"
        ) from error


def read_table(path: Path) -> Table:
    """Decodes a CSV file and reads its header.

    Args:
        path: comma, tab or semicolon separated; UTF-8 or UTF-16, with or without a
            byte-order mark. A file without any UTF-8 letter beyond ASCII but with
            bytes beyond ASCII is read as Windows-1252, of which Latin-1 is a part.

    Raises:
        InputError: the file cannot be read, is empty or has no readable header.
    """
    check_readable(path)
    data = path.read_bytes()
    text, encoding = _decode(path, data)
    suspect = "\0" in text or encoding == "UTF-8 with bad bytes"
    lines = io.StringIO(text, newline="").readlines()
    start = next((i for i, line in enumerate(lines) if line.strip()), None)
    if start is None:
        raise InputError(f"{path}: the file is empty; expected a header and rows")
    if "\0" in lines[start]:
        raise InputError(
            f"{path}: NUL characters in the header: not a text file; save it as UTF-8"
        )
    headers = {mark: _header(path, lines[start], mark) for mark in SEPARATORS}
    separator = max(SEPARATORS, key=lambda mark: len(headers[mark]))
    return Table(headers[separator], encoding, lines, separator, start + 1, suspect)


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


def _decode(path: Path, data: bytes) -> tuple[str, str]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16"), "UTF-16"
        except UnicodeDecodeError as error:
            raise InputError(
                f"{path}: broken UTF-16 ({error.reason} at byte {error.start}); "
                "save it as UTF-8"
            ) from error
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        text = data.decode("utf-8-sig", errors="surrogateescape")
    if re.search("[\x80-\ud7ff\ue000-\U0010ffff]", text):
        return text, "UTF-8 with bad bytes"
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "Latin-1"


def _header(path: Path, line: str, separator: str) -> tuple[str, ...]:
    try:
        with _field_limit(MAX_FIELD):
            cells = next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error as error:
        if separator != SEPARATORS[0]:
            return ()
        raise InputError(f"{path}: cannot read the header: {error}") from error
    return tuple(cell.strip() for cell in cells)


def _damage(cells: list[str]) -> str:
    row = "".join(cells)
    if "\0" in row:
        return HAS_NUL
    return NOT_UTF8 if re.search("[\ud800-\udfff]", row) else ""


@contextlib.contextmanager
def _field_limit(characters: int) -> Iterator[None]:
    before = csv.field_size_limit(characters)
    try:
        yield
    finally:
        csv.field_size_limit(before)
