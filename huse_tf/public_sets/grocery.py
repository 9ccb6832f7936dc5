"""The Grocery Store data set: classes.csv, a list of pictures a split, descriptions."""

from pathlib import Path
from typing import NamedTuple

from huse_tf.catalog.csv_reader import WRONG_COLUMNS
from huse_tf.catalog.image_files import ImageFolder
from huse_tf.catalog.readers import read_table
from huse_tf.errors import InputError
from huse_tf.public_sets.listing import (
    Listed,
    as_words,
    read_text,
    require,
    without_row,
)

SPLITS = {"train": "train", "val": "validation", "test": "test"}
COLUMNS = {
    "name": "class name",
    "id": "class id",
    "coarse": "coarse class name",
    "coarse_id": "coarse class id",
    "description": "product description path",
}
NO_DESCRIPTION = "its class has no description file"
UNKNOWN_CLASS = "class id that classes.csv lacks"
WRONG_COARSE = "coarse id is not that of its class in classes.csv"
SUFFIX = "description path without .txt in classes.csv"


class _Class(NamedTuple):
    levels: tuple[str, ...]
    coarse_id: str
    text: str | None
    repair: str


def listing(folder: Path) -> list[Listed]:
    """Lists the pictures of train.txt, val.txt and test.txt.

    A line is a path, the id of the class and the id of its coarse class. The text is
    the description of the class, the same for all its pictures.

    Args:
        folder: with classes.csv and the three lists.

    Raises:
        InputError: one of these is not there, or classes.csv cannot be understood.
    """
    lists = {f"{name}.txt": split for name, split in SPLITS.items()}
    require(folder, ["classes.csv", *lists], "the Grocery Store data set")
    classes, listed = _classes(folder)
    for name, split in lists.items():
        for number, line in enumerate(read_text(folder / name).split("\n"), 1):
            if line.strip():
                source = f"{name} line {number}"
                listed.append(_product(source, line, classes, split))
    for name in SPLITS:
        if (folder / name).is_dir():
            listed += without_row(folder, name, listed)
    return listed


def _classes(folder: Path) -> tuple[dict[str, _Class], list[Listed]]:
    """Returns the classes by id, and the rows that cannot be read."""
    path = folder / "classes.csv"
    table = read_table(path)
    # as published, the type follows the name: "Class ID (int)"
    header = [name.partition("(")[0].strip().lower() for name in table.header]
    for name in COLUMNS.values():
        if name not in header:
            found = ", ".join(table.header)[:200]
            raise InputError(f"{path}: no column {name!r}; found {found}")
    inside = ImageFolder(folder)
    classes, unreadable = {}, []
    for row in table.rows(anchor=header.index(COLUMNS["description"])):
        if row.problem:
            source = f"classes.csv row {row.number}"
            unreadable.append(Listed(source, problem=row.problem))
            continue
        cell = {key: row.cells[header.index(name)] for key, name in COLUMNS.items()}
        cell = {key: value.strip() for key, value in cell.items()}
        text, repair = _description(folder, inside, cell["description"])
        levels = (as_words(cell["coarse"]), as_words(cell["name"]))
        classes[cell["id"]] = _Class(levels, cell["coarse_id"], text, repair)
    return classes, unreadable


def _description(
    folder: Path, inside: ImageFolder, name: str
) -> tuple[str | None, str]:
    """Returns the text, None where there is no file, and what was put right."""
    for suffix, repair in (("", ""), (".txt", SUFFIX)):
        path, problem = inside.check(f"{name.lstrip('/')}{suffix}")
        if not problem:
            return read_text(folder / path), repair
    return None, ""


def _product(source: str, line: str, classes: dict[str, _Class], split: str) -> Listed:
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != 3:
        return Listed(source, problem=WRONG_COLUMNS)
    image, fine, coarse = cells
    if fine not in classes:
        return Listed(source, image, problem=UNKNOWN_CLASS)
    of = classes[fine]
    if coarse != of.coarse_id:
        return Listed(source, image, problem=WRONG_COARSE)
    if of.text is None:
        return Listed(source, image, problem=NO_DESCRIPTION)
    return Listed(source, image, of.text, of.levels, split, repair=of.repair)
