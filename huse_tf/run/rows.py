"""Which rows a run was trained on, kept so that a later catalogue can be compared."""

import collections
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from huse_tf.catalog import SPLITS, Catalog
from huse_tf.features.files import read_arrays
from huse_tf.features.keys import KeyTable, text_ids
from huse_tf.replacing import replaced

MOST_GONE = 0.5  # of the rows; a catalogue that lacks more is another one
_ARRAYS = ("names", "contents", "splits")


@dataclass(frozen=True)
class Rows:
    """N rows by digests, 17 bytes each.

    Attributes:
        names: int64 [N], which row it is: its product and picture.
        contents: int64 [N], of text and class.
        splits: uint8 [N], numbers in SPLITS.
    """

    names: np.ndarray
    contents: np.ndarray
    splits: np.ndarray

    def __len__(self) -> int:
        """Returns N."""
        return len(self.names)

    @property
    def keys(self) -> np.ndarray:
        """Names and contents together, uint8 [N, 16]."""
        both = np.stack([self.names, self.contents], axis=1)
        return np.ascontiguousarray(both).view(np.uint8)


@dataclass(frozen=True)
class Growth:
    """What came, went and changed between two catalogues.

    Attributes:
        added: how many rows are new.
        removed: how many are gone.
        before: how many there were.
        changed: positions of rows whose text or class is another.
        moved: positions of rows whose split is another.
    """

    added: int
    removed: int
    before: int
    changed: np.ndarray
    moved: np.ndarray

    @property
    def is_growth(self) -> bool:
        """Whether a run may go on with it unasked."""
        few = self.removed <= MOST_GONE * self.before
        return few and not len(self.changed) and not len(self.moved)

    def lines(self, catalog: Catalog) -> list[str]:
        """Says what is another, a line each."""
        lines = []
        for what, count in (("new", self.added), ("gone", self.removed)):
            if count:
                lines.append(f"{count:,} of {self.before:,} rows {what}")
        for what, rows in (("text or class", self.changed), ("split", self.moved)):
            if len(rows):
                lines.append(
                    f"{len(rows):,} rows have another {what}, such as row "
                    f"{catalog.rows[rows[0]]}"
                )
        return lines


def rows_of(catalog: Catalog) -> Rows:
    """Takes the digests of a catalogue's rows."""
    if catalog.has_ids:
        named = zip(catalog.ids, catalog.images, strict=True)
        names = ["\0".join(parts) for parts in named]
    else:
        pairs = zip(catalog.images, catalog.texts, strict=True)
        names = [f"picture {image}" if image else f"text {t}" for image, t in pairs]
    # a label is -1 where there is no class
    classes = np.array([*catalog.class_names, ""], object)[catalog.labels]
    contents = ["\0".join(p) for p in zip(catalog.texts, classes, strict=True)]
    splits = np.zeros(len(catalog), np.uint8)
    for number, split in enumerate(SPLITS):
        splits[catalog.split == split] = number
    return Rows(text_ids(names), text_ids(contents), splits)


def compare(then: Rows, now: Rows) -> Growth:
    """Compares two catalogues' rows, in whatever order they stand."""
    place = KeyTable(then.keys).find(now.keys)
    same = place >= 0
    moved = np.flatnonzero(same & (then.splits[place] != now.splits))
    left = np.ones(len(then), bool)
    left[place[same]] = False
    gone = collections.Counter(then.names[left].tolist())
    changed = []
    for row in np.flatnonzero(~same).tolist():
        name = int(now.names[row])
        if gone[name]:
            gone[name] -= 1
            changed.append(row)
    return Growth(
        added=int(np.count_nonzero(~same)) - len(changed),
        removed=int(left.sum()) - len(changed),
        before=len(then),
        changed=np.array(changed, np.int64),
        moved=moved,
    )


def trained_on(then: Rows, now: Rows) -> np.ndarray:
    """Says which rows of a catalogue were training rows of another: bool [N]."""
    trained = then.names[then.splits == SPLITS.index("train")]
    return np.isin(now.names, trained)


def write_rows(path: Path, rows: Rows) -> None:
    """Writes rows to a file, whole or not at all."""
    with replaced(path) as beside, open(beside, "wb") as file:
        np.savez(file, **{name: getattr(rows, name) for name in _ARRAYS})


def read_rows(path: Path) -> Rows | None:
    """Reads what `write_rows` wrote; None where there is none or it is damaged."""
    if not path.exists():
        return None
    arrays = read_arrays(path, _ARRAYS)
    return None if arrays is None else Rows(**{n: arrays[n] for n in _ARRAYS})
