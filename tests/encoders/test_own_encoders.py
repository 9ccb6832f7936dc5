"""Encoders of the user's own, named as package.module:Class."""

import hashlib
import sys
import textwrap
from types import SimpleNamespace

import numpy as np
import pytest

from huse_tf.encoders.base import identity_of
from huse_tf.encoders.images.factory import make_image_encoder
from huse_tf.encoders.texts.factory import (
    adapted_text_encoder,
    make_text_encoder,
    restored_text_encoder,
)
from huse_tf.errors import InputError
from huse_tf.registry import OwnName

LENGTHS = """
    import tensorflow as tf
    from huse_tf import encoders
    from huse_tf.encoders.base import TextEncoder

    class Words(TextEncoder):
        dim = 2
        identity = {"version": 1}

        def prepare(self, texts):
            return {"length": tf.strings.length(texts)}

        def call(self, prepared, training=False):
            length = tf.cast(prepared["length"], tf.float32)
            return tf.stack([length, length + 1], 1)
"""
PIXELS = """
    import tensorflow as tf
    from huse_tf.encoders.base import ImageEncoder
    from huse_tf.encoders.images.decode import decode_batch

    class Mean(ImageEncoder):
        dim = 3

        def __init__(self, size):
            super().__init__()
            self.size = size

        def prepare(self, image_bytes):
            return decode_batch(image_bytes, self.size)

        def call(self, pixels, training=False):
            return tf.reduce_mean(tf.cast(pixels, tf.float32), [1, 2])
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes a module beside an ini; returns the name that the ini would give it."""
    made = []

    def write(code, name, module="shop_words"):
        path = tmp_path / f"{module}.py"
        path.write_text(textwrap.dedent(code))
        sys.modules.pop(module, None)
        made.append(module)
        return OwnName(f"{module}:{name}", tmp_path)

    yield write
    for module in made:
        sys.modules.pop(module, None)


def section(name, fine_tune="none", size=4):
    return SimpleNamespace(
        name=name,
        fine_tune=fine_tune,
        size=size,
        weights="pretrained",
        scaling="auto",
        train_batch_norm=False,
        vocabulary_size=10,
    )


TEXTS = np.array(["red", "shirts"], object)


def test_an_own_text_encoder_encodes(written, tmp_path):
    path = list(sys.path)
    encoder = adapted_text_encoder(section(written(LENGTHS, "Words")), TEXTS)
    assert sys.path == path
    features = encoder(encoder.prepare(TEXTS.tolist()))
    np.testing.assert_array_equal(features, [[3, 4], [6, 7]])
    source = hashlib.sha256((tmp_path / "shop_words.py").read_bytes()).hexdigest()
    expected = {"version": 1, "name": "shop_words:Words", "source": source}
    assert identity_of(encoder) == expected
    assert not encoder.trainable


def test_other_code_is_another_encoder(written):
    first = identity_of(make_text_encoder(section(written(LENGTHS, "Words"))))
    code = LENGTHS.replace("length + 1", "length + 2")
    second = identity_of(make_text_encoder(section(written(code, "Words"))))
    assert first["source"] != second["source"]


def test_an_own_encoder_beside_one_of_the_project(written):
    name = OwnName(f"tfidf+{written(LENGTHS, 'Words')}", written("", "").folder)
    written(LENGTHS, "Words")
    encoder = adapted_text_encoder(section(name), TEXTS)
    own = encoder(encoder.prepare(TEXTS.tolist()))[:, -2:]
    np.testing.assert_array_equal(own, [[3, 4], [6, 7]])
    restored = restored_text_encoder(section(name), encoder.state())
    assert restored.identity == encoder.identity
    assert restored.identity["parts"][1]["name"] == "shop_words:Words"


def test_an_own_encoder_trains_where_it_is_asked_to(written):
    name = written(LENGTHS, "Words")
    assert make_text_encoder(section(name, "all")).trainable
    with pytest.raises(InputError, match="expected none or all"):
        make_text_encoder(section(name, "last_2"))


def test_an_own_image_encoder_is_made_of_the_size(written, tmp_path):
    encoder = make_image_encoder(section(written(PIXELS, "Mean"), size=5))
    pixels, valid = encoder.prepare([b"none"])
    np.testing.assert_array_equal(encoder(pixels), [[255, 255, 255]])
    assert pixels.shape == (1, 5, 5, 3) and not valid.numpy().any()
    assert identity_of(encoder)["name"] == "shop_words:Mean"


UNKNOWN = "tf.numpy_function(lambda t: t == b'', [texts], tf.bool)"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "tf.strings.length(texts)",
            UNKNOWN,
            "`prepare` returns a tensor whose static shape is <unknown>; expected [B",
        ),
        (
            "tf.strings.length(texts)",
            "texts",
            "expected `prepare` to return numbers, r",
        ),
        (
            "tf.strings.length(texts)",
            "tf.strings.length(texts)[:1]",
            "expected a row for each of 2, received shape (1,)",
        ),
        (
            '{"length": tf.strings.length(texts)}',
            "texts",
            "to return a dict of tensors",
        ),
        ("dim = 2", "dim = 3", "as its dim says, received float32 (None, 2)"),
        (
            "dim = 2",
            "",
            "expected its attribute dim, the length of its features, to be",
        ),
        (
            "tf.float32",
            "tf.float64",
            "expected float32 [B, 2], as its dim says, received float64 (N",
        ),
        (
            "return {",
            "raise KeyError('colour')\n            return {",
            "`prepare` failed at shop_words.py, line 11: KeyError: 'colour'",
        ),
        (
            "(TextEncoder)",
            "",
            "expected a class derived from huse_tf.encoders.base.Text",
        ),
        ("class Words", "class Other", "received nothing of that name"),
        ("import tensorflow", "import tensorflaw", "No module named 'tensorflaw'"),
    ],
)
def test_a_wrong_contract_is_one_line_that_names_the_encoder(
    written, old, new, expected
):
    assert old in LENGTHS
    name = written(LENGTHS.replace(old, new), "Words")
    with pytest.raises(InputError) as error:
        adapted_text_encoder(section(name), TEXTS, "class_encoder")
    text = str(error.value)
    assert text.startswith("class_encoder.name = shop_words:Words: ")
    assert expected in text, text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "self.size = size",
            "self.size = 7",
            "to be image_encoder.size = 4, received 7",
        ),
        (
            "return decode_batch(image_bytes, self.size)",
            "return image_bytes",
            "valid boo",
        ),
        ("self.size)", "9)", "expected `prepare` to return pixels [B, 4, 4, 3] and"),
    ],
)
def test_a_wrong_image_encoder_is_one_line(written, old, new, expected):
    assert old in PIXELS
    name = written(PIXELS.replace(old, new), "Mean")
    with pytest.raises(InputError) as error:
        make_image_encoder(section(name))
    text = str(error.value)
    assert text.startswith("image_encoder.name = shop_words:Mean: ")
    assert expected in text and "\n" not in text
