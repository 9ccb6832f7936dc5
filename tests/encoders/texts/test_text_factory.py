import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from text_models import (
    WIDTH,
    encode,
    encode_exported,
    save_bert,
    save_preprocessor,
    save_sentence_encoder,
)

from huse_tf.config import ClassEncoderConfig, TextEncoderConfig
from huse_tf.encoders.texts.factory import (
    class_texts,
    encode_class_names,
    make_text_encoder,
)
from huse_tf.errors import InputError

TEXTS = np.array(["red shirt", "blue shirt", "a dress", "red"], dtype=object)
CLASSES = ("shirts<red", "shirts<blue", "dress")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Every kind's own keys, all pointing at small models."""
    folder = tmp_path_factory.mktemp("texts")
    (folder / "vectors.txt").write_text("red 1 0\nshirt 0 1\n")
    return {
        "preprocess": save_preprocessor(folder / "pre"),
        "handle": save_bert(folder / "bert"),
        "pooling": "mean",
        "max_tokens": 16,
        "vocabulary_size": 50,
        "vectors": str(folder / "vectors.txt"),
    }


def adapted(config):
    encoder = make_text_encoder(config)
    encoder.adapt(TEXTS)
    return encoder


@pytest.mark.parametrize("name", ["bert", "tfidf", "word_vectors", "embedded"])
def test_each_name(keys, name):
    encoder = adapted(TextEncoderConfig(name=name, **keys))
    assert encode(encoder, TEXTS).shape == (4, encoder.dim)


def test_use(keys, tmp_path):
    handle = save_sentence_encoder(tmp_path)
    encoder = adapted(TextEncoderConfig(name="use", **{**keys, "handle": handle}))
    np.testing.assert_array_equal(encode(encoder, TEXTS)[:, 1], [2, 2, 2, 1])


def test_features_side_by_side(keys):
    joined = adapted(TextEncoderConfig(name="bert+tfidf", **keys))
    parts = [
        encode(adapted(TextEncoderConfig(name=name, **keys)), TEXTS)
        for name in ("bert", "tfidf")
    ]
    assert joined.dim == WIDTH + parts[1].shape[1]
    np.testing.assert_allclose(
        encode(joined, TEXTS), np.concatenate(parts, axis=1), rtol=1e-5, atol=1e-6
    )
    other = adapted(TextEncoderConfig(name="tfidf+bert", **keys))
    assert joined.identity != other.identity


def test_joined_state(keys):
    config = TextEncoderConfig(name="word_vectors+bert+tfidf", **keys)
    encoder, restored = adapted(config), make_text_encoder(config)
    file = io.BytesIO()
    np.savez(file, **encoder.state())
    file.seek(0)
    with np.load(file, allow_pickle=False) as state:
        restored.restore(dict(state))
    np.testing.assert_array_equal(encode(restored, TEXTS), encode(encoder, TEXTS))
    assert restored.identity == encoder.identity


def test_joined_in_a_model_trains_its_trainable_part(keys, tmp_path):
    config = TextEncoderConfig(name="bert+tfidf", fine_tune="last_2", **keys)
    encoder = adapted(config)
    prepared = encoder.prepare(tf.constant(TEXTS, tf.string))
    inputs = {
        name: keras.Input(value.shape[1:], dtype=value.dtype.name, name=name)
        for name, value in prepared.items()
    }
    model = keras.Model(inputs, encoder(inputs))
    assert len(model.trainable_variables) == 2
    np.testing.assert_allclose(model(prepared), encode(encoder, TEXTS), rtol=1e-5)
    exported = encode_exported(encoder, tmp_path, list(TEXTS))
    np.testing.assert_allclose(exported, encode(encoder, TEXTS), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["tfidf", "tfidf+word_vectors", "embedded"])
def test_nothing_to_fine_tune(keys, name):
    with pytest.raises(InputError, match="cannot be trained, only bert can"):
        make_text_encoder(TextEncoderConfig(name=name, fine_tune="all", **keys))


def test_class_names(keys):
    encoder = make_text_encoder(ClassEncoderConfig(name="tfidf", **keys))
    texts = class_texts(CLASSES, "<")
    assert texts.tolist() == ["shirts red", "shirts blue", "dress"]
    encoder.adapt(texts)
    features = encode_class_names(encoder, CLASSES, "<")
    assert features.dtype == np.float32
    distances = 1 - features @ features.T
    np.testing.assert_allclose(np.diag(distances), 0, atol=1e-6)
    assert distances[0, 1] < distances[0, 2] == 1


def test_class_name_without_words(keys):
    encoder = make_text_encoder(ClassEncoderConfig(name="word_vectors", **keys))
    encoder.adapt(class_texts(CLASSES, "<"))
    with pytest.raises(InputError, match="class '42': class_encoder finds no word"):
        encode_class_names(encoder, [*CLASSES, "42"], "<")
    with pytest.raises(InputError, match="class '42' and 1 more: class_encoder finds"):
        encode_class_names(encoder, ["42", *CLASSES, "43"], "<")
