import io

import numpy as np
import pytest
import tensorflow as tf
from text_models import encode, encode_exported

from huse_tf.encoders.texts import vector_files
from huse_tf.encoders.texts.word_vectors import WordVectorsEncoder
from huse_tf.errors import InputError

LINES = ["red 1 0 0", "shirt 0 2 0", "dress 0 0 3", "blue -1 0.5 0"]
TEXTS = np.array(["red shirt", "blue shirt shirt", "red dress", "dress"], dtype=object)


def write(path, lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def vectors(tmp_path):
    return write(tmp_path / "vectors.txt", LINES)


@pytest.fixture
def encoder(vectors):
    made = WordVectorsEncoder(vectors, clean=True)
    made.adapt(TEXTS)
    return made


def test_by_hand(encoder):
    """N = 4; red, shirt, dress are in 2 texts each: equal weights. blue is in 1.

    idf(red) = ln(5/3) + 1, idf(blue) = ln(5/2) + 1.
    """
    common, blue = np.log(5 / 3) + 1, np.log(5 / 2) + 1
    both = (blue * np.array([-1, 0.5, 0]) + common * np.array([0, 0, 3])) / (
        blue + common
    )
    np.testing.assert_allclose(
        encode(encoder, ["red shirt", "blue dress"]),
        [[0.5, 1.0, 0.0], both],
        rtol=1e-6,
        atol=1e-7,
    )


def test_equals_scikit_learn(vectors):
    from sklearn.feature_extraction.text import TfidfVectorizer

    names = [line.split()[0] for line in LINES]
    values = np.array([line.split()[1:] for line in LINES], dtype=float)
    draw = np.random.default_rng(3)
    texts = np.array(
        [" ".join(draw.choice(names, size=n)) for n in draw.integers(1, 9, 60)],
        dtype=object,
    )
    encoder = WordVectorsEncoder(vectors, clean=False)
    encoder.adapt(texts[:40])
    reference = TfidfVectorizer(vocabulary=names, norm="l1").fit(texts[:40])
    np.testing.assert_allclose(
        encode(encoder, texts), reference.transform(texts) @ values, atol=1e-6
    )


def test_cleaning(encoder):
    messy = "The RED, shirt's 2024 (of) & shirt!"
    np.testing.assert_allclose(
        encode(encoder, [messy]), encode(encoder, ["red shirt shirt"]), rtol=1e-6
    )


def test_without_cleaning_words_are_as_written(vectors):
    encoder = WordVectorsEncoder(vectors, clean=False)
    encoder.adapt(TEXTS)
    red, capital = encode(encoder, ["red", "Red"])
    np.testing.assert_array_equal(red, [1, 0, 0])
    assert not np.allclose(capital, red)


def test_unknown_words(encoder):
    """Length: the mean of 1, 2, 3 and sqrt(1.25)."""
    first, again, other = encode(encoder, ["zebra", "zebra", "unicorn"])
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    np.testing.assert_allclose(
        np.linalg.norm([first, other], axis=1), (6 + 1.25**0.5) / 4, rtol=1e-6
    )


def test_text_without_words_is_zero(encoder):
    assert not encode(encoder, ["", "the 12 & of"]).any()


def test_state_needs_no_pickle_and_no_file(encoder, tmp_path):
    file = io.BytesIO()
    np.savez(file, **encoder.state())
    file.seek(0)
    restored = WordVectorsEncoder(str(tmp_path / "gone.txt"), clean=True)
    with np.load(file, allow_pickle=False) as state:
        restored.restore(dict(state))
    texts = [*TEXTS, "zebra of"]
    np.testing.assert_array_equal(encode(restored, texts), encode(encoder, texts))
    assert restored.identity == encoder.identity


def test_export(encoder, tmp_path):
    texts = [*TEXTS, "Zebra's dress", "", "the"]
    exported = encode_exported(encoder, tmp_path / "saved", texts)
    np.testing.assert_allclose(exported, encode(encoder, texts), atol=1e-6)


def test_in_tf_data(encoder):
    batch = tf.data.Dataset.from_tensors(TEXTS.astype(str)).map(encoder.prepare)
    features = next(iter(batch))["features"]
    np.testing.assert_allclose(features, encode(encoder, TEXTS), atol=1e-6)


def test_file_with_header_case_and_blanks(tmp_path):
    """The first of words equal in lower case counts; ". ." can be no word."""
    path = write(
        tmp_path / "v", ["4 2", "Red 1 2", "red 3 4", ". . 5 6", "\xe9t\xe9 7 8"]
    )
    names, values = vector_files.read(path, used=(), lower=True)
    assert names == ["red", "été"]
    np.testing.assert_array_equal(values, [[1, 2], [7, 8]])
    names, _ = vector_files.read(path, used=(), lower=False)
    assert names == ["Red", "red", "été"]


def test_rare_words_of_the_file_only_where_used(tmp_path, monkeypatch):
    monkeypatch.setattr(vector_files, "FREQUENT_WORDS", 2)
    path = write(tmp_path / "v", LINES)
    names, values = vector_files.read(path, used={"blue"}, lower=True)
    assert names == ["red", "shirt", "blue"]
    np.testing.assert_array_equal(values[2], [-1, 0.5, 0])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["red 1 2", "blue 1"], "line 2: expected a word and 2 numbers"),
        (["red 1 2", "blue 1 x"], "line 2: expected a word and 2 numbers"),
        (["red 1 2", "blue 1 nan"], "line 2: expected a word and 2 numbers"),
        (["red"], "line 1: expected a word and 1 numbers"),
        ([""], "no line"),
    ],
)
def test_bad_files(tmp_path, lines, message):
    encoder = WordVectorsEncoder(write(tmp_path / "v", lines), clean=True)
    with pytest.raises(InputError, match=message):
        encoder.adapt(TEXTS)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="none.txt.*No such file"):
        WordVectorsEncoder(str(tmp_path / "none.txt"), clean=True).adapt(TEXTS)
    with pytest.raises(InputError, match="vectors is empty"):
        WordVectorsEncoder("", clean=True).adapt(TEXTS)
