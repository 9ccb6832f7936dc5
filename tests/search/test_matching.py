"""Vectors and words joined: places by hand, ties, classes, and what is not known."""

import json

import numpy as np
import pytest

from huse_tf.errors import InputError
from huse_tf.search import matching
from huse_tf.search.index import DESCRIPTION, KINDS, WORDS, Index
from huse_tf.search.matching import Query, find, order
from huse_tf.search.request import check_match
from huse_tf.search.strings import StringWriter
from huse_tf.search.words import write_words

# On the unit circle at these angles from the query's vector, so nearest first.
TITLES = ["blue dress", "green dress", "red mug", "red dress", "oak chair"]
CLASSES = ["wear<dress", "home<mug", "home<chair"]
LABELS = [0, 0, 1, 0, 2]
EAST = np.array([1, 0], np.float32)


@pytest.fixture
def index(tmp_path):
    angles = np.arange(len(TITLES)) / 4
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    for kind in KINDS:
        np.save(tmp_path / f"{kind}.npy", vectors)
    np.save(tmp_path / "labels.npy", np.array(LABELS, np.int32))
    np.save(tmp_path / "rows.npy", np.arange(len(TITLES)) + 2)
    for name in ("titles", "pictures"):
        with StringWriter(tmp_path, name) as column:
            for title in TITLES:
                column.add(title)
    for name, value in (("ids", "x"), ("columns", "{}")):
        with StringWriter(tmp_path, name) as column:
            for _ in TITLES:
                column.add(value)
    write_words(tmp_path / WORDS, TITLES)
    about = {
        "class_names": CLASSES,
        "separator": "<",
        "fusion_weight": 0.5,
        "images": "images",
        "csv": "shop.csv",
    }
    (tmp_path / DESCRIPTION).write_text(json.dumps(about))
    return Index(tmp_path)


def ask(index, text, match="both", understood=True, **arguments):
    query = Query(EAST, text, match, understood)
    return find(index, query, arguments.pop("k", 10), **arguments)


def numbers(answer):
    return [product.number for product in answer.products]


def test_sums_by_hand():
    """Of the two nearest both have the first word, none the second.

    So w = ln(1 + .5 / 2.5), ln(1 + 2.5 / .5) = .182, 1.792: of 1, 0.6, 0.4 and 0.3
    the sums are 1 + .092, .6 + .092, .4 + .908, .3 + 1.
    """
    cosines = np.array([1.0, 0.6, 0.4, 0.3])
    present = np.array([[True, True, False, True], [False, False, True, True]])
    assert order(cosines, present, np.array([0, 1])).tolist() == [2, 3, 0, 1]
    tied = np.ones([1, 2], bool)
    assert order(np.array([0.5, 0.5]), tied, np.array([0])).tolist() == [0, 1]


def test_which_titles_have_which_words(index):
    found = index.words.present(["red", "dress", "gone"], np.array([3, 2, 4]))
    assert found.tolist() == [[True, True, False], [True, False, False], [False] * 3]


def test_one_word_of_four_does_not_outweigh_meaning(index):
    """4 has "oak", far away; 1 is near and has none.

    Of the 5 nearest, all there are, one has "oak", "blue" and "mug" each, two "red".
    """
    rare, red = np.log(1 + 4.5 / 1.5), np.log(1 + 3.5 / 2.5)
    words = np.array([rare, 0, rare + red, red, rare]) / (3 * rare + red)
    expected = np.argsort(-(np.cos(np.arange(5) / 4) + words)).tolist()
    assert numbers(ask(index, "oak blue mug red")) == expected == [2, 0, 1, 3, 4]


def test_a_word_that_is_common_among_the_nearest_counts_little(index, monkeypatch):
    """Of the two nearest both are dresses, none red: 3, a red one, and 2 go first."""
    monkeypatch.setattr(matching, "NEAR", 2)
    dress, red = np.log(1 + 0.5 / 2.5), np.log(1 + 2.5 / 0.5)
    words = np.array([dress, dress, red, red + dress, 0]) / (red + dress)
    expected = np.argsort(-(np.cos(np.arange(5) / 4) + words)).tolist()
    assert numbers(ask(index, "red dress")) == expected == [2, 3, 0, 1, 4]


def test_words_and_vectors_joined(index):
    """Of five titles two have "red" and three "dress": ln 2.4 and ln 12/7.

    0 and 1 have .381 of the sum, 2 has .619, 3 has 1; cosines are cos(i / 4).
    0: 1.381, 1: 1.350, 2: 1.497, 3: 1.732, 4: 0.540.
    """
    answer = ask(index, "red dresses")
    places = {p.number: (p.vector_rank, p.words_rank) for p in answer.products}
    assert places == {0: (1, 3), 1: (2, 3), 2: (3, 2), 3: (4, 1), 4: (5, None)}
    red, dress = np.log(2.4), np.log(12 / 7)
    words = np.array([dress, dress, red, red + dress, 0]) / (red + dress)
    sums = np.cos(np.arange(5) / 4) + words
    assert numbers(answer) == np.argsort(-sums).tolist() == [3, 2, 0, 1, 4]
    assert (answer.match, answer.unknown, answer.note) == ("both", (), None)
    matched = {p.number: p.matched for p in answer.products}
    assert matched == {
        0: ("dresses",), 1: ("dresses",), 2: ("red",), 3: ("red", "dresses"), 4: ()
    }  # fmt: skip
    distances = {p.number: p.distance for p in answer.products}
    expected = 1 - np.cos(np.arange(len(TITLES)) / 4)
    assert [distances[n] for n in range(5)] == pytest.approx(expected, abs=1e-6)


def test_vectors_and_words_each_alone(index):
    answer = ask(index, "red dresses", "vectors")
    assert numbers(answer) == [0, 1, 2, 3, 4] and answer.match == "vectors"
    assert [p.words_rank for p in answer.products] == [None] * 5
    assert answer.products[3].matched == ("red", "dresses")
    answer = ask(index, "red dresses", "words")
    assert numbers(answer) == [3, 2, 0, 1] and answer.match == "words"
    assert [p.vector_rank for p in answer.products] == [None] * 4
    assert [p.words_rank for p in answer.products] == [1, 2, 3, 3]


def test_a_photo_is_compared_by_vectors(index):
    answer = ask(index, None)
    assert (numbers(answer), answer.match) == ([0, 1, 2, 3, 4], "vectors")


@pytest.mark.parametrize("match", ["both", "vectors", "words"])
def test_classes_left_out_products_and_k(index, match):
    everyone = numbers(ask(index, "red dress", match))
    inside = [n for n in everyone if LABELS[n] == 0]
    assert set(numbers(ask(index, "red dress", match, branch="wear"))) == set(inside)
    found = numbers(ask(index, "red dress", match, leave_out=3))
    assert 3 not in found and set(found) == set(everyone) - {3}
    assert numbers(ask(index, "red dress", match, k=2)) == everyone[:2]
    with pytest.raises(InputError, match="class 'toys': no product"):
        ask(index, "red", match, branch="toys")


def test_the_same_search_approximately(index):
    pytest.importorskip("faiss")
    from huse_tf.search.approximate import build

    exact = numbers(ask(index, "red dress"))
    matrix = index.vectors["products"]
    index.approximate["products"] = build(
        index.folder / "products.faiss", matrix, np.array(matrix)
    )
    assert numbers(ask(index, "red dress")) == exact


def test_a_word_of_no_title(index):
    answer = ask(index, "velvet dress")
    assert answer.unknown == ("velvet",) and answer.note is None
    answer = ask(index, "velvet qwzx")
    assert answer.note == (
        "no title has any of these words: the answers are by meaning alone"
    )
    assert (answer.match, answer.unknown) == ("vectors", ("velvet", "qwzx"))
    assert numbers(answer) == [0, 1, 2, 3, 4]
    answer = ask(index, "velvet", "words")
    assert (numbers(answer), answer.match) == ([], "nothing")
    assert answer.note == ("no title has any of these words: nothing is found by words")
    answer = ask(index, "oak", branch="wear")
    assert answer.note.startswith("no title of this class has any of these words")
    assert answer.unknown == () and len(answer.products) == 3


def test_words_that_the_encoder_does_not_know(index):
    answer = ask(index, "red", understood=False)
    assert (numbers(answer), answer.match) == ([2, 3], "words")
    assert answer.note.endswith("the answers are by words alone")
    for match in ("both", "vectors"):
        answer = ask(index, "velvet", match, understood=False)
        assert (numbers(answer), answer.match) == ([], "nothing")
        assert "the text encoder knows none of these words" in answer.note
    assert ask(index, "red", "words", understood=False).note is None


def test_what_cannot_be_compared():
    with pytest.raises(InputError, match="`match`: expected one of both, vectors, wo"):
        check_match("fuzzy", "red", None)
    for text, photo in ((None, b"x"), ("red", b"x"), (None, None)):
        with pytest.raises(InputError, match="`match` words compares words alone"):
            check_match("words", text, photo)
        check_match("both", text, photo)
