"""The signatures of models that are unlike the usual one."""

import numpy as np
import pytest
import tensorflow as tf
from export_fakes import TEXTS, in_memory, make_module, pictures, tfidf

from huse_tf.encoders.texts.factory import ConcatenatedEncoder


def test_fewer_than_five_classes_give_as_many_columns():
    module, _ = make_module(("caps", "mugs", "shoes"))
    answer = module.functions["classify"](
        image_bytes=tf.constant(pictures()[:2]), text=tf.constant(TEXTS[:2])
    )
    assert answer["class_names"].shape == (2, 3)
    assert sorted(answer["class_names"][0].numpy()) == [b"caps", b"mugs", b"shoes"]
    assert np.sum(answer["probabilities"], axis=1) == pytest.approx([1, 1])


def test_a_network_trained_in_mixed_precision_is_served_in_float32():
    """bfloat16 has 8 bits of precision, and 1e-5 needs 17; the weights have 24."""
    mixed, run = make_module(precision="mixed_bfloat16")
    exact, same = make_module()
    same.model.network.set_weights(run.model.network.get_weights())
    same.image_encoder.set_weights(run.image_encoder.get_weights())
    feeds = {"image_bytes": tf.constant(pictures()), "text": tf.constant(TEXTS)}
    for name in ("embedding", "probability"):
        answers = [
            module.functions["serving_default"](**feeds)[name].numpy()
            for module in (mixed, exact)
        ]
        np.testing.assert_allclose(*answers, atol=1e-6)
    trained = in_memory(run, pictures(), TEXTS)["text_embedding"]
    served = mixed.functions["embed_text"](feeds["text"])["embedding"]
    assert np.abs(trained - served).max() > 1e-4, "the training was in float32"


def test_encoders_inside_another_bring_their_tables_along(tmp_path):
    """ConcatenatedEncoder holds them in a dict, which TensorFlow does not track."""
    parts = {"tfidf": tfidf(), "again": tfidf()}
    module, _ = make_module(text_encoder=ConcatenatedEncoder(parts))
    tf.saved_model.save(module, str(tmp_path), signatures=module.functions)
    expected = module.functions["embed_text"](tf.constant(TEXTS))["embedding"]
    del module
    answer = tf.saved_model.load(str(tmp_path)).signatures["embed_text"]
    np.testing.assert_allclose(
        answer(text=tf.constant(TEXTS))["embedding"], expected, atol=1e-5
    )
