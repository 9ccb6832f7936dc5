"""Pictures that only Pillow reads: the same pixels as a PNG of them has."""

import io
import sys

import numpy as np
import PIL
import pytest
import tensorflow as tf
from PIL import Image

from huse_tf.encoders.images import reencode
from huse_tf.encoders.images.decode import decode_batch
from huse_tf.encoders.images.kinds import BY_PILLOW
from huse_tf.encoders.images.unreadable import can_be_decoded_now, why_undecodable

SIDE = 32


@pytest.fixture
def without_pillow(monkeypatch):
    monkeypatch.delattr(PIL, "features", raising=False)
    monkeypatch.setitem(sys.modules, "PIL.features", None)
    reencode.is_readable.cache_clear()
    yield
    reencode.is_readable.cache_clear()


def drawn(mode="RGB"):
    draw = np.random.default_rng(0).integers(0, 256, [4, 4, 3], np.uint8)
    picture = Image.fromarray(draw).resize((SIDE, SIDE), Image.Resampling.NEAREST)
    return picture.convert(mode)


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def decoded(contents):
    pixels, valid = decode_batch(tf.constant([contents]), SIDE)
    assert valid.numpy().tolist() == [True]
    return pixels[0].numpy().astype(int)


def of_kind(kind, picture):
    if kind == "HEIC":
        heif = pytest.importorskip("pillow_heif", reason="pillow-heif writes HEIC")
        heif.register_heif_opener()
        return saved(picture, "HEIF", quality=-1)
    if kind == "animated WebP":
        second = picture.rotate(90)
        options = {"save_all": True, "append_images": [second], "lossless": True}
        return saved(picture, "WEBP", **options)
    best = {"quality": 100, "subsampling": "4:4:4"}
    return saved(picture, kind, **(best if kind == "AVIF" else {}))


@pytest.mark.parametrize(
    ("kind", "most"), [*zip(BY_PILLOW, (0, 12, 12, 0), strict=True)]
)
def test_each_kind_has_the_pixels_of_a_png(kind, most):
    """`most` is what the kind's compression may change a pixel by."""
    picture = drawn()
    contents = of_kind(kind, picture)
    _, valid = decode_batch(tf.constant([contents]), SIDE)
    assert not valid[0], "the graph reads it by itself"
    wrong = decoded(reencode.reencoded(contents)) - decoded(saved(picture, "PNG"))
    assert abs(wrong).max() <= most


def test_the_first_page_upright_in_eight_bits_on_white():
    first, second = drawn(), drawn().rotate(90)
    pages = saved(first, "TIFF", save_all=True, append_images=[second])
    assert (decoded(reencode.reencoded(pages)) == np.asarray(first)).all()

    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    turned = saved(first, "TIFF", exif=exif)
    assert (decoded(reencode.reencoded(turned)) == np.asarray(first.rotate(180))).all()

    deep = np.full([SIDE, SIDE], 257 * 100, np.uint16)
    grey = saved(Image.fromarray(deep), "TIFF")
    assert (decoded(reencode.reencoded(grey)) == 100).all()

    clear = Image.new("RGBA", (SIDE, SIDE), (10, 20, 30, 0))
    assert (decoded(reencode.reencoded(saved(clear, "TIFF"))) == 255).all()


def test_in_the_graph_only_what_it_cannot_read_goes_through_pillow(tmp_path):
    contents = {
        "a.jpg": saved(drawn(), "JPEG"),
        "b.tif": saved(drawn(), "TIFF"),
        "c.tif": saved(drawn(), "TIFF")[:100],
        "d.txt": b"no picture\0",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    paths = [str(tmp_path / name) for name in contents]
    files = tf.data.Dataset.from_tensor_slices(paths).map(reencode.read_picture)
    first, second, third, _ = files.as_numpy_iterator()
    assert (first, third) == (contents["a.jpg"], contents["c.tif"])
    assert (decoded(second) == np.asarray(drawn())).all()


def test_a_picture_over_the_limit_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(reencode, "MAX_PIXELS", SIDE * SIDE - 1)
    contents = saved(drawn(), "TIFF")
    assert reencode.reencoded(contents) is contents


def test_without_the_extra_the_reason_names_it(without_pillow):
    contents = saved(drawn(), "TIFF")
    assert reencode.reencoded(contents) is contents
    reason = why_undecodable(contents)
    assert reason == (
        "undecodable picture: TIFF needs the extra pictures: pip install "
        "'huse_tf[pictures]'"
    )
    assert not can_be_decoded_now(reason)


def test_a_reason_is_none_any_more_once_the_extra_is_there():
    needs = "undecodable picture: TIFF needs the extra pictures: pip install "
    assert can_be_decoded_now(f"{needs}'huse_tf[pictures]'")
    assert can_be_decoded_now("undecodable picture: AVIF is not read")
    assert not can_be_decoded_now("undecodable picture: JPEG XL is not read")
    assert not can_be_decoded_now(why_undecodable(saved(drawn(), "TIFF")))
