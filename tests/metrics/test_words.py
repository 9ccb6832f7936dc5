import re

import numpy as np
import pytest

from huse_tf.metrics import retrieval, words

NAMES = ("clothes<dresses", "clothes<shirts")
SEPARATOR = "<"


def catalogue(**counts):
    """Titles and labels: so many rows of "WORD CLASS"; "red_0=3" is of class 0."""
    titles, labels = [], []
    for key, count in counts.items():
        word, label = key.rsplit("_", 1)
        titles += [f"{word} thing no {i}" for i in range(count)]
        labels += [int(label)] * count
    return titles, np.array(labels)


def found(titles, labels, **more):
    return words.word_queries(titles, labels, NAMES, SEPARATOR, **more)


def test_a_word_counts_between_ten_rows_and_half_of_the_class():
    # class 0 has 30 rows: red 10, blue 15, green 5; class 1 has 20: red 9, grey 11
    titles, labels = catalogue(red_0=10, blue_0=15, green_0=5, red_1=9, grey_1=11)
    queries = found(titles, labels)
    # "thing" and "no" are in all; green and red of class 1 are too rare, grey too
    # frequent: 11 of 20; "blue" is in exactly half of its class
    assert queries.texts == ("blue dresses", "red dresses")
    assert queries.words == ("blue", "red") and queries.labels.tolist() == [0, 0]
    assert queries.answers[0].tolist() == list(range(10, 25))
    assert queries.answers[1].tolist() == list(range(10))
    assert queries.chance == pytest.approx((15 / 30 + 10 / 30) / 2)


def test_words_are_whole_in_any_case_and_counted_once():
    assert words.words_of("Red, RED t-shirt 501 Añil 红色 a") == {
        "red",
        "shirt",
        "añil",
        "红色",
    }
    titles = ["Red red coat"] * 10 + ["redwood"] * 10
    assert len(found(titles, np.zeros(20, int)).answers[1]) == 10  # not 20: "redwood"


def test_what_the_class_says_and_what_is_left_out_is_no_query():
    titles = ["nice Dress, dresses with a bow"] * 10 + ["x"] * 10
    labels = np.zeros(20, int)
    assert found(titles, labels).words == ("bow", "nice", "with")
    assert found(titles, labels, leave_out={"with"}).words == ("bow", "nice")


@pytest.mark.parametrize(
    ("word", "said", "same"),
    [
        ("watch", "watches", True),
        ("shirts", "shirt", True),
        ("bow", "bow", True),
        ("tea", "teacups", False),
        ("be", "bed", False),  # too short to tell
        ("red", "dresses", False),
    ],
)
def test_singular_and_plural_are_one_word(word, said, same):
    titles = [f"{word} one"] * 10 + ["x"] * 10
    names = (f"home<{said}", "other")
    asked = words.word_queries(titles, np.zeros(20, int), names, SEPARATOR).words
    assert (word not in asked) == same and "one" in asked


def test_more_than_the_limit_are_sampled_the_same_way_each_time():
    colours = [f"{a}{b}" for a in "klmnop" for b in "aeiou"]
    titles = [f"{c} {d}" for c in colours for d in ["fine"] + ["plain"] * 10]
    labels = np.zeros(len(titles), int)
    every = found(titles, labels).texts
    some = found(titles, labels, limit=7, seed=3).texts
    assert len(every) == 31 and len(some) == 7  # 30 colours and "fine"
    assert set(some) <= set(every) and some == tuple(sorted(some))
    assert some == found(titles, labels, limit=7, seed=3).texts
    assert some != found(titles, labels, limit=7, seed=4).texts


def test_a_catalogue_without_such_words_has_no_queries():
    queries = found(["red dress", "blue shirt"], np.array([0, 1]))
    assert len(queries) == 0 and queries.chance == 0
    empty = np.empty((0, 3), np.float32)
    assert len(words.word_precision(empty, np.eye(3), queries.answers, k=1)) == 0


def test_precision_by_hand_and_against_naive_code():
    # cosines of query 0 to the five items: 1, 0, -1, 0.6, 0.8
    items = np.array([[1, 0], [0, 1], [-1, 0], [3, 4], [4, 3]], float)
    answers = (np.array([0, 1, 2]), np.array([3]))
    values = words.word_precision(np.array([[2, 0], [0, 1]]), items, answers, k=2)
    assert values.tolist() == [0.5, 0.5]  # nearest {0, 4}, and {1, 3}

    draw = np.random.default_rng(0)
    queries, items = draw.normal(size=(9, 5)), draw.normal(size=(300, 5))
    answers = [np.sort(draw.choice(300, 40, replace=False)) for _ in range(9)]
    unit = items / np.linalg.norm(items, axis=1, keepdims=True)
    naive = [
        np.mean(
            [
                row in held
                for row in sorted(range(300), key=lambda i: -(q @ unit[i]))[:10]
            ]
        )
        for q, held in zip(queries, answers, strict=True)
    ]
    assert words.word_precision(queries, items, answers).tolist() == naive


def test_nearest_items_does_not_depend_on_chunks(monkeypatch):
    draw = np.random.default_rng(1)
    queries, items = draw.normal(size=(20, 4)), draw.normal(size=(150, 4))
    whole = retrieval.nearest_items(queries, items, 7)
    monkeypatch.setattr(retrieval, "MAX_SCORES", 450)  # three queries at a time
    assert (retrieval.nearest_items(queries, items, 7) == whole).all()
    few = retrieval.nearest_items(queries, items[:3], 7)
    assert (few[:, 3:] == -1).all() and (np.sort(few[:, :3]) == [0, 1, 2]).all()


def test_the_pattern_knows_no_digits():
    assert re.fullmatch(words._WORD, "2023") is None
