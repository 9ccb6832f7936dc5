"""BM25 of titles beside a naive count, and places with ties."""

import math

import numpy as np
import pytest

from huse_tf.search.words import Words, ranked, write_words

TITLES = [
    "red summer dress",
    "blue dress",
    "red red mug",
    "oak chair with a red seat",
    "!!!",
    "dress red",
]


@pytest.fixture
def words(tmp_path):
    write_words(tmp_path / "words", TITLES)
    return Words(tmp_path / "words")


def naive(terms, documents, k1=1.5, b=0.75):
    """Lucene's BM25, one title and one term at a time."""
    mean = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        score = 0.0
        for term in terms:
            have = sum(term in other for other in documents)
            rare = math.log(1 + (len(documents) - have + 0.5) / (have + 0.5))
            times = document.count(term)
            score += rare * times / (times + k1 * (1 - b + b * len(document) / mean))
        scores.append(score)
    return scores


@pytest.mark.parametrize("terms", [["red"], ["red", "dress"], ["mug", "seat"]])
def test_scores(words, terms):
    documents = [title.replace("!!!", "").split() for title in TITLES]
    assert words.scores(terms) == pytest.approx(naive(terms, documents), rel=1e-6)


def test_a_score_by_hand(tmp_path):
    """N = 2, both titles of the mean length: ln(1 + 1.5 / 1.5) * 1 / (1 + 1.5)."""
    write_words(tmp_path / "words", ["oak chair", "red mug"])
    scores = Words(tmp_path / "words").scores(["mug"])
    assert scores == pytest.approx([0, math.log(2) / 2.5])


def test_terms_of_no_title_score_nothing(words):
    assert words.scores([]).tolist() == [0] * len(TITLES)
    assert words.scores(["velvet", ""]).tolist() == [0] * len(TITLES)
    assert words.scores(["velvet", "mug"]) == pytest.approx(words.scores(["mug"]))
    assert "mug" in words and "velvet" not in words and "" not in words


def test_it_is_memory_mapped(words):
    assert isinstance(words._scorer.scores["data"], np.memmap)


def test_titles_without_a_word(tmp_path):
    write_words(tmp_path / "words", ["!", "?"])
    words = Words(tmp_path / "words")
    assert words.scores(["red"]).tolist() == [0, 0]


def test_equal_scores_share_the_best_place():
    rows, ranks = ranked(np.array([0.5, 0.0, 2.0, 0.5, 2.0, 0.1]), depth=10)
    assert rows.tolist() == [2, 4, 0, 3, 5]
    assert ranks.tolist() == [1, 1, 3, 3, 5]
    rows, ranks = ranked(np.array([0.5, 0.0, 2.0, 0.5, 2.0, 0.1]), depth=3)
    assert (rows.tolist(), ranks.tolist()) == ([2, 4, 0], [1, 1, 3])
    assert [part.tolist() for part in ranked(np.zeros(3), 5)] == [[], []]
