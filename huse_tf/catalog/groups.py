"""Which rows are one product, and which belong together by picture or text."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

THREADS = 8
EDGE = 4096  # bytes read at either end of a picture file
PART = 512  # pictures that a thread looks at in one go


def numbered(names: Sequence[str]) -> np.ndarray:
    """Numbers names from 0 in the order in which they come: str [N] to int64 [N]."""
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(name, len(numbers)) for name in names], np.int64
    )


def first_rows(numbers: np.ndarray) -> np.ndarray:
    """Returns of each row the first row of its number: int64 [N] to int64 [N]."""
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    return first[inverse]


def product_keys(
    products: np.ndarray, ids: np.ndarray | None, images: np.ndarray, texts: np.ndarray
) -> list[str]:
    """Says what each row's product is, wherever in a catalogue it stands.

    Args:
        products: int64 [N].
        ids: str [N], the user's own, or None where the catalogue has none.
        images: str [N], paths, "" where there is no picture.
        texts: str [N].

    Returns:
        [N], of each product its id; without ids its first picture's path, or where it
        has no picture its text.
    """
    if ids is not None:
        return [f"id {name}" for name in ids]
    return [
        f"picture {images[row]}" if images[row] else f"text {texts[row]}"
        for row in first_rows(products).tolist()
    ]


def linked(*links: np.ndarray) -> np.ndarray:
    """Puts rows into groups: those that share a value, directly or through others.

    Args:
        links: int64 [N] each; rows of an equal value are linked, a negative value
            links nothing.

    Returns:
        int64 [N], the first row of each row's group.
    """
    groups = np.arange(len(links[0]))
    prepared = []
    for link in links:
        rows = np.flatnonzero(link >= 0)
        _, numbers = np.unique(link[rows], return_inverse=True)
        prepared.append((rows, numbers))
    while True:
        before = groups.copy()
        for rows, numbers in prepared:
            least = np.full(len(rows), len(groups))
            np.minimum.at(least, numbers, groups[rows])
            groups[rows] = least[numbers]
        if np.array_equal(groups, before):
            return groups


def together(
    how: str,
    products: np.ndarray,
    keys: Sequence[str],
    root: Path,
    images: np.ndarray,
    texts: np.ndarray,
) -> tuple[np.ndarray, Sequence[str]]:
    """Puts rows into the groups that share a split, and says what decides it.

    What equal rows share decides where they share something, so that a further copy
    changes nothing: the text for `texts` and `both`, the picture for `pictures`.

    Args:
        how: data.split_together: none, pictures, texts or both.
        products: int64 [N]; rows of one product are always together.
        keys: [N], from `product_keys`.
        root: the images folder.
        images: str [N], paths relative to `root`.
        texts: str [N].

    Returns:
        groups: int64 [N].
        keys: [N].
    """
    if how == "none":
        return products, keys
    links, keys = [products], list(keys)
    first = first_rows(products)
    if how in ("pictures", "both"):
        marks = picture_marks(root, images)
        links.append(marks)
        keys = [
            f"content {marks[row]}" if marks[row] >= 0 else key
            for row, key in zip(first.tolist(), keys, strict=True)
        ]
    if how in ("texts", "both"):
        numbers = numbered(texts)
        links.append(np.where(texts == "", -1, numbers))
        keys = [
            f"text {texts[row]}" if texts[row] else key
            for row, key in zip(first.tolist(), keys, strict=True)
        ]
    return linked(*links), keys


def picture_marks(root: Path, images: Sequence[str]) -> np.ndarray:
    """Marks picture files so that equal contents, however named, have equal marks.

    Size and both ends are read, not the whole: pictures that differ in the middle only
    share a mark too, which puts them into one split and does no other harm.

    Args:
        root: the images folder.
        images: [N], paths relative to it, "" for none.

    Returns:
        int64 [N], at least 0; -1 where there is no picture or it cannot be read.
    """
    marks = np.full(len(images), -1, np.int64)

    def look(rows: range) -> None:
        for row in rows:
            if images[row]:
                marks[row] = _mark(os.path.join(root, images[row]))

    parts = [range(i, min(i + PART, len(images))) for i in range(0, len(images), PART)]
    with ThreadPoolExecutor(THREADS) as threads:
        for _ in threads.map(look, parts):
            pass
    return marks


def _mark(path: str) -> int:
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            ends = file.read(EDGE)
            file.seek(max(0, size - EDGE))
            ends += file.read(EDGE)
    except OSError:
        return -1  # whoever encodes the picture says so
    digest = hashlib.blake2b(b"%d " % size + ends, digest_size=8).digest()
    return int.from_bytes(digest) >> 1
