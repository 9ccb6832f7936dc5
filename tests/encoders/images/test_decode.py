import functools
import io
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from huse_tf.encoders.images import decode, headers

SIZE = 32


@functools.cache
def photo(height=48, width=64):
    """A smooth picture, so that JPEG and resizing keep it close to the original."""
    y, x = np.mgrid[0:height, 0:width]
    channels = [4 * x, 5 * y, 2 * (x + y)]
    return np.stack([np.clip(c, 0, 255) for c in channels], -1).astype(np.uint8)


def file_of(picture, kind, **options):
    buffer = io.BytesIO()
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(*files, size=SIZE):
    pixels, valid = decode.decode_batch(tf.constant(list(files), tf.string), size)
    return pixels.numpy(), valid.numpy()


def on_square(picture, size=SIZE):
    """What decode should give, by Pillow: upright, resized, padded with white."""
    picture = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    width, height = picture.size
    longest = max(width, height)
    target = tuple(
        max(1, (side * size + longest // 2) // longest) for side in (width, height)
    )
    # Shrinking is by the mean of each area, here of a whole number of pixels.
    resized = picture.convert("RGB").resize(target, Image.Resampling.BOX)
    square = Image.new("RGB", (size, size), "white")
    square.paste(resized, ((size - target[0]) // 2, (size - target[1]) // 2))
    return np.asarray(square).astype(int)


def assert_shows(data, picture, tolerance, size=SIZE):
    pixels, valid = decoded(data, size=size)
    assert valid.tolist() == [True]
    difference = np.abs(pixels[0].astype(int) - on_square(picture, size))
    assert difference.max() <= tolerance


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_jpeg(options):
    assert_shows(file_of(photo(), "JPEG", quality=95, **options), photo(), 4)


def test_grey_jpeg():
    grey = Image.fromarray(photo()).convert("L")
    assert_shows(file_of(grey, "JPEG", quality=95), grey, 4)


def test_cmyk_jpeg():
    ink = Image.fromarray(photo()).convert("CMYK")
    assert_shows(file_of(ink, "JPEG", quality=95), photo(), 6)


def test_large_jpeg_is_decoded_at_a_fraction_of_its_size():
    large = np.kron(photo(), np.ones((8, 8, 1), np.uint8))
    assert_shows(file_of(large, "JPEG", quality=95), large, 5)


PNG_MODES = ["RGB", "L", "1", "P", "I;16"]


@pytest.mark.parametrize("mode", PNG_MODES)
def test_png(mode):
    picture = Image.fromarray(photo())
    if mode == "I;16":
        stored = Image.fromarray(photo()[..., 0].astype(np.uint16) * 257)
        shown = Image.fromarray(photo()[..., 0])
    else:
        stored = picture.quantize(8) if mode == "P" else picture.convert(mode)
        shown = stored
    assert_shows(file_of(stored, "PNG"), shown, 1)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_goes_on_white(kind, mode):
    """A black square in a transparent picture of the size asked for: no resizing."""
    alpha = np.zeros((SIZE, SIZE), np.uint8)
    alpha[8:16, 8:16] = 255
    alpha[20, 20] = 51  # a fifth of black on white: 204
    picture = Image.new("RGB", (SIZE, SIZE), "black")
    picture.putalpha(Image.fromarray(alpha))
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    data = file_of(picture.convert(mode), kind, **options)
    pixels, _ = decoded(data)
    expected = np.repeat(255 - alpha[..., None], 3, -1)
    np.testing.assert_array_equal(pixels[0], expected)


@pytest.mark.parametrize("bits", ["P", "L", "1"])
def test_transparent_palette_entry_of_png_is_white(bits):
    picture = Image.new("P" if bits == "P" else bits, (SIZE, SIZE), 0)
    data = file_of(picture, "PNG", transparency=0)
    pixels, valid = decoded(data)
    assert valid.all()
    assert (pixels == 255).all()


def test_gif_shows_its_first_frame():
    first = Image.fromarray(photo()).quantize(16)
    second = Image.fromarray(255 - photo()).quantize(16)
    data = file_of(first, "GIF", save_all=True, append_images=[second] * 3)
    assert_shows(data, first, 1)


def test_gif_transparency_is_white():
    picture = Image.fromarray(np.zeros((SIZE, SIZE), np.uint8), "P")
    picture.putpalette([0, 0, 0, 10, 20, 30])
    picture.putpixel((3, 5), 1)
    pixels, _ = decoded(file_of(picture, "GIF", transparency=0))
    expected = np.full((SIZE, SIZE, 3), 255)
    expected[5, 3] = 10, 20, 30
    np.testing.assert_array_equal(pixels[0], expected)


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
def test_bmp(mode):
    picture = Image.fromarray(photo())
    picture = picture.quantize(8) if mode == "P" else picture.convert(mode)
    assert_shows(file_of(picture, "BMP"), picture, 1)


@pytest.mark.parametrize("lossless", [False, True])
def test_webp(lossless):
    data = file_of(photo(), "WEBP", lossless=lossless, quality=95)
    assert_shows(data, photo(), 1 if lossless else 12)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("endian", ["<", ">"])
def test_exif_orientation(orientation, endian):
    exif = Image.Exif()
    exif.endian = endian
    exif[0x010E] = "a description before the orientation"
    exif[0x0112] = orientation
    data = file_of(photo(40, 64), "JPEG", quality=95, exif=exif)
    stored = Image.open(io.BytesIO(data))
    upright = {
        1: lambda p: p,
        2: lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda p: p.transpose(Image.Transpose.ROTATE_180),
        4: lambda p: p.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda p: p.transpose(Image.Transpose.TRANSPOSE),
        6: lambda p: p.transpose(Image.Transpose.ROTATE_270),
        7: lambda p: p.transpose(Image.Transpose.TRANSVERSE),
        8: lambda p: p.transpose(Image.Transpose.ROTATE_90),
    }[orientation](stored)
    assert_shows(data, upright, 6)


def app1(payload):
    return b"\xff\xe1" + (len(payload) + 2).to_bytes(2, "big") + payload


@pytest.mark.parametrize(
    "payload",
    [
        b"Exif\0\0",
        b"Exif\0\0II*\0",
        b"Exif\0\0MM\0*\0\0\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0\x01\0\0\0\x63\0\0\0",
        b"http://ns.adobe.com/xap/1.0/\0<x/>",
    ],
)
def test_damaged_exif_leaves_the_picture_as_it_is(payload):
    plain = file_of(photo(), "JPEG")
    data = plain[:2] + app1(payload) + plain[2:]
    np.testing.assert_array_equal(decoded(data)[0], decoded(plain)[0])
    assert decoded(data)[1].all()


def test_exif_after_other_segments():
    plain = file_of(photo(), "JPEG")
    entry = b"\x12\x01\x03\0\x01\0\0\0\x03\0\0\0"
    exif = app1(b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry)
    comment = b"\xff\xfe\0\x06abcd"
    data = plain[:2] + app1(b"http://ns.adobe.com/\0") + comment + exif + plain[2:]
    stored = Image.open(io.BytesIO(plain))
    assert_shows(data, stored.transpose(Image.Transpose.ROTATE_180), 4)


def test_thin_picture_keeps_a_pixel():
    """3 x 900 at side 32: 0.1 pixels high rounds to the one line it must keep."""
    pixels, valid = decoded(file_of(np.zeros((3, 900, 3), np.uint8), "PNG"))
    assert valid.all()
    assert (pixels[0] < 128).any(axis=(1, 2)).sum() == 1


def test_upsampling_pads_with_white():
    """2 x 1 black pixels at side 8: 8 x 4 black, two white columns on each side."""
    pixels, _ = decoded(file_of(np.zeros((2, 1, 3), np.uint8), "PNG"), size=8)
    expected = np.full((8, 8, 3), 255)
    expected[:, 2:6] = 0
    np.testing.assert_array_equal(pixels[0], expected)


def bad_files():
    jpeg, png = file_of(photo(), "JPEG"), file_of(photo(), "PNG")
    moving = {"save_all": True, "append_images": [Image.fromarray(255 - photo())]}
    return {
        "empty": b"",
        "garbage": bytes(range(256)),
        "html": b"<!DOCTYPE html><html>404</html>",
        "tiff": file_of(photo(), "TIFF"),
        "avif": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1" + b"\0" * 60,
        "truncated jpeg": jpeg[: len(jpeg) // 2],
        "jpeg header": jpeg[:3],
        "truncated png": png[: len(png) // 2],
        "png signature": png[:8],
        "truncated gif": file_of(photo(), "GIF")[:40],
        "gif signature": b"GIF89a",
        "truncated webp": file_of(photo(), "WEBP")[:60],
        "animated webp": file_of(photo(), "WEBP", **moving),
        "truncated bmp": file_of(photo(), "BMP")[:2000],
        "one-bit bmp": file_of(Image.fromarray(photo()).convert("1"), "BMP"),
    }


@pytest.mark.parametrize("name", bad_files())
def test_undecodable_is_white_and_invalid(name):
    good = file_of(photo(), "PNG")
    pixels, valid = decoded(good, bad_files()[name], good)
    assert valid.tolist() == [True, False, True]
    assert (pixels[1] == 255).all()
    np.testing.assert_array_equal(pixels[0], pixels[2])
    np.testing.assert_array_equal(pixels[:1], decoded(good)[0])


def test_nothing_decodable_and_nothing_at_all():
    pixels, valid = decoded(b"", b"x")
    assert (pixels == 255).all() and not valid.any()
    pixels, valid = decoded()
    assert pixels.shape == (0, SIZE, SIZE, 3)
    assert valid.shape == (0,)


@pytest.mark.parametrize(("limit", "valid"), [(599, False), (600, True)])
def test_pixel_limit_is_read_from_every_header(limit, valid):
    """20 x 30 = 600 pixels: a limit of one less turns good files away."""
    kinds = ["PNG", "GIF", "BMP", "JPEG", "WEBP"]
    files = [file_of(photo(20, 30), kind) for kind in kinds]
    files.append(file_of(photo(20, 30), "WEBP", lossless=True))
    files.append(file_of(photo(20, 30), "WEBP", exif=b"Exif\0\0"))  # extended format
    with headers.at_most(limit):
        assert decoded(*files, size=7)[1].tolist() == [valid] * len(files)


def test_bombs_use_bounded_memory(tmp_path):
    """20,000 x 20,000 pixels are 400 MB even at one byte; far less must be taken."""
    bomb = Image.new("1", (20_000, 20_000))
    for kind in ("PNG", "GIF"):
        (tmp_path / kind).write_bytes(file_of(bomb, kind))
    script = """
        import resource, sys
        import tensorflow as tf
        from huse_tf.encoders.images.decode import decode_batch
        used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        decode_batch(tf.constant([b"GIF89a", b"PNG"]), 32)
        before = used()
        _, valid = decode_batch([tf.io.read_file(name) for name in sys.argv[1:]], 32)
        print(int(sum(valid.numpy())), used() - before)
    """
    valid, megabytes = run(script, tmp_path / "PNG", tmp_path / "GIF").split()
    assert valid == "0"
    assert int(megabytes) < 150


def run(script, *arguments):
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_exported_graph_answers_in_a_fresh_process(tmp_path):
    class Server(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def serve(self, image_bytes):
            pixels, valid = decode.decode_batch(image_bytes, 16)
            return {"pixels": pixels, "valid": valid}

    files = [file_of(photo(), "JPEG"), b"<html>", file_of(photo(), "PNG")]
    server = Server()
    tf.saved_model.save(
        server, str(tmp_path / "m"), signatures={"serving_default": server.serve}
    )
    for number, data in enumerate(files):
        (tmp_path / f"{number}").write_bytes(data)
    script = """
        import sys
        import numpy as np
        import tensorflow as tf
        folder = sys.argv[1]
        serve = tf.saved_model.load(folder + "/m").signatures["serving_default"]
        for count in (3, 1, 0):
            files = [open(f"{folder}/{i}", "rb").read() for i in range(count)]
            answer = serve(image_bytes=tf.constant(files, tf.string, [count]))
            np.savez(f"{folder}/{count}.npz", **answer)
        assert not any(name.startswith("huse_tf") for name in sys.modules)
    """
    run(script, tmp_path)
    pixels, valid = decoded(*files, size=16)
    assert valid.tolist() == [True, False, True]
    for count in (3, 1, 0):
        with np.load(tmp_path / f"{count}.npz") as answer:
            np.testing.assert_array_equal(answer["pixels"], pixels[:count])
            np.testing.assert_array_equal(answer["valid"], valid[:count])


def test_decode_image_in_a_dataset():
    files = [file_of(photo(), "JPEG"), b"x"]
    dataset = tf.data.Dataset.from_tensor_slices(files)
    rows = list(dataset.map(lambda data: decode.decode_image(data, SIZE)))
    assert [bool(valid) for _, valid in rows] == [True, False]
    assert rows[0][0].shape == (SIZE, SIZE, 3)
    np.testing.assert_array_equal(rows[0][0], decoded(files[0])[0][0])
