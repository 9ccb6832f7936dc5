"""What the files of a data set list, before it is checked."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from huse_tf.errors import InputError

PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp")
PICTURES += (".tif", ".tiff", ".avif", ".heic", ".heif")  # read by an extra


class Listed(NamedTuple):
    """One product as listed, or why there is none.

    Attributes:
        source: where it stands, for messages: "styles.csv row 7" or a path.
        image: path of the picture, relative to the data set's folder.
        text: its text.
        levels: of its class, from general to specific.
        split: train, validation or test; "" where the set publishes none.
        problem: why it cannot be used, or "".
        repair: what was put right in it, or "".
        may_lack_text: whether it is a product without a text as well.
    """

    source: str
    image: str = ""
    text: str = ""
    levels: tuple[str, ...] = ()
    split: str = ""
    problem: str = ""
    repair: str = ""
    may_lack_text: bool = False


def require(folder: Path, names: Sequence[str], layout: str) -> None:
    """Checks that a data set's folder holds what its layout has.

    Args:
        folder: of the data set.
        names: files and folders in it.
        layout: the data set's name.

    Raises:
        InputError: one of them is not there.
    """
    for name in names:
        if not (folder / name).exists():
            raise InputError(
                f"{folder}: no {name}; expected {layout}, with {', '.join(names)}; "
                "name the folder that holds these"
            )


def read_text(path: Path) -> str:
    """Returns a file's text; bytes that are not UTF-8 come back as surrogates.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def files(folder: Path, below: str = "") -> Iterator[str]:
    """Yields the paths of all files, in order, relative to `folder`.

    Hidden files and folders are left out, links to folders are not followed.

    Args:
        folder: the paths are relative to it.
        below: a folder in it to search, "" for all of it.

    Raises:
        InputError: a folder cannot be read.
    """
    for path, folders, names in os.walk(folder / below, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = Path(path).relative_to(folder)
        for name in sorted(names):
            if not name.startswith("."):
                yield (inside / name).as_posix()


def is_picture(path: str) -> bool:
    """Returns whether a file is a picture by its name."""
    return path.lower().endswith(PICTURES)


def without_row(folder: Path, below: str, listed: Sequence[Listed]) -> list[Listed]:
    """Returns the pictures below a folder that nothing listed names, as problems."""
    named = {product.image for product in listed}
    return [
        Listed(path, problem="picture that no readable row names")
        for path in files(folder, below)
        if is_picture(path) and path not in named
    ]


def as_words(name: str) -> str:
    """Returns Golden-Delicious or golden_delicious as golden delicious."""
    return name.replace("_", " ").replace("-", " ").lower()


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename}: cannot be read: {error.strerror}")
