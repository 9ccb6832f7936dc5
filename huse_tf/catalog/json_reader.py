"""JSON to rows of strings: an object a line, or an array of objects."""

import json
from collections.abc import Iterator
from pathlib import Path

from huse_tf.catalog.tables import Row, RowTable
from huse_tf.errors import InputError

NO_OBJECT = "not a JSON object"
SEVERAL = "|"  # joins the entries of a list, as in a cell of several pictures


def is_json(text: str) -> bool:
    """Says whether a text begins as JSON does, which no header of a CSV should."""
    return text[:1000].lstrip().startswith(("{", "["))


def read_json(path: Path, text: str, encoding: str) -> RowTable:
    """Reads an array of objects, or an object a line.

    A row is numbered by its line or, in an array, by its position from 0. Numbers stay
    as they are written, null is an empty cell, the entries of a list are joined by
    "|"; objects inside of an object stay JSON.

    Raises:
        InputError: it is neither.
    """
    if text[:1000].lstrip().startswith("["):
        objects = list(enumerate(_array(path, text)))
    else:
        objects = list(_lines(text))
    keys = {key: None for _, one in objects if isinstance(one, dict) for key in one}
    if not keys:
        raise InputError(
            f"{path}: JSON without an object; expected one object a line, such as "
            '{"image": "1.jpg", "text": "red shoe", "class": "shoes"}, or an array'
        )
    names = tuple(keys)

    def rows() -> Iterator[Row]:
        for number, one in objects:
            if isinstance(one, dict):
                yield Row(number, [as_text(one.get(name)) for name in names])
            else:
                yield Row(number, [as_text(one)[:200]], NO_OBJECT)

    header = tuple(name.strip() for name in names)
    return RowTable(header, encoding, rows)


def as_text(value: object) -> str:
    """Returns a value as a cell; the entries of a list are joined by "|"."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return SEVERAL.join(filter(None, map(as_text, value)))
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    if isinstance(value, dict):
        if isinstance(value.get("bytes"), bytes):  # a picture in a Parquet file
            return as_text(value["bytes"])
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _loads(text: str) -> object:
    """Parses JSON; numbers stay as they are written, NaN is null."""
    return json.loads(
        text, parse_int=str, parse_float=str, parse_constant=lambda name: None
    )


def _array(path: Path, text: str) -> list:
    try:
        return _loads(text)
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path}: begins as a JSON array but cannot be read ({reason}); expected "
            "an array of objects, or one object a line"
        ) from error


def _lines(text: str) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, _loads(line)
        except (ValueError, RecursionError):
            yield number, line.strip()
