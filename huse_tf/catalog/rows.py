"""The check of each row of a catalogue."""

import collections
import dataclasses
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from huse_tf.catalog import class_names, class_paths
from huse_tf.catalog.class_paths import AUTO, ClassPaths
from huse_tf.catalog.columns import Columns
from huse_tf.catalog.image_files import EMPTY_NAME, ImageFolder
from huse_tf.catalog.picture_paths import PictureFinder
from huse_tf.catalog.splits import SPLITS, split_name
from huse_tf.catalog.tables import Table
from huse_tf.config import DataConfig

SHOWN = 200  # characters of a cell in messages and in rejected.csv
NULL = "\\N"  # of MySQL
FEW = 1_000  # different cells of a column that are held once each

NO_CLASS = "empty class, or an empty level in its path"
NOTHING = "neither picture nor text"


@dataclasses.dataclass(frozen=True)
class Rejected:
    """A row that is not used, and why."""

    row: int
    image: str
    text: str
    class_name: str
    reason: str


class Kept(NamedTuple):
    """A picture of a product, or a product without one; attributes as of Catalog."""

    row: int
    id: str
    image: str
    text: str
    class_name: str
    split: str
    carried: tuple[str, ...]


class _Record(NamedTuple):
    """One row before its class is known."""

    row: int
    id: str
    images: list[tuple[str, str]]
    text: str
    classes: tuple[str, ...]
    split: str
    carried: tuple[str, ...]
    problem: str


class RowReader:
    """Sorts rows into kept and rejected.

    Attributes:
        kept: by row, the pictures of a product one after the other.
        rejected: what is not used.
        paths: how class cells are cut.
        notes: lines for the screen: what was read in which way.
    """

    def __init__(
        self, data: DataConfig, table: Table, columns: Columns, labelled: bool = True
    ) -> None:
        """Gets ready to read; raises InputError where the images folder is missing."""
        self.kept: list[Kept] = []
        self.rejected: list[Rejected] = []
        self.paths = ClassPaths(data.class_separator)
        self.notes: list[str] = []
        self._data = data
        self._table = table
        self._columns = columns
        self._labelled = labelled
        self._finder = PictureFinder(ImageFolder(data.images), data.all_pictures)
        self._first_of: dict[str, _Record] = {}
        self._inherited = 0

    def read(self) -> None:
        """Reads all rows, in the order of the file."""
        records = list(self._records())
        self._find_paths(records)
        seen: set = set()
        splits: collections.Counter[str] = collections.Counter()
        for record in records:
            splits[record.split] += 1
            self._judge(record, seen)
        if self._columns.note:
            self.notes.append(self._columns.note)
        self.notes += self._finder.notes()
        if self._inherited:
            self.notes.append(
                f"{self._inherited:,} rows have a picture alone and take text and "
                "class of the first row with their id"
            )
        self.notes += _split_notes(splits)
        self._name_classes()

    def drop_small_classes(self) -> None:
        """Rejects the products of classes that have fewer than min_class_size."""
        least = self._data.min_class_size
        sizes = self._sizes()
        small = f"class smaller than min_class_size = {least}"
        for one in self.kept:
            if sizes[one.class_name] < least:
                self._reject(one.row, one.image, one.text, one.class_name, small)
        self.kept = [one for one in self.kept if sizes[one.class_name] >= least]

    def hint(self) -> str:
        """Says what would help where most pictures are missing, else ""."""
        if not self._columns.image:
            return ""
        column = self._table.header[self._columns.image[0]]
        return self._finder.hint(str(self._data.csv), column)

    def _records(self) -> Iterator[_Record]:
        columns, header = self._columns, list(self._table.header)
        anchor = (*columns.image, *columns.text)[0]
        shared = [{} for _ in columns.carried]
        places = list(columns.carried.values())
        for number, cells, problem in self._table.rows(anchor):
            if problem:
                yield self._unread(number, cells, problem)
                continue
            cells = ["" if cell == NULL else cell.strip() for cell in cells]
            images = self._finder.pictures(number, [cells[i] for i in columns.image])
            if images and images[0][1] and cells[: len(header)] == header:
                yield self._unread(number, cells, "the header again")
                continue
            record = _Record(
                number,
                cells[columns.id] if columns.id is not None else str(number),
                images,
                _joined([cells[i] for i in columns.text]),
                tuple(cells[i] for i in columns.class_),
                cells[columns.split] if columns.split is not None else "train",
                tuple(
                    _once(cells[i], memory)
                    for i, memory in zip(places, shared, strict=True)
                ),
                "",
            )
            yield self._completed(record)

    def _unread(self, number: int, cells: Sequence[str], problem: str) -> _Record:
        """Returns what is left of a row that cannot be read."""
        cells = [*cells, *[""] * len(self._table.header)]

        def first(places: Sequence[int]) -> str:
            return cells[places[0]] if places else ""

        columns = self._columns
        image, text = first(columns.image), first(columns.text)
        classes = tuple(cells[i] for i in columns.class_)
        return _Record(number, "", [(image, "")], text, classes, "", (), problem)

    def _completed(self, record: _Record) -> _Record:
        """Gives further pictures of a product what its first row says of it."""
        if self._columns.id is None:
            return record
        if not record.id:
            return record._replace(id=f"row {record.row}")
        first = self._first_of.setdefault(record.id, record)
        if any(record.classes) or record.text or not any(first.classes):
            return record
        self._inherited += 1
        split = record.split or first.split
        return record._replace(text=first.text, classes=first.classes, split=split)

    def _find_paths(self, records: Sequence[_Record]) -> None:
        mark = self._data.class_separator
        cells = {record.classes for record in records if not record.problem}
        if len(self._columns.class_) > 1:
            self.paths = class_paths.of_columns(cells, mark)
        elif mark == AUTO:
            self.paths = class_paths.recognise(cell for row in cells for cell in row)

    def _judge(self, record: _Record, seen: set) -> None:
        cells = list(record.classes)
        while len(cells) > 1 and not cells[-1]:
            cells.pop()
        cell = self.paths.mark.join(cells)
        name = self.paths.name(cell) if cell else ""
        problem = record.problem
        if not problem:
            problem = self._content_problem(record, name)
        for image, broken in record.images or [("", "")]:
            product = (image, record.text, name)
            if self._columns.id is not None:
                product += (record.id,)
            why = broken or problem or "duplicate row" * (product in seen)
            if why:
                self._reject(record.row, image, record.text, cell, why)
                continue
            seen.add(product)
            split = split_name(record.split)
            self.kept.append(
                Kept(record.row, record.id, *product[:3], split, record.carried)
            )

    def _content_problem(self, record: _Record, name: str) -> str:
        if not record.images and not self._data.allow_missing:
            return EMPTY_NAME
        if not record.text and not self._data.allow_missing:
            return "empty text"
        if not record.text and not record.images:
            return NOTHING
        if not name and (self._labelled or any(record.classes)):
            return NO_CLASS
        if self._labelled and not split_name(record.split):
            return f"split is not {', '.join(SPLITS[:-1])} or {SPLITS[-1]}"
        return ""

    def _name_classes(self) -> None:
        """Says how class cells were read, and joins similar ones where asked."""
        sizes = self._sizes()
        is_auto = self._data.class_separator == AUTO
        self.notes += class_names.notes(sizes, self.paths, is_auto)
        joined = class_names.similar(sizes, self.paths)
        joins = self._data.join_similar_classes
        self.notes += class_names.similar_notes(joined, joins)
        if joins and joined:
            self.kept = [
                one._replace(class_name=joined.get(one.class_name, one.class_name))
                for one in self.kept
            ]

    def _sizes(self) -> collections.Counter[str]:
        """Returns how many products each class has."""
        products = {(one.class_name, one.id) for one in self.kept if one.class_name}
        return collections.Counter(name for name, _ in products)

    def _reject(self, row: int, image: str, text: str, name: str, why: str) -> None:
        cells = (cell[:SHOWN] for cell in (image, text, name))
        self.rejected.append(Rejected(row, *cells, why))


def _joined(texts: Sequence[str]) -> str:
    """Joins texts to one; one that the next begins with is not repeated."""
    whole = ""
    for text in filter(None, texts):
        if text.casefold().startswith(whole.casefold()):
            whole = text
        elif not whole.casefold().startswith(text.casefold()):
            whole += (" " if whole[-1] in ".!?:;,…。！？" else ". ") + text
    return whole


def _once(cell: str, memory: dict[str, str]) -> str:
    """Returns an equal string that is held already, as long as there are few."""
    if len(memory) < FEW:
        return memory.setdefault(cell, cell)
    return memory.get(cell, cell)


def _split_notes(splits: collections.Counter[str]) -> Iterator[str]:
    """Says which words of the split column mean another, and which none."""
    unknown = [word for word in splits if word and not split_name(word)]
    for word, count in sorted(splits.items()):
        part = split_name(word)
        if part and not part.startswith(word.strip().lower()[:4]):
            yield f"split {word!r}: {count:,} rows, taken as {part} rows"
    if unknown:
        shown = ", ".join(
            f"{word[:40]!r} ({splits[word]:,} rows)" for word in unknown[:5]
        )
        yield f"split names that are not known: {shown}"
