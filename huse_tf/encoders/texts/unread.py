"""Texts of which an encoder sees nothing, or nothing that tells them apart."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
import tensorflow as tf

from huse_tf.encoders.base import TextEncoder
from huse_tf.errors import InputError

SHARED = 5  # different texts that one vector stands for, before it counts as constant
SAMPLE = 1000  # texts that are encoded for the question alone
_BATCH = 256
_PROJECTIONS = 4
_SHOWN = 3
_LONGEST = 40  # characters of a text that are shown
_WORD = re.compile(r"\w+")


class Limit(Protocol):
    """How many texts may stay unread."""

    def limit(self, total: int) -> int:
        """Returns how many of `total` texts these are."""


class Section(Protocol):
    """[text_encoder] or [class_encoder]: these two keys."""

    name: str
    max_unreadable: Limit


@dataclasses.dataclass(frozen=True)
class Unread:
    """Which of N texts an encoder cannot read.

    Attributes:
        zero: int64, positions of texts whose vector is zero.
        constant: int64, positions of texts that share a vector and nothing else.
        total: the texts that are not blank.
    """

    zero: np.ndarray
    constant: np.ndarray
    total: int


def check_texts(
    settings: Section,
    encoder: TextEncoder,
    texts: np.ndarray,
    rows: np.ndarray,
    features: Iterable[np.ndarray] | None = None,
) -> str:
    """Says which texts an encoder cannot read.

    Args:
        settings: the [text_encoder] section.
        encoder: adapted or restored.
        texts: object [N].
        rows: int64 [N], their rows in the catalogue.
        features: of all texts in order, in chunks float32 [n, D]; without them at
            most 1,000 texts, evenly spaced, are encoded now.

    Returns:
        A line that counts them and names the first; "" where all are read.

    Raises:
        InputError: they are more than text_encoder.max_unreadable.
    """
    if features is None:
        chosen = np.linspace(0, len(texts) - 1, min(len(texts), SAMPLE)).astype(int)
        texts, rows = texts[chosen], rows[chosen]
        features = encode_now(encoder, texts)
    return _judge(
        "text_encoder",
        settings,
        find_unread(texts, features),
        lambda i: f"row {rows[i]} {_quoted(texts[i])}",
    )


def check_class_names(
    settings: Section,
    class_names: Sequence[str],
    separator: str,
    features: np.ndarray,
) -> str:
    """Says which class names an encoder cannot tell apart; else as `check_texts`.

    Args:
        settings: the [class_encoder] section.
        class_names: K paths.
        separator: joins the levels of a path.
        features: float32 [K, D], of the names. Two alone may not share a vector: at
            distance 0 the graph loss draws two classes together.

    Raises:
        InputError: they are more than class_encoder.max_unreadable.
    """
    texts = [name.replace(separator, " ") for name in class_names]
    unread = find_unread(texts, [features], shared=2)
    return _judge("class_encoder", settings, unread, lambda i: _quoted(class_names[i]))


def find_unread(
    texts: Sequence[str], features: Iterable[np.ndarray], shared: int = SHARED
) -> Unread:
    """Finds texts whose features are zero, or the same for texts without common words.

    Texts that have words in common may well share a vector: they differ in what the
    encoder leaves out (order, punctuation, unknown brands), and it has read the rest.

    Args:
        texts: [N]; blank ones are left out.
        features: the texts' features in order, in chunks float32 [n, D].
        shared: this many different texts, at least, make a vector constant.
    """
    zero, keys = [np.zeros(0, bool)], [np.zeros((0, _PROJECTIONS), np.int32)]
    for chunk in features:
        lengths = np.linalg.norm(chunk, axis=1)
        draw = np.random.default_rng(0).normal(size=(chunk.shape[1], _PROJECTIONS))
        units = chunk / np.where(lengths, lengths, 1)[:, None]
        # features that differ by rounding, as those of another batch may, are one
        keys.append(np.rint(units @ draw * 1000).astype(np.int32))
        zero.append(lengths == 0)
    there = np.array([bool(text.strip()) for text in texts], bool)
    is_zero = np.concatenate(zero) & there
    rest = np.flatnonzero(there & ~is_zero)
    constant = [
        members
        for members in _groups(np.concatenate(keys)[rest], rest)
        if len(members) >= shared
        and _all_different([texts[i] for i in members], shared)
    ]
    return Unread(
        np.flatnonzero(is_zero),
        np.sort(np.concatenate([*constant, np.zeros(0, np.int64)])),
        int(there.sum()),
    )


def encode_now(encoder: TextEncoder, texts: Sequence[str]) -> Iterator[np.ndarray]:
    """Encodes a few texts past the feature store, in chunks float32 [n, D]."""
    for first in range(0, len(texts), _BATCH):
        batch = tf.constant(list(texts[first : first + _BATCH]), tf.string)
        yield encoder(encoder.prepare(batch), training=False).numpy()


def _judge(
    section: str,
    settings: Section,
    unread: Unread,
    name: Callable[[int], str],
) -> str:
    """Returns the line about unread texts; raises where they are too many."""
    positions = np.union1d(unread.zero, unread.constant)
    if not len(positions):
        return ""
    names = [name(int(i)) for i in positions[:_SHOWN]]
    if len(positions) > _SHOWN:
        names.append("...")
    line = (
        f"{section}.name = {settings.name} cannot read {len(positions):,} of "
        f"{unread.total:,} (zero vectors: {len(unread.zero):,}; one vector for names "
        f"or texts with no word in common: {len(unread.constant):,}): "
        + ", ".join(names)
    )
    if len(positions) > settings.max_unreadable.limit(unread.total):
        raise InputError(
            f"{line}; more than {section}.max_unreadable = {settings.max_unreadable} "
            f"stop the run: set {section}.name to an encoder that knows the language "
            "(README, Encoders), or allow more"
        )
    return line


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def _groups(keys: np.ndarray, positions: np.ndarray) -> list[np.ndarray]:
    """Splits positions [n] into those of equal rows of keys [n, 4]."""
    if not len(keys):
        return []
    _, group, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    ordered = positions[np.argsort(group.reshape(-1), kind="stable")]
    return np.split(ordered, np.cumsum(counts)[:-1])


def _all_different(texts: Sequence[str], least: int) -> bool:
    """Whether at least so many texts differ in their words, and no word is in all."""
    words = {frozenset(_WORD.findall(text.casefold())) for text in texts}
    return len(words) >= least and not frozenset.intersection(*words)
