"""Kinds of ini values: how each is read, which range it has, how it is written."""

import csv
import dataclasses
import difflib
import io
import math
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from huse_tf.arguments import range_text
from huse_tf.encoders.registry import IMAGE_NAMES
from huse_tf.registry import OWN, OwnName, is_own

_TRUTH = dict.fromkeys(("yes", "true", "on", "1"), True)
_TRUTH |= dict.fromkeys(("no", "false", "off", "0"), False)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class Unknown(ValueError):
    """Not one of the names known; its message is the nearest of them."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of value.

    Attributes:
        expected: what is accepted, for messages and comments.
        parse: (text, folder of the ini) -> value; raises ValueError.
        write: value -> text that `parse` reads back to an equal value.
    """

    expected: str
    parse: Callable[[str, Path], Any]
    write: Callable[[Any], str] = str


@dataclasses.dataclass(frozen=True)
class BadRows:
    """How many rows may be rejected, or texts unread.

    Attributes:
        amount: a number of rows, or per cent of all rows.
        percent: whether `amount` is in per cent.
    """

    amount: float
    percent: bool

    def limit(self, n_rows: int) -> int:
        """Returns how many of `n_rows` rows these are at most."""
        if self.percent:
            return math.floor(n_rows * self.amount / 100)
        return int(self.amount)

    def __str__(self) -> str:
        """Writes it as the ini does: "20" or "5%"."""
        return f"{self.amount:.15g}%" if self.percent else str(int(self.amount))


def nearest(word: str, known: Iterable[str]) -> str:
    """Returns the known word that looks most like `word`."""
    return difflib.get_close_matches(word, list(known), n=1, cutoff=0.0)[0]


def is_url(text: str) -> bool:
    """Tells a URL from a local path."""
    return _URL.match(text) is not None


def number(low: float, high: float = math.inf, bounds: str = "[]") -> Kind:
    """A finite float between `low` and `high`; "(" or ")" leaves a bound out."""

    def parse(text: str, folder: Path) -> float:
        value = float(text)
        above = value > low if bounds[0] == "(" else value >= low
        below = value < high if bounds[1] == ")" else value <= high
        if not (math.isfinite(value) and above and below):
            raise ValueError
        return value

    return Kind(f"a number {range_text(low, high, bounds)}", parse)


def integer(low: int, high: float = math.inf) -> Kind:
    """A whole number between `low` and `high`, both included."""

    def parse(text: str, folder: Path) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return Kind(f"a whole number {range_text(low, high, '[]')}", parse)


def choice(*names: str) -> Kind:
    """One of `names`, as written."""

    def parse(text: str, folder: Path) -> str:
        if text not in names:
            raise ValueError
        return text

    return Kind(" | ".join(names), parse)


def part(names: Iterable[str], several: bool = False) -> Kind:
    """One of `names`, or a class of the user's own.

    Args:
        names: of a registry.
        several: whether several may be joined by "+", none twice.
    """
    known = (*names, OWN)

    def parse(text: str, folder: Path) -> str:
        parts = [one.strip() for one in text.split("+")] if several else [text]
        own = [is_own(one) for one in parts]
        if len(set(parts)) < len(parts) or not all(
            mine or one in known[:-1] for one, mine in zip(parts, own, strict=True)
        ):
            raise ValueError
        name = "+".join(parts)
        return OwnName(name, folder) if any(own) else name

    return Kind(" | ".join(known) + ", or several joined by +" * several, parse)


def either(words: tuple[str, ...], other: Kind) -> Kind:
    """One of `words`, or else a value of another kind."""

    def parse(text: str, folder: Path) -> Any:
        return text if text in words else other.parse(text, folder)

    return Kind(f"{' | '.join(words)} | {other.expected}", parse, other.write)


def word(expected: str, pattern: str = ".+") -> Kind:
    """A text that matches `pattern`."""

    def parse(text: str, folder: Path) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return Kind(expected, parse)


def named(what: str, names: Iterable[str], further: str) -> Kind:
    """One of many names; the message proposes the nearest.

    Args:
        what: they are.
        names: those known.
        further: pattern of those that only another key can judge.
    """
    known = tuple(names)

    def parse(text: str, folder: Path) -> str:
        if text not in known and not re.fullmatch(further, text):
            raise Unknown(nearest(text, known))
        return text

    return Kind(what, parse)


def _truth(text: str, folder: Path) -> bool:
    try:
        return _TRUTH[text.lower()]
    except KeyError:
        raise ValueError from None


def _absolute(text: str, folder: Path) -> Path:
    if not text:
        raise ValueError
    return Path(os.path.abspath(folder / Path(text).expanduser()))


def _location(text: str, folder: Path) -> str:
    return text if not text or is_url(text) else str(_absolute(text, folder))


def _backbone(text: str, folder: Path) -> str:
    if is_own(text):
        return OwnName(text, folder)
    local = text.endswith(".keras") or "/" in text or text[:1] in (".", "~")
    if local and not is_url(text):
        return str(_absolute(text, folder))
    if not text:
        raise ValueError
    return text


def _bad_rows(text: str, folder: Path) -> BadRows:
    percent = text.endswith("%")
    amount = float(text[:-1]) if percent else int(text)
    if not 0 <= amount <= (100 if percent else math.inf):
        raise ValueError
    return BadRows(amount, percent)


def unquoted(text: str) -> str:
    """Takes the quotes off a value that stands in them."""
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else text


def _separator(text: str, folder: Path) -> str:
    text = unquoted(text)
    if not text.strip():
        raise ValueError
    return text


def _column(text: str, folder: Path) -> str:
    return unquoted(text)


def _columns(text: str, folder: Path) -> tuple[str, ...]:
    """Reads names joined by commas; those with a comma stand in double quotes."""
    if not text:
        return ()
    (names,) = csv.reader([text], skipinitialspace=True, strict=True)
    names = tuple(unquoted(name.strip()) for name in names)
    if not all(names):
        raise ValueError
    return names


def _write_quoted(text: str) -> str:
    return f'"{text}"' if text != unquoted(text).strip() else text


def _write_columns(names: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(map(_write_quoted, names))
    return line.getvalue()


YES_NO = Kind("yes | no", _truth, lambda value: "yes" if value else "no")
PATH = Kind("a path, relative to this file", _absolute)
FILE = Kind("a FILE", lambda text, folder: str(_absolute(text, folder)))
LOCATION = Kind("a URL, a local path or empty", _location)
OPTIONAL_FILE = Kind("a file or empty", LOCATION.parse)
BACKBONE = Kind(IMAGE_NAMES, _backbone)
BAD_ROWS = Kind("a number of rows, or a share such as 5%", _bad_rows)
SEPARATOR = Kind("auto | one or more characters", _separator, _write_quoted)
COLUMN = Kind("a column's name, none, or empty: by name", _column, _write_quoted)
COLUMNS = Kind(
    "names of columns joined by commas, none, or empty: by name",
    _columns,
    _write_columns,
)
