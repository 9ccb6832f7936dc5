"""The network's parts, and what they refuse."""

import numpy as np
import pytest
import tensorflow as tf

from huse_tf.towers import FastDropout, SharedClassifier, embedding_network, tower


def test_dropout_keeps_the_mean_and_the_rate():
    """Of 200,000 ones 15 % are dropped (within 5 sigma), the rest is 1 / 0.85."""
    layer = FastDropout(0.15, seed=1)
    kept = layer(tf.ones([400, 500]), training=True).numpy()
    share = np.mean(kept == 0)
    assert abs(share - 0.15) < 5 * np.sqrt(0.15 * 0.85 / 200_000)
    np.testing.assert_allclose(kept[kept > 0], 1 / 0.85, rtol=1e-4)
    again = layer(tf.ones([400, 500]), training=True).numpy()
    assert np.mean((kept == 0) != (again == 0)) > 0.2
    np.testing.assert_array_equal(layer(tf.ones([3, 3])), np.ones([3, 3]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image_dim": 0}, "image_dim must be a whole number >= 1. Received: 0"),
        ({"text_dim": 4.0}, "text_dim must be a whole number >= 1. Received: 4.0"),
        ({"classes": -2}, "classes must be a whole number >= 1. Received: -2"),
        ({"image_layers": 0}, r"image_layers .* in \[1, 100\]. Received: 0"),
        ({"text_layers": 101}, r"text_layers .* in \[1, 100\]. Received: 101"),
        ({"units": True}, "units must be a whole number >= 1. Received: True"),
        ({"embedding_dim": 1}, "embedding_dim .* >= 2. Received: 1"),
        ({"dropout": 1}, r"dropout must be a number in \[0, 1\). Received: 1"),
        ({"logit_scale": 0.0}, r"logit_scale .* in \(0, 1000\]. Received: 0.0"),
        ({"seed": -1}, r"seed must be a whole number in \[0, 2147483647\].*: -1"),
        ({"precision": "float16"}, "precision .* mixed_float16. Received: 'float16'"),
        ({"classifier": "none"}, "classifier .* untrained. Received: 'none'"),
    ],
)
def test_what_is_wrong_is_named(settings, message):
    sizes = {"image_dim": 3, "text_dim": 3, "classes": 2, "units": 4}
    with pytest.raises(ValueError, match=message):
        embedding_network(**{**sizes, **settings})


def test_the_parts_refuse_alike():
    with pytest.raises(ValueError, match="layers must be a whole number"):
        tower("tower", 3, layers=0)
    with pytest.raises(ValueError, match="rate must be a number"):
        FastDropout(-0.1, seed=0)
    with pytest.raises(ValueError, match="logit_scale must be a number.*'learnt'"):
        SharedClassifier(2, logit_scale="learnt")
