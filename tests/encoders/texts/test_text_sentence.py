import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from text_models import encode, encode_exported, save_bert, save_sentence_encoder

from huse_tf.encoders import hub, text_ops
from huse_tf.encoders.texts.sentence import SentenceEncoder
from huse_tf.errors import InputError

TEXTS = ["red shirt", "", "a b c"]
EXPECTED = [[9, 2], [0, 0], [5, 3]]
REAL = os.environ.get("HUSE_REAL_DATA")


@pytest.fixture(scope="module")
def handle(tmp_path_factory):
    return save_sentence_encoder(tmp_path_factory.mktemp("use"))


def test_features(handle):
    encoder = SentenceEncoder(handle)
    assert encoder.dim == 2
    assert encoder.trainable_variables == []
    np.testing.assert_array_equal(encode(encoder, TEXTS), EXPECTED)
    assert encoder.identity == SentenceEncoder(handle).identity


def test_export_and_tf_data(handle, tmp_path):
    encoder = SentenceEncoder(handle)
    np.testing.assert_array_equal(encode_exported(encoder, tmp_path, TEXTS), EXPECTED)
    dataset = tf.data.Dataset.from_tensors(TEXTS).map(encoder.prepare)
    np.testing.assert_array_equal(next(iter(dataset))["features"], EXPECTED)


def test_a_model_without_text_ops_asks_for_none(handle, monkeypatch):
    needed = []
    monkeypatch.setattr(text_ops, "register", needed.append)
    hub.load.cache_clear()
    SentenceEncoder(handle)
    assert needed == []


def test_errors(tmp_path):
    with pytest.raises(InputError, match="handle is empty"):
        SentenceEncoder("")
    bert = save_bert(tmp_path)
    with pytest.raises(InputError, match="expected a sentence encoder"):
        SentenceEncoder(bert)


def test_missing_tensorflow_text(monkeypatch):
    def fail(name):
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(text_ops.importlib, "import_module", fail)
    with pytest.raises(InputError, match="a/model: needs the package tensorflow-text"):
        text_ops.register("a/model")


@pytest.mark.skipif(not REAL, reason="HUSE_REAL_DATA is not set")
def test_real_minilm():
    encoder = SentenceEncoder(str(Path(REAL) / "encoders" / "minilm_sentence_encoder"))
    shirt, tee, mug = encode(encoder, ["red shirt", "crimson tee", "coffee mug"])
    assert encoder.dim == 384
    np.testing.assert_allclose(np.linalg.norm([shirt, tee, mug], axis=1), 1, atol=1e-5)
    assert shirt @ tee > shirt @ mug
