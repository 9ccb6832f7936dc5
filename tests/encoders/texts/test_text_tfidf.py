import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from text_models import encode, encode_exported

from huse_tf.encoders.texts.tfidf import TfidfEncoder
from huse_tf.encoders.texts.words import LONGEST_WORD, count_words, normalise

TEXTS = np.array(
    ["red shirt", "blue shirt blue", "red men's t-shirt", "a dress", "CAFÉ dress"],
    dtype=object,
)


@pytest.fixture
def encoder():
    made = TfidfEncoder(vocabulary_size=100)
    made.adapt(TEXTS)
    return made


def test_two_words_by_hand():
    """N = 2, a in both, b in one: a weighs ln(1 + 2/3), b ln(1 + 2/2) = ln 2."""
    encoder = TfidfEncoder(vocabulary_size=10)
    encoder.adapt(np.array(["a b b", "a"], dtype=object))
    a, b = np.log(5 / 3), 2 * np.log(2)
    # b and a are used twice each: ties go to the later word, after the shared component
    expected = np.array([[0, b, a], [0, 0, 1]])
    expected[0] /= np.hypot(a, b)
    np.testing.assert_allclose(encode(encoder, ["a b b", "a"]), expected, rtol=1e-6)


def test_equals_what_keras_adapts(encoder):
    keras_layer = keras.layers.TextVectorization(
        max_tokens=6, standardize=normalise, output_mode="tf_idf"
    )
    keras_layer.adapt(TEXTS)
    encoder = TfidfEncoder(vocabulary_size=6)
    encoder.adapt(TEXTS)
    weights = keras_layer(TEXTS).numpy()
    assert encoder.dim == 6
    np.testing.assert_allclose(
        encode(encoder, TEXTS),
        weights / np.linalg.norm(weights, axis=1, keepdims=True),
        rtol=1e-5,
    )


def test_case_accents_and_punctuation(encoder):
    same = encode(encoder, ["MENS T SHIRT, Café!", "men’s t-shirt   cafÉ"])
    np.testing.assert_array_equal(same[0], same[1])
    assert (same[0] > 0).sum() == 4


def test_unknown_words_share_a_component_and_empty_text_is_zero(encoder):
    features = encode(encoder, ["zebra", "unicorn", "?!", ""])
    np.testing.assert_array_equal(features[0], np.eye(encoder.dim)[0])
    np.testing.assert_array_equal(features[1], features[0])
    assert not features[2:].any()


def test_state_needs_no_pickle(encoder):
    file = io.BytesIO()
    np.savez(file, **encoder.state())
    file.seek(0)
    restored = TfidfEncoder(vocabulary_size=100)
    with np.load(file, allow_pickle=False) as state:
        restored.restore(dict(state))
    texts = [*TEXTS, "zebra red"]
    np.testing.assert_array_equal(encode(restored, texts), encode(encoder, texts))
    assert restored.identity == encoder.identity


def test_identity_follows_the_training_texts(encoder):
    other = TfidfEncoder(vocabulary_size=100)
    other.adapt(TEXTS[:-1])
    assert other.identity != encoder.identity


def test_export(encoder, tmp_path):
    texts = [*TEXTS, "zebra", ""]
    exported = encode_exported(encoder, tmp_path, texts)
    np.testing.assert_allclose(exported, encode(encoder, texts), atol=1e-6)


def test_in_tf_data_and_in_a_model(encoder):
    batches = tf.data.Dataset.from_tensor_slices(TEXTS.astype(str)).batch(2)
    prepared = list(batches.map(encoder.prepare))
    inputs = {"features": keras.Input([encoder.dim], name="features")}
    model = keras.Model(inputs, encoder(inputs))
    rows = np.concatenate([model(batch).numpy() for batch in prepared])
    np.testing.assert_allclose(rows, encode(encoder, TEXTS), atol=1e-6)
    assert model.trainable_variables == []


def test_counts():
    """b twice in one text is one document; words too long to matter are left out."""
    texts = tf.constant(["b a b", "", "a", "x" * (LONGEST_WORD + 1)])
    counted = count_words(tf.strings.split(texts))
    assert counted.words.tolist() == ["b", "a"]
    assert counted.counts.tolist() == [2, 2]
    assert counted.document_counts.tolist() == [1, 2]
    assert counted.n_documents == 4
