"""UPMC Food-101: pictures in a folder a class, titles in two CSVs without header."""

import re
from collections.abc import Iterator
from pathlib import Path

from huse_tf.catalog.csv_reader import WRONG_COLUMNS
from huse_tf.public_sets.listing import (
    PICTURES,
    Listed,
    as_words,
    read_text,
    require,
    without_row,
)

TITLES = {"train": "texts/train_titles.csv", "test": "texts/test_titles.csv"}
STRAY_COMMA = "comma in a title without quotes"
# A row starts with the name of a picture: no title that lost a quote swallows the next.
_START = re.compile(
    rf'"?[^",]+({"|".join(map(re.escape, PICTURES))})"?\s*,', re.IGNORECASE
)


def listing(folder: Path) -> list[Listed]:
    """Lists the rows of both CSVs: file name, title, class.

    Pictures lie in images/train/CLASS and images/test/CLASS, or in images/CLASS.

    Args:
        folder: with images/ and texts/.

    Raises:
        InputError: one of these or of the CSVs is not there or cannot be read.
    """
    require(folder, ["images", *TITLES.values()], "UPMC Food-101")
    listed = []
    for split, titles in TITLES.items():
        by_split = (folder / "images" / split).is_dir()
        below = f"images/{split}" if by_split else "images"
        for number, record in _records(read_text(folder / titles)):
            listed.append(_product(f"{titles} line {number}", record, below, split))
    return listed + without_row(folder, "images", listed)


def _records(text: str) -> Iterator[tuple[int, str]]:
    """Yields rows and their first lines; a title in quotes may go over several."""
    first, record = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        if record.count('"') % 2 and not _START.match(line):
            record += f"\n{line}"
            continue
        if record.strip():
            yield first, record
        first, record = number, line
    if record.strip():
        yield first, record


def _product(source: str, record: str, below: str, split: str) -> Listed:
    name, _, rest = record.partition(",")
    title, comma, class_name = rest.rpartition(",")
    if not comma or not _START.match(record):
        return Listed(source, problem=WRONG_COLUMNS)
    name, class_name = name.strip(' "'), class_name.strip(' "\r\n')
    title, repair = title.strip(), ""
    if len(title) > 1 and title[0] == title[-1] == '"':
        title = title[1:-1].replace('""', '"')
    elif "," in title:
        repair = STRAY_COMMA
    image = f"{below}/{class_name}/{name}"
    levels = (as_words(class_name),)
    return Listed(source, image, title, levels, split, repair=repair)
