"""What counts as a word, in any script."""

import pytest

from huse_tf.search.terms import Terms


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Red DRESSES, red dress!", ["red", "dress", "red", "dress"]),
        ("Women's T-shirt 100%", ["women", "t", "shirt", "100"]),
        # a ligature is its letters; "für" is not ASCII, so no ending is looked for
        ("Kaﬀee-Tassen für café", ["kaffe", "tassen", "für", "café"]),
        ("cafe\u0301 ＡＢＣ", ["café", "abc"]),
        ("Красная чашка", ["красная", "чашка"]),
        # vowel signs are marks: they keep a word together
        ("लाल कुर्ती", ["लाल", "कुर्ती"]),
        ("فستان أحمر", ["فستان", "أحمر"]),
        ("红色T恤", ["红", "色", "红色", "t", "恤"]),
        ("빨간 컵", ["빨", "간", "빨간", "컵"]),
        ("... \ud83d —", []),
    ],
)
def test_titles(text, terms):
    assert Terms().of_title(text) == terms


def test_queries_have_each_term_once_with_the_word_it_is_from():
    assert Terms().of_query("Red dresses and a red DRESS") == {
        "red": "red",
        "dress": "dresses",
    }
    assert Terms().of_query("红色杯") == {"红色": "红色", "色杯": "色杯"}
    assert Terms().of_query("杯 x") == {"杯": "杯", "x": "x"}


def test_words_that_say_nothing_count_where_there_are_no_others():
    assert Terms().of_query("to the") == {"to": "to", "the": "the"}
    assert Terms().of_query("to the sea") == {"sea": "sea"}
    assert Terms().of_query("?!") == {}


def test_a_query_in_a_script_without_blanks_finds_a_part_of_a_title():
    title = set(Terms().of_title("红色陶瓷茶杯"))
    for query in ("茶杯", "红色 杯", "陶瓷"):
        assert Terms().of_query(query).keys() <= title
    assert not Terms().of_query("蓝").keys() & title
