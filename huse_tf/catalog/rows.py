"""The columns of a catalogue, and the check of each of its rows."""

import collections
import dataclasses
from pathlib import Path

from huse_tf.catalog.csv_reader import Table
from huse_tf.catalog.image_files import ImageFolder
from huse_tf.catalog.splits import split_name
from huse_tf.config import DataConfig
from huse_tf.errors import InputError

COLUMNS = {
    "image": ("img_name", "image_name", "filename", "filepath"),
    "text": ("name", "title", "caption", "description"),
    "class": ("classes", "label", "category"),
    "split": (),
}
SHOWN = 200  # characters of a cell in messages and in rejected.csv


@dataclasses.dataclass(frozen=True)
class Rejected:
    """A row that is not used, and why."""

    row: int
    image: str
    text: str
    class_name: str
    reason: str


def find_columns(path: Path, header: tuple[str, ...]) -> dict[str, int]:
    """Returns role -> index of its column; an exact name goes before its aliases.

    Raises:
        InputError: a role has no column, or more than one.
    """
    found = {}
    folded = [name.casefold() for name in header]
    for role, aliases in COLUMNS.items():
        exact = [i for i, name in enumerate(folded) if name == role]
        matches = exact or [i for i, name in enumerate(folded) if name in aliases]
        if len(matches) > 1:
            names = ", ".join(repr(header[i]) for i in matches)
            raise InputError(
                f"{path}: {len(matches)} columns could be the {role}: {names}; "
                f"expected one: call it {role!r} and give the others other names"
            )
        if matches:
            found[role] = matches[0]
        elif role != "split":
            names = ", ".join(map(repr, header))[:SHOWN]
            raise InputError(
                f"{path}: no {role} column; expected one called {role} or "
                f"{', '.join(aliases)}; found {names}"
            )
    return found


class RowReader:
    """Sorts rows into kept (row, image, text, class, split) and rejected."""

    def __init__(self, data: DataConfig, table: Table, columns: dict[str, int]) -> None:
        """Gets ready to read; raises InputError where the images folder is missing."""
        self.kept: list[tuple[int, str, str, str, str]] = []
        self.rejected: list[Rejected] = []
        self._data = data
        self._table = table
        self._columns = columns
        self._folder = ImageFolder(data.images)
        self._class_names: dict[str, str] = {}

    def read(self) -> None:
        """Reads all rows."""
        image, text, name = (self._columns[role] for role in ("image", "text", "class"))
        split = self._columns.get("split")
        header = list(self._table.header)
        seen = set()
        for row in self._table.rows(anchor=image):
            cells = row.cells
            if row.problem:
                cells = cells + [""] * len(header)
                self._reject(
                    row.number, cells[image], cells[text], cells[name], row.problem
                )
                continue
            path, problem = cells[image].strip(), ""
            if path or not self._data.allow_missing:
                path, problem = self._folder.check(path)
            product = (path, cells[text].strip(), self._class_name(cells[name]))
            part = split_name(cells[split]) if split is not None else "train"
            if not problem:
                problem = self._content_problem(product, part, seen)
            elif [cell.strip() for cell in cells[: len(header)]] == header:
                problem = "the header again"
            if problem:
                self._reject(row.number, *product[:2], cells[name], problem)
                continue
            seen.add(product)
            self.kept.append((row.number, *product, part))

    def drop_small_classes(self) -> None:
        """Rejects the kept rows of classes below min_class_size."""
        least = self._data.min_class_size
        sizes = collections.Counter(name for _, _, _, name, _ in self.kept)
        small = f"class smaller than min_class_size = {least}"
        for number, image, text, name, _ in self.kept:
            if sizes[name] < least:
                self._reject(number, image, text, name, small)
        self.kept = [row for row in self.kept if sizes[row[3]] >= least]

    def _reject(self, row: int, image: str, text: str, name: str, why: str) -> None:
        cells = (cell[:SHOWN] for cell in (image, text, name))
        self.rejected.append(Rejected(row, *cells, why))

    def _class_name(self, cell: str) -> str:
        """Takes spaces off each level; returns "" where a level is empty."""
        if cell not in self._class_names:
            mark = self._data.class_separator
            levels = [" ".join(level.split()) for level in cell.split(mark)]
            self._class_names[cell] = mark.join(levels) if all(levels) else ""
        return self._class_names[cell]

    def _content_problem(
        self, product: tuple[str, str, str], split: str, seen: set
    ) -> str:
        image, text, name = product
        if not text and not self._data.allow_missing:
            return "empty text"
        if not text and not image:
            return "neither picture nor text"
        if not name:
            return "empty class, or an empty level in its path"
        if not split:
            return "split is not train, validation or test"
        return "duplicate row" if product in seen else ""
