"""A file to a table: CSV, JSON or Parquet, packed with gzip or not."""

import codecs
import gzip
import re
import zlib
from pathlib import Path

from huse_tf.catalog import formats
from huse_tf.catalog.csv_reader import read_csv
from huse_tf.catalog.json_reader import is_json, read_json
from huse_tf.catalog.tables import Table
from huse_tf.errors import InputError

BAD_BYTES = "UTF-8 with bad bytes"


def check_readable(path: Path) -> None:
    """Raises InputError where a catalogue's file cannot be opened."""
    try:
        path.open("rb").close()
    except OSError as error:
        raise InputError(
            f"{path}: cannot read the catalogue: {error.strerror}; data.csv names it: "
            "set it to a CSV, JSON or Parquet file"
        ) from error


def read_table(path: Path) -> Table:
    """Reads the header of a table, whatever its name says it is.

    Args:
        path: comma, tab, semicolon or bar separated; JSON lines or an array of
            objects; or Parquet. Any of them may be packed with gzip. Text is UTF-8 or
            UTF-16, with or without a byte-order mark; a file without any UTF-8 letter
            beyond ASCII but with bytes beyond ASCII is read as Windows-1252, of which
            Latin-1 is a part.

    Raises:
        InputError: the file cannot be read, is something else, is empty or has no
            readable header.
    """
    check_readable(path)
    data = path.read_bytes()
    if data.startswith(formats.GZIP):
        data = _unpacked(path, data)
    if data.startswith(formats.PARQUET):
        from huse_tf.catalog.frame_reader import read_parquet

        return read_parquet(path, data)
    if other := formats.other_than_text(data):
        raise InputError(f"{path} is {other}")
    text, encoding = _decode(path, data)
    if is_json(text):
        return read_json(path, text, encoding)
    return read_csv(path, text, encoding, "\0" in text or encoding == BAD_BYTES)


def _unpacked(path: Path, data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path}: packed with gzip, and cut off or damaged ({error}); get it anew"
        ) from error


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
        return text, BAD_BYTES
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "Latin-1"
