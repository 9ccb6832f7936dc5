"""A picture that only an extra reads is encoded once the extra is there."""

import io
import sys

import numpy as np
import PIL
import pytest
from feature_fakes import Squares, encode
from PIL import Image

from huse_tf.encoders.images import reencode
from huse_tf.encoders.images.decode import decode_batch


class Decoded(Squares):
    """Squares of real picture files."""

    def prepare(self, image_bytes):
        return decode_batch(image_bytes, self.size)


def tiff(colour):
    file = io.BytesIO()
    Image.new("RGB", (2, 2), colour).save(file, "TIFF")
    return file.getvalue()


def test_what_failed_without_the_extra_is_tried_again(pictures, settings, monkeypatch):
    colours = [(10, 20, 30), (40, 50, 60)]
    contents = [*map(tiff, colours), tiff(colours[0])[:60]]
    for name, content in zip(pictures.images, contents, strict=False):
        pictures.write(name, content)
    pictures.images = pictures.images[:3]
    with monkeypatch.context() as patch:
        patch.delattr(PIL, "features", raising=False)
        patch.setitem(sys.modules, "PIL.features", None)
        reencode.is_readable.cache_clear()
        features = encode(Decoded(), pictures, settings)
        assert features.encoded == 0
        assert all("needs the extra" in why for why in features.failed.values())
        again = encode(Decoded(), pictures, settings)
        assert again.failed == features.failed and len(again.failed) == 3
    reencode.is_readable.cache_clear()

    features = encode(Decoded(), pictures, settings)
    assert features.encoded == 2
    assert list(features.failed) == [2]
    assert features.failed[2].endswith("over 67,108,864 pixels")
    found = features.select(np.array([0, 1])).load()
    np.testing.assert_allclose(found, colours)
    assert encode(Decoded(), pictures, settings).encoded == 0


@pytest.fixture(autouse=True)
def fresh():
    yield
    reencode.is_readable.cache_clear()
