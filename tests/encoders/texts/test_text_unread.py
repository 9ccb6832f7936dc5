"""Texts that an encoder cannot read: found, named, and too many of them."""

import numpy as np
import pytest
import tensorflow as tf
from text_models import encode

from huse_tf.config import ClassEncoderConfig, TextEncoderConfig
from huse_tf.config.values import BadRows
from huse_tf.encoders.base import TextEncoder
from huse_tf.encoders.texts.embedded_text import EmbeddedTextEncoder
from huse_tf.encoders.texts.tfidf import TfidfEncoder
from huse_tf.encoders.texts.unread import (
    SAMPLE,
    check_class_names,
    check_texts,
    find_unread,
)
from huse_tf.errors import InputError

KOREAN = ["빨간 모자", "파란 신발", "검은 가방", "하얀 셔츠", "노란 치마"]
ENGLISH = ["red hat", "blue shoes", "black bag", "white shirt", "yellow skirt"]


def unread(texts, features, **kwargs):
    found = find_unread(texts, [np.array(features, np.float32)], **kwargs)
    return found.zero.tolist(), found.constant.tolist(), found.total


class Words(TextEncoder):
    """Reads the words that it is given, one component each; no other."""

    dim = 4

    def __init__(self, *words):
        super().__init__(trainable=False)
        self.words, self.read = words, 0

    def prepare(self, texts):
        self.read += len(texts)
        found = [tf.strings.regex_full_match(texts, f".*{w}.*") for w in self.words]
        return {"features": tf.cast(tf.stack(found, axis=1), tf.float32)}

    def call(self, prepared, training=False):
        return prepared["features"]


def test_zero_vectors_of_texts_that_are_not_blank():
    assert unread(["a", "b", " ", "c"], [[1, 0], [0, 0], [0, 0], [0, 1]]) == (
        [1],
        [],
        3,
    )


def test_one_vector_for_texts_without_a_common_word():
    """Five texts in a direction of their own: to a scale and rounding the same."""
    features = [[2, 1], [2, 1 + 1e-6], [4, 2], [2, 1], [2, 1], [1, 2]]
    texts = [*KOREAN, "초록 양말"]
    assert unread(texts, features) == ([], [0, 1, 2, 3, 4], 6)
    assert unread(texts[1:], features[1:]) == ([], [], 5)  # four are not many
    assert unread(texts[1:], features[1:], shared=2) == ([], [0, 1, 2, 3], 5)


def test_one_vector_is_right_for_texts_with_a_common_word_or_the_same_words():
    brands = [f"{brand} Shirt" for brand in ("zara", "mango", "gap", "boss", "lee")]
    assert unread(brands, [[1, 1]] * 5) == ([], [], 5)
    orders = ["Red, hat", "hat RED", "red hat!", "red hat", "red  hat"]
    assert unread(orders, [[1, 1]] * 5) == ([], [], 5)


def test_chunks_are_read_as_one():
    draw = np.random.default_rng(0).normal(size=(90, 8)).astype(np.float32)
    draw[[3, 40, 41, 70, 89]] = draw[3]
    texts = [f"word{i}" for i in range(90)]
    found = find_unread(texts, np.split(draw, [1, 30, 64]))
    assert found.constant.tolist() == [3, 40, 41, 70, 89]


def test_tfidf_of_words_that_it_has_not_learned():
    """They share one component, and so all other texts are the same to it."""
    encoder = TfidfEncoder(50)
    encoder.adapt(np.array(ENGLISH, object))
    texts = [*ENGLISH, *KOREAN, "초록 hat"]
    found = find_unread(texts, [encode(encoder, texts)])
    assert found.constant.tolist() == [5, 6, 7, 8, 9] and not len(found.zero)
    encoder = TfidfEncoder(50)
    encoder.adapt(np.array(texts, object))
    assert not len(find_unread(texts, [encode(encoder, texts)]).constant)


def check(limit, texts=("red", "?", "cat", "!", "dog"), words=("red", "cat", "dog")):
    settings = TextEncoderConfig(max_unreadable=limit)
    rows = np.arange(2, 2 + len(texts))
    return check_texts(settings, Words(*words), np.array(texts, object), rows)


def test_they_are_counted_and_named_with_their_rows():
    assert check(BadRows(20.0, True), ["red", "cat"]) == ""
    line = check(BadRows(2, False))
    assert "cannot read 2 of 5" in line and "zero vectors: 2" in line
    assert "row 3 '?', row 5 '!'" in line
    assert line.endswith("'!'")
    many = check(BadRows(100.0, True), ["a" * 99, "b", "c", "d", "red"])
    assert f"row 2 '{'a' * 40}...', row 3 'b', row 4 'c', ..." in many


def test_more_than_the_limit_stop_in_one_line():
    with pytest.raises(InputError) as stopped:
        check(BadRows(39.9, True))
    assert "more than text_encoder.max_unreadable = 39.9% stop" in str(stopped.value)
    assert "\n" not in str(stopped.value)
    assert "cannot read 2 of 5" in check(BadRows(40.0, True))


def test_without_features_a_sample_is_encoded():
    encoder = Words("red")
    texts = np.array(["red"] * (3 * SAMPLE), object)
    assert check_texts(TextEncoderConfig(), encoder, texts, np.arange(len(texts))) == ""
    assert encoder.read == SAMPLE


def test_class_names_at_one_point():
    """Two at one point are one class to the graph; "b c" has a word of "c"."""
    names = ("a<b", "c", "b<c")
    features = np.array([[1, 0], [1, 0], [1, 0]], np.float32)
    with pytest.raises(
        InputError, match=r"class_encoder.name = .* 3 of 3 .* 'a<b', 'c'"
    ):
        check_class_names(ClassEncoderConfig(), names, "<", features)
    features[0] = 0, 1
    assert check_class_names(ClassEncoderConfig(), names, "<", features) == ""


def test_the_embedded_encoder_reads_every_script():
    texts = np.array([*KOREAN, *ENGLISH, "红色连衣裙", "قميص أحمر", "красное"], object)
    encoder = EmbeddedTextEncoder()
    settings = TextEncoderConfig(max_unreadable=BadRows(0, False))
    assert check_texts(settings, encoder, texts, np.arange(13)) == ""
