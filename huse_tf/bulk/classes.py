"""Classes that a run has never seen: by their names, or by example products."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from huse_tf.encoders.texts.factory import class_texts
from huse_tf.errors import InputError
from huse_tf.run.embedder import Embedder
from huse_tf.run.restore import TrainedRun

CLASS, IMAGE, TEXT = "class", "image", "text"


@dataclass(frozen=True)
class Example:
    """A product of a class, of which at least one of the two is not empty.

    Attributes:
        row: of the file, the header being 1.
        image: a picture file's path, or "".
        text: its title, or "".
    """

    row: int
    image: str
    text: str


@dataclass(frozen=True)
class Described:
    """A class, by its name and maybe by examples."""

    name: str
    examples: list[Example] = field(default_factory=list)


def read_classes(path: Path, images: Path) -> list[Described]:
    """Reads classes from a list of names, or from a CSV of examples.

    Args:
        path: a text file with a name a line; or a CSV with a column class and image,
            text or both. A row with neither names its class alone.
        images: the folder that the CSV's pictures are relative to.

    Returns:
        At least two, in the order of the file.

    Raises:
        InputError: the file cannot be read, or has fewer than two classes.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(
            f"`classes` {path}: cannot be read ({error.strerror}); expected names, one "
            "a line, or a CSV with a column class"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"`classes` {path}: is not UTF-8; save the file as UTF-8"
        ) from error
    rows = list(csv.reader(io.StringIO(text, newline="")))
    header = [cell.strip().casefold() for cell in rows[0]] if rows else []
    if CLASS in header:
        examples = _examples(header, rows[1:], images)
    else:
        examples = [(line.strip(), None) for line in text.splitlines()]
    found: dict[str, Described] = {}
    for name, example in examples:
        if name:
            described = found.setdefault(name, Described(name))
            if example is not None:
                described.examples.append(example)
    if len(found) < 2:
        raise InputError(
            f"`classes` {path}: {len(found)} class in it; expected two or more, a name "
            "a line or a CSV with a column class"
        )
    return list(found.values())


def _examples(
    header: list[str], rows: list[list[str]], images: Path
) -> list[tuple[str, Example | None]]:
    """Returns the class and the product of each row, None where it has none."""
    found = []
    for number, cells in enumerate(rows, 2):
        row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        image, text = row.get(IMAGE, ""), row.get(TEXT, "")
        example = Example(number, str(images / image) if image else "", text)
        found.append((row.get(CLASS, ""), example if image or text else None))
    return found


def class_vectors(
    trained: TrainedRun, path: Path, classes: Sequence[Described]
) -> np.ndarray:
    """Embeds classes: the mean of their examples, or else their names.

    Args:
        trained: the run.
        path: the file they are from, for messages.
        classes: K.

    Returns:
        float32 [K, D], unit rows.

    Raises:
        InputError: the text encoder knows no word of a name, or an example cannot be
            used.
    """
    embedder = Embedder(trained)
    vectors = np.empty([len(classes), trained.config.towers.embedding_dim], np.float32)
    for i, described in enumerate(classes):
        if described.examples:
            vectors[i] = _mean(embedder, path, described.examples)
        else:
            vectors[i] = _of_name(embedder, trained, path, described.name)
    return vectors


def _of_name(
    embedder: Embedder, trained: TrainedRun, path: Path, name: str
) -> np.ndarray:
    """The mean of the whole path's vector and of its last level's alone."""
    separator = trained.config.data.class_separator
    (text,) = class_texts([name], separator)
    last = name.rpartition(separator)[2]
    if not embedder.reads(text):
        raise InputError(
            f"`classes` {path}: class {name!r}: the run's text encoder knows none of "
            "its words; give examples of it in a CSV with the columns class, image and "
            "text, or name it otherwise"
        )
    return _unit(embedder.embed(None, [text, last])[0].sum(axis=0))


def _mean(embedder: Embedder, path: Path, examples: Sequence[Example]) -> np.ndarray:
    total = 0.0
    for example in examples:  # a few: each with the modalities that it has
        rows, problems = embedder.embed(
            [example.image] if example.image else None,
            [example.text] if example.text else None,
        )
        for reasons in problems.values():
            for reason in reasons.values():
                raise InputError(
                    f"`classes` {path}: row {example.row}: {example.image or ''} "
                    f"{reason}; repair it or leave it out"
                )
        total = total + rows[0].astype(np.float64)
    return _unit(total)


def _unit(vector: np.ndarray) -> np.ndarray:
    return (vector / max(np.linalg.norm(vector), 1e-12)).astype(np.float32)
