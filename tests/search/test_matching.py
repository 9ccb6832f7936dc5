"""Vectors and words joined: places by hand, ties, classes, and what is not known."""

import json

import numpy as np
import pytest

from huse_tf.errors import InputError
from huse_tf.search.index import DESCRIPTION, KINDS, WORDS, Index
from huse_tf.search.matching import Query, find, join
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


def test_two_lists_by_hand():
    """Sums of 1 / (60 + place): 7 is 2nd and 1st, 5 is 1st, 9 is 3rd and 2nd."""
    rows, vector_ranks, word_ranks = join(
        np.array([5, 7, 9]), np.array([7, 9]), np.array([1, 2])
    )
    sums = {5: 1 / 61, 7: 1 / 62 + 1 / 61, 9: 1 / 63 + 1 / 62}
    assert rows.tolist() == sorted(sums, key=sums.get, reverse=True) == [7, 9, 5]
    assert vector_ranks.tolist() == [2, 3, 1]
    assert word_ranks.tolist() == [1, 2, 0]


def test_of_equal_sums_the_better_by_words_is_first_then_the_lower_row():
    # 3 is 1st and 2nd, 8 is 2nd and 1st; 1 and 2 are by words alone, both 3rd
    rows, _, _ = join(np.array([3, 8]), np.array([8, 3, 2, 1]), np.array([1, 2, 3, 3]))
    assert rows.tolist() == [8, 3, 1, 2]
    rows, _, _ = join(np.array([4]), np.array([9]), np.array([1]))
    assert rows.tolist() == [9, 4]


def test_one_list_alone_keeps_its_order():
    none = np.empty(0, np.int64)
    assert join(np.array([4, 2, 9]), none, none)[0].tolist() == [4, 2, 9]
    assert join(none, np.array([4, 2, 9]), np.array([1, 1, 3]))[0].tolist() == [2, 4, 9]
    assert join(none, none, none)[0].tolist() == []


def test_words_and_vectors_joined(index):
    """By words 3 has both; of the others 2 has "red", which is rarer than "dress".

    0: 1/61 + 1/63 = .03227, 3: 1/64 + 1/61 = .03202, 2: 1/63 + 1/62 = .03200 as 1:
    1/62 + 1/63, but the better by words; 4: 1/65.
    """
    answer = ask(index, "red dresses")
    places = {p.number: (p.vector_rank, p.words_rank) for p in answer.products}
    assert places == {0: (1, 3), 1: (2, 3), 2: (3, 2), 3: (4, 1), 4: (5, None)}
    assert numbers(answer) == [0, 3, 2, 1, 4]
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
