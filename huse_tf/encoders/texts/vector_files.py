"""GloVe and word2vec text files: a word and its numbers on each line."""

from collections.abc import Collection
from typing import BinaryIO

import numpy as np

from huse_tf.encoders.texts.words import LONGEST_WORD
from huse_tf.errors import InputError

FREQUENT_WORDS = 100_000


def read(path: str, used: Collection[str], lower: bool) -> tuple[list[str], np.ndarray]:
    """Reads the frequent words of a file, and any other that is used.

    Such files list words by falling frequency: the first 100,000 are kept for texts to
    come, of the rest only `used` ones. A first line with two whole numbers (word2vec)
    is skipped.

    Args:
        path: the file, UTF-8.
        used: the words of the training texts.
        lower: whether to lower-case the file's words; the first of equal ones counts.

    Returns:
        words: W different words.
        vectors: float32 [W, D].

    Raises:
        InputError: the file is missing, or a line of it is not as described.
    """
    if not path:
        raise InputError(
            "text encoder word_vectors: vectors is empty; expected a GloVe or word2vec "
            "text file"
        )
    try:
        with open(path, "rb") as file:
            vectors = _read_lines(file, path, used, lower)
    except OSError as error:
        raise InputError(
            f"vectors = {path}: expected a GloVe or word2vec text file; "
            f"{error.strerror}"
        ) from error
    if not vectors:
        raise InputError(f"{path}: expected lines of a word and its numbers; no line")
    return list(vectors), np.array(list(vectors.values()), dtype=np.float32)


def _read_lines(
    file: BinaryIO, path: str, used: Collection[str], lower: bool
) -> dict[str, np.ndarray]:
    """Parses the lines that `read` keeps: word to float32 [D]."""
    vectors: dict[str, np.ndarray] = {}
    dim = None
    for number, line in enumerate(file, start=1):
        if number == 1 and _is_header(line) or not line.strip():
            continue
        if dim is None:
            dim = len(line.split()) - 1
        word = _decode(line.split(None, 1)[0], lower)
        if word in vectors or number > FREQUENT_WORDS and word not in used:
            continue
        fields = line.rsplit(None, dim)
        vector = _parse(fields, dim, f"{path} line {number}")
        # some files have entries with blanks within, which no text's word can equal
        if len(fields[0].split()) == 1 and len(word) <= LONGEST_WORD:
            vectors[word] = vector
    return vectors


def _is_header(line: bytes) -> bool:
    """Recognises word2vec's first line: number of words, dimensions."""
    fields = line.split()
    return len(fields) == 2 and all(field.isdigit() for field in fields)


def _decode(word: bytes, lower: bool) -> str:
    """Decodes a word; bytes that are no UTF-8 (word2vec cuts some words) are marked."""
    text = word.decode("utf-8", errors="replace")
    return text.lower() if lower else text


def _parse(fields: list[bytes], dim: int, where: str) -> np.ndarray:
    """Parses a line's numbers: float32 [dim]."""
    try:
        vector = np.array([float(field) for field in fields[1:]], dtype=np.float32)
    except ValueError:
        vector = np.zeros(0, np.float32)
    if len(vector) != dim or dim == 0 or not np.isfinite(vector).all():
        raise InputError(
            f"{where}: expected a word and {max(dim, 1)} numbers, separated by blanks "
            "(a GloVe or word2vec text file; word2vec's binary files are not read)"
        )
    return vector
