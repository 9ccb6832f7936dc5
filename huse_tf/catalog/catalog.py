"""A product catalogue: N products, and what is to be said about it."""

import collections
import csv
import dataclasses
import functools
import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from huse_tf.catalog.groups import numbered, product_keys
from huse_tf.catalog.rows import SHOWN, Rejected
from huse_tf.catalog.splits import SPLITS
from huse_tf.errors import InputError

MOST = 0.5  # share of the products; a class with more is named


@dataclasses.dataclass(frozen=True, eq=False)
class Catalog:
    """N products of K classes.

    Attributes:
        images: str [N], paths relative to `image_root`; "" where there is no picture.
        texts: str [N]; "" where there is no text. Never both.
        labels: int32 [N], in [0, K); -1 where a catalogue without classes was asked
            for.
        class_names: [K], sorted.
        split: str [N], train, validation or test.
        rows: int64 [N], row numbers: in a CSV as a spreadsheet counts, the header
            being 1; in JSON lines the line; elsewhere the position from 0.
        image_root: the folder of the pictures.
        rejected: the rows that are not used, by row number.
        ids: str [N], the user's own name of each product; the row number where the
            catalogue has none. Rows of one id are pictures of one product.
        has_ids: whether these are of an id column.
        csv: the file it was read from.
        encoding: how that file was decoded.
        separator: joins the levels of a class name.
        carried: name of a column that is neither picture, text, class nor split ->
            str [N], its cells, for whoever shows or writes products.
        notes: lines about how it was read, for the screen.
        hint: what would help where most pictures are missing, else "".
    """

    images: np.ndarray
    texts: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    split: np.ndarray
    rows: np.ndarray
    image_root: Path
    rejected: tuple[Rejected, ...]
    ids: np.ndarray
    has_ids: bool = False
    csv: Path = Path("catalog.csv")
    encoding: str = "UTF-8"
    separator: str = "<"
    carried: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    hint: str = ""

    def __len__(self) -> int:
        """Returns N."""
        return len(self.rows)

    @functools.cached_property
    def has_image(self) -> np.ndarray:
        """Says which products have a picture, bool [N]."""
        return self.images != ""

    @functools.cached_property
    def has_text(self) -> np.ndarray:
        """Says which products have a text, bool [N]."""
        return self.texts != ""

    @functools.cached_property
    def products(self) -> np.ndarray:
        """Numbers the products in the order in which they come, int64 [N].

        Rows of one number are pictures of one product.
        """
        return numbered(self.ids)

    @property
    def has_several(self) -> bool:
        """Whether a product has several rows."""
        return len(self) > 0 and int(self.products.max()) + 1 < len(self)

    @property
    def first_rows(self) -> np.ndarray:
        """Returns the position of each product's first row, int64 [P], ascending."""
        return np.unique(self.products, return_index=True)[1]

    @functools.cached_property
    def keys(self) -> list[str]:
        """Says of each row what its product is, wherever it stands: see groups."""
        ids = self.ids if self.has_ids else None
        return product_keys(self.products, ids, self.images, self.texts)

    def indices(self, split: str) -> np.ndarray:
        """Returns the positions of a split's products, int64 [n], ascending."""
        return np.flatnonzero(self.split == split)

    def image_path(self, i: int) -> str:
        """Returns the absolute path of a product's picture; "" where it has none."""
        image = self.images[i]
        return os.path.join(self.image_root, image) if image else ""

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 of every product's image path, text, class and split, in order."""
        digest = hashlib.sha256()
        names = np.array([*self.class_names, ""], dtype=object)[self.labels]
        for cells in zip(self.images, self.texts, names, self.split, strict=True):
            # no cell has a NUL, so the joint is unambiguous
            digest.update("\0".join((*cells, "")).encode())
        return digest.hexdigest()

    def without(self, positions: Mapping[int, str]) -> "Catalog":
        """Drops products; the classes and their labels stay as they are.

        Args:
            positions: position of a product -> the reason, for `rejected`.
        """
        if not positions:
            return self
        keep = np.ones(len(self), bool)
        keep[list(positions)] = False
        dropped = [
            Rejected(
                int(self.rows[i]),
                self.images[i],
                self.texts[i],
                self.class_names[self.labels[i]] if self.labels[i] >= 0 else "",
                reason,
            )
            for i, reason in positions.items()
        ]
        return dataclasses.replace(
            self.take(np.flatnonzero(keep)),
            rejected=by_row((*self.rejected, *dropped)),
        )

    def take(self, positions: np.ndarray) -> "Catalog":
        """Returns some of the rows (positions: int64 [n]); `rejected` stays."""
        columns = {
            name: getattr(self, name)[positions]
            for name in ("images", "texts", "labels", "split", "rows", "ids")
        }
        carried = {name: cells[positions] for name, cells in self.carried.items()}
        return dataclasses.replace(self, **columns, carried=carried)

    def write_rejected(self, path: str | os.PathLike[str]) -> None:
        """Writes the rejected rows as a CSV: row, image, text, class, reason."""
        with open(
            path, "w", encoding="utf-8", errors="backslashreplace", newline=""
        ) as file:
            writer = csv.writer(file)
            writer.writerow(("row", "image", "text", "class", "reason"))
            for row in self.rejected:
                cells = (row.image, row.text, row.class_name)
                shown = [cell[:SHOWN].replace("\0", "\\0") for cell in cells]
                writer.writerow((row.row, *shown, row.reason))

    def summary(self) -> str:
        """Returns lines for the screen: the splits, and the rejected by reason."""
        counts = {name: len(self.indices(name)) for name in SPLITS}
        shown = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        lines = [f"{self.csv.name}: {len(self):,} products"]
        if self.class_names:
            lines[0] += f" in {len(self.class_names):,} classes: {shown}"
        lines += self.notes
        if self.encoding != "UTF-8":
            lines.append(f"{self.csv.name} was read as {self.encoding}")
        for has, other, lacks in (
            (self.has_image, "text", "picture"),
            (self.has_text, "picture", "text"),
        ):
            if alone := len(self) - int(has.sum()):
                lines.append(f"{alone:,} products have a {other} and no {lacks}")
        trained = np.unique(self.labels[self.split == "train"])
        untrained = np.setdiff1d(self.labels, trained)
        if len(trained) and len(untrained):
            lines.append(
                f"{len(untrained):,} classes have no training rows, such as "
                + self.class_names[untrained[0]]
            )
        sizes = np.bincount(self.labels[self.labels >= 0], minlength=1)
        if sizes.max() > MOST * sizes.sum():
            lines.append(
                f"{sizes.max() / sizes.sum():.0%} of the products are of one class, "
                f"{self.class_names[sizes.argmax()]}: a model that knows no other has "
                "this accuracy; macro_ metrics and balanced_retrieval are means over "
                "classes"
            )
        if self.rejected:
            lines.append(f"{len(self.rejected):,} rows rejected:")
            for reason, rows in _by_reason(self.rejected):
                lines.append(f"{len(rows):>9,}  {reason} (first: row {rows[0].row})")
        if self.hint:
            lines.append(self.hint)
        return "\n".join(lines)

    def check_bad_rows(self, limit: int) -> None:
        """Raises InputError where more rows are rejected than `limit`."""
        if len(self.rejected) > limit:
            total = len(self) + len(self.rejected)
            raise InputError(
                f"{self.csv}: {len(self.rejected):,} of {total:,} rows are rejected, "
                f"data.max_bad_rows allows {limit:,}: {reasons(self.rejected)}; "
                "repair them or raise data.max_bad_rows"
                + (f"; {self.hint}" if self.hint else "")
            )


def by_row(rejected: Iterable[Rejected]) -> tuple[Rejected, ...]:
    """Sorts rejected rows."""
    return tuple(sorted(rejected, key=lambda row: row.row))


def _by_reason(rejected: tuple[Rejected, ...]) -> list[tuple[str, list[Rejected]]]:
    """Returns the rejected rows of each reason, the most frequent reason first."""
    groups = collections.defaultdict(list)
    for row in rejected:
        groups[row.reason].append(row)
    return sorted(groups.items(), key=lambda item: -len(item[1]))


def reasons(rejected: tuple[Rejected, ...]) -> str:
    """Counts the rejected rows of each reason, on one line."""
    return ", ".join(
        f"{len(rows):,} {reason} (first: row {rows[0].row} {rows[0].image[:60]!r})"
        for reason, rows in _by_reason(rejected)
    )
