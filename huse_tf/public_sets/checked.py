"""What a data set lists, checked product by product, and the catalogue of it."""

import collections
import csv
import dataclasses
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from huse_tf.catalog.image_files import ImageFolder
from huse_tf.catalog.splits import SPLITS, stratified_split
from huse_tf.catalog.tables import HAS_NUL, NOT_UTF8
from huse_tf.errors import InputError
from huse_tf.progress import Progress
from huse_tf.public_sets.listing import Listed

SEPARATOR = "<"
FRACTION = 0.1  # of the rows, for each split that is not published
SEED = 0


class Product(NamedTuple):
    """One row of the catalogue."""

    image: str
    text: str
    class_name: str
    split: str


@dataclasses.dataclass(frozen=True)
class Checked:
    """Products to write, and what was left out or put right.

    Attributes:
        products: in the order of the data set.
        drawn: the splits that the data set does not publish.
        skipped: reason -> where; pictures, rows and captions that are not used.
        repaired: what was put right -> where.
    """

    products: list[Product]
    drawn: tuple[str, ...]
    skipped: Mapping[str, list[str]]
    repaired: Mapping[str, list[str]]

    def summary(self) -> str:
        """Returns lines for the screen."""
        classes = {product.class_name for product in self.products}
        counts = collections.Counter(product.split for product in self.products)
        shown = ", ".join(f"{counts[name]:,} {name}" for name in SPLITS)
        lines = [
            f"{len(self.products):,} products in {len(classes):,} classes: {shown}"
        ]
        if photos := sum(not product.text for product in self.products):
            lines.append(f"{photos:,} products are photos without a text")
        if self.drawn:
            lines.append(
                f"{' and '.join(self.drawn)} rows are not the publisher's: "
                f"{FRACTION:.0%} each, drawn by class, always the same"
            )
        for title, found in (("repaired", self.repaired), ("skipped", self.skipped)):
            if found:
                lines.append(f"{sum(map(len, found.values())):,} {title}:")
            for reason, where in sorted(found.items(), key=lambda item: -len(item[1])):
                lines.append(f"{len(where):>9,}  {reason} (first: {_line(where[0])})")
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """Writes the catalogue, in one piece or not at all.

        Args:
            path: the CSV; an older one is replaced.

        Raises:
            InputError: it cannot be written there.
        """
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
        try:
            try:
                with open(unfinished, "w", encoding="utf-8", newline="") as file:
                    writer = csv.writer(file, lineterminator="\n")
                    writer.writerow(("image", "text", "class", "split"))
                    writer.writerows(self.products)
                os.replace(unfinished, path)
            finally:
                unfinished.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(
                f"{path}: cannot be written: {error.strerror}; name another file"
            ) from error


def check(folder: Path, listed: Sequence[Listed]) -> Checked:
    """Checks that each product has a picture, a class and, where it must, a text.

    Args:
        folder: of the data set, which pictures are relative to.
        listed: what it lists.

    Raises:
        InputError: fewer than two classes are left.
    """
    images = ImageFolder(folder)
    skipped, repaired = collections.defaultdict(list), collections.defaultdict(list)
    products = {}
    with Progress(len(listed), "Checking", unit="products") as bar:
        for entry in listed:
            product = Product(
                entry.image,
                " ".join(entry.text.split()),
                SEPARATOR.join(" ".join(level.split()) for level in entry.levels),
                entry.split,
            )
            problem = entry.problem or _problem(entry, product, images)
            if not problem and product in products:
                problem = "duplicate row"
            if problem:
                skipped[problem].append(entry.source)
            else:
                products[product] = None
                if entry.repair:
                    repaired[entry.repair].append(entry.source)
            bar.update(1)
    rows, drawn = _with_splits(list(products))
    checked = Checked(rows, drawn, skipped, repaired)
    classes = {product.class_name for product in rows}
    if len(classes) < 2:
        raise InputError(
            f"{folder}: {len(rows):,} products of {len(classes)} classes can be used, "
            f"expected two classes or more; skipped: {_reasons(skipped) or 'nothing'}"
        )
    return checked


def _problem(entry: Listed, product: Product, images: ImageFolder) -> str:
    content = "".join(product)
    if "\0" in content:
        return HAS_NUL
    if re.search("[\ud800-\udfff]", content):
        return NOT_UTF8
    if product.image != product.image.strip():
        return "spaces around the picture's path"
    if not product.text and not entry.may_lack_text:
        return "empty text"
    if not all(product.class_name.split(SEPARATOR)):
        return "empty class"
    if product.class_name.count(SEPARATOR) >= len(entry.levels):
        return f"{SEPARATOR} in the name of a class"
    return images.check(product.image)[1]


def _with_splits(products: list[Product]) -> tuple[list[Product], tuple[str, ...]]:
    """Draws the splits that are not published; validation rows are training rows."""
    published = {product.split for product in products}
    if not products or "validation" in published:
        return products, ()
    split = np.array([product.split or "train" for product in products], dtype=object)
    names = [product.class_name for product in products]
    labels = np.unique(names, return_inverse=True)[1]
    rows = np.flatnonzero(split == "train")
    test = 0.0 if "test" in published else FRACTION
    split[rows] = stratified_split(labels[rows], FRACTION, test, SEED)
    drawn = ("validation",) if "test" in published else ("validation", "test")
    pairs = zip(products, split, strict=True)
    return [product._replace(split=name) for product, name in pairs], drawn


def _reasons(found: Mapping[str, list[str]]) -> str:
    return ", ".join(
        f"{len(where):,} {reason} (first: {_line(where[0])})"
        for reason, where in found.items()
    )


def _line(source: str) -> str:
    return source.encode("utf-8", "backslashreplace").decode().replace("\n", "\\n")
