"""Word search: how well "a word and a class" finds products that are both.

The paper's metrics ask for the class alone; a user who types "red dresses" asks for
the colour too. The queries are found in the titles of the evaluated rows themselves,
so that any catalogue has them, in any language whose words stand apart.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from huse_tf.metrics.registry import WORDS_AT
from huse_tf.metrics.retrieval import nearest_items

AT_LEAST = 10  # rows of the class that have the word
AT_MOST = 0.5  # of the rows of the class
LIMIT = 1_000  # queries
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class WordQueries:
    """Queries of a word and a class's last level, and the rows that answer them.

    Attributes:
        texts: Q queries, such as "red dresses".
        words: Q words, such as "red".
        labels: int64 [Q], the classes.
        answers: Q arrays of rows, int64, in order: of the class, with the word.
        chance: mean over the queries of the share of the class's rows, of those with
            a title, that have the word: P@10 of a search that knows the class alone.
            0 without queries.
    """

    texts: tuple[str, ...]
    words: tuple[str, ...]
    labels: np.ndarray
    answers: tuple[np.ndarray, ...]
    chance: float

    def __len__(self) -> int:
        """Q."""
        return len(self.texts)


def word_queries(
    titles: Sequence[str],
    labels: np.ndarray,
    class_names: Sequence[str],
    separator: str,
    leave_out: Collection[str] = (),
    at_least: int = AT_LEAST,
    limit: int = LIMIT,
    seed: int = 0,
) -> WordQueries:
    """Finds the queries that a set of products can answer.

    A word of at least two letters counts for a class if enough of its rows have it in
    their title and at most half of those that have a title: what nearly all have says
    nothing beside the class. A word that the class's own path holds is none, in
    singular or plural: one begins with the other, and at most two letters are left
    over.

    Args:
        titles: [n]; "" where there is none.
        labels: int [n], in [0, K).
        class_names: [K] paths, in label order.
        separator: what stands between two levels of a path.
        leave_out: lower-case words that ask for nothing, such as "with".
        at_least: rows of the class that have the word, at least 1.
        limit: the most queries; more are sampled.
        seed: of the sample.

    Returns:
        The queries, in the order of class and word.
    """
    labels = np.asarray(labels)
    titled = labels[[bool(title) for title in titles]]
    sizes = np.bincount(titled, minlength=len(class_names))
    rows: dict[tuple[int, str], list[int]] = defaultdict(list)
    paths = [words_of(name) for name in class_names]
    for row, (title, label) in enumerate(zip(titles, labels.tolist(), strict=True)):
        for word in words_of(title):
            rows[label, word].append(row)
    found = sorted(
        (label, word)
        for (label, word), held in rows.items()
        if at_least <= len(held) <= AT_MOST * sizes[label]
        and word not in leave_out
        and not any(_is_same(word, said) for said in paths[label])
    )
    if len(found) > limit:
        draw = np.random.default_rng(seed).choice(len(found), limit, replace=False)
        found = [found[i] for i in np.sort(draw)]
    answers = tuple(np.array(rows[pair], np.int64) for pair in found)
    shares = [
        len(held) / sizes[label]
        for (label, _), held in zip(found, answers, strict=True)
    ]
    return WordQueries(
        tuple(f"{w} {class_names[c].split(separator)[-1].strip()}" for c, w in found),
        tuple(word for _, word in found),
        np.array([label for label, _ in found], np.int64),
        answers,
        float(np.mean(shares)) if shares else 0.0,
    )


def word_precision(
    queries: np.ndarray,
    items: np.ndarray,
    answers: Sequence[np.ndarray],
    k: int = WORDS_AT,
    in_tensorflow: bool = False,
) -> np.ndarray:
    """Share of the k nearest items of each query that answer it.

    Formula: P@k(q) = |nearest_k(q) and answers(q)| / k.

    Args:
        queries: float [Q, D], any length but finite.
        items: float [n, D], likewise, with n >= k.
        answers: Q arrays of rows in [0, n).
        k: at least 1.
        in_tensorflow: as in `retrieval.rank`.

    Returns:
        float64 [Q], in [0, 1].
    """
    nearest = nearest_items(queries, items, k, in_tensorflow)
    return np.array(
        [
            np.isin(row, held).sum() / k
            for row, held in zip(nearest, answers, strict=True)
        ]
    )


def _is_same(a: str, b: str) -> bool:
    """Says whether two words are one but for an ending, such as watch and watches."""
    short, long = sorted((a, b), key=len)
    if len(short) < 3:
        return short == long
    return long.startswith(short) and len(long) - len(short) <= 2


def words_of(text: str) -> set[str]:
    """Returns the words of a text, in lower case, each once."""
    return set(_WORD.findall(text.lower()))
