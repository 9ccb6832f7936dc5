"""BM25 of a catalogue's titles: which of them have a query's words, and how well."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import bm25s
import numpy as np

from huse_tf.progress import Progress
from huse_tf.search.terms import Terms

REPORT_EACH = 1000  # titles

# its notes on every call would reach the terminal
logging.getLogger("bm25s").setLevel(logging.WARNING)


def write_words(folder: Path, titles: Sequence[str]) -> None:
    """Writes the index of N titles; their terms are in memory meanwhile.

    Formula (BM25 as Lucene computes it, k1 = 1.5, b = 0.75): a term t that is tf times
    in a title of l terms, in n_t of N titles, scores ln(1 + (N - n_t + 0.5) /
    (n_t + 0.5)) tf / (tf + k1 (1 - b + b l / mean l)).

    Args:
        folder: is made.
        titles: N texts.
    """
    terms, numbers = Terms(), {"": 0}  # one entry at least: titles may be all signs
    found: list[list[int]] = []
    with Progress(len(titles), "Words", unit="titles") as bar:
        for i, title in enumerate(titles, 1):
            found.append(
                [numbers.setdefault(t, len(numbers)) for t in terms.of_title(title)]
            )
            if i % REPORT_EACH == 0 or i == len(titles):
                bar.update(i - bar.done)
    scorer = bm25s.BM25(k1=1.5, b=0.75, method="lucene")
    with np.errstate(invalid="ignore"):  # the mean length of titles that are all signs
        scorer.index((found, numbers), show_progress=False)
    scorer.save(folder, show_progress=False)


class Words:
    """What `write_words` wrote: the scores memory-mapped, the vocabulary in memory."""

    def __init__(self, folder: Path) -> None:
        """Opens a complete index.

        Raises:
            OSError, ValueError, KeyError: it is damaged.
        """
        self._scorer = bm25s.BM25.load(folder, mmap=True)

    def __contains__(self, term: str) -> bool:
        """Whether any title has a term."""
        return bool(term) and term in self._scorer.vocab_dict

    def scores(self, terms: Iterable[str]) -> np.ndarray:
        """Sums the BM25 of some terms for each title.

        Returns:
            float32 [N], 0 where a title has none of them and above 0 elsewhere.
        """
        return self._scorer.get_scores_from_ids(
            self._scorer.get_tokens_ids([term for term in terms if term in self])
        )

    def present(self, terms: Iterable[str], rows: np.ndarray) -> np.ndarray:
        """Says which titles have which of T terms.

        Args:
            terms: T.
            rows: int [m], numbers of titles.

        Returns:
            bool [T, m].
        """
        return np.stack([self.scores([term])[rows] > 0 for term in terms])


def ranked(scores: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Ranks what has a score above 0.

    Args:
        scores: float [N].
        depth: how many at most.

    Returns:
        rows: int64 [m], the best first, equal ones in row order.
        ranks: int64 [m], from 1. Equal scores share the best rank of them: 1, 1, 3.
    """
    rows = np.flatnonzero(scores > 0)
    rows = rows[np.argsort(-scores[rows], kind="stable")][:depth]
    found = scores[rows]
    places = np.arange(1, len(rows) + 1)
    first = np.append(True, found[1:] < found[:-1])[: len(rows)]
    return rows, np.maximum.accumulate(np.where(first, places, 0))
