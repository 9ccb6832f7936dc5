import pytest

from huse_tf.encoders.images.unreadable import why_file_undecodable, why_undecodable

DAMAGED = "damaged, of a rare kind or over 67,108,864 pixels"


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        (b"II*\0\x08", f"TIFF {DAMAGED}"),
        (b"\0\0\0\x1cftypavif", f"AVIF {DAMAGED}"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avif", f"AVIF {DAMAGED}"),
        (b"\0\0\0\x1cftypheic", f"HEIC {DAMAGED}"),
        (b"\0\0\0\x1cftypisom", "video, not a picture"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000 is not read"),
        (b"\0\0\1\0\1\0", "ICO is not read"),
        (b"P6\n9 9\n255\n", "PPM is not read"),
        (b"\x0a\x05\x01\x08", "PCX is not read"),
        (b"<svg xmlns=", "SVG is not read"),
        (b"<?xml version='1.0'?>\n<svg width=", "SVG is not read"),
        (b"\0\0\2" + b"\0" * 9 + b"\x09\0\x09\0\x18\0", "TGA is not read"),
        (b"\n <!DOCTYPE HTML><html>", "HTML, not a picture"),
        (b"\xef\xbb\xbf<HTML>", "HTML, not a picture"),
        (b"<?xml version='1.0'?>", "XML, not a picture"),
        (b"RIFF....WEBPVP8X\n\0\0\0\x02", f"animated WebP {DAMAGED}"),
        (b"RIFF....WEBPVP8 ", f"WebP {DAMAGED}"),
        (b"\xff\xd8\xff", f"JPEG {DAMAGED}"),
        (b"", "of no known format"),
        (b"\0" * 9, "of no known format"),
    ],
)
def test_what_the_file_is_instead(contents, expected, tmp_path):
    assert why_undecodable(contents) == f"undecodable picture: {expected}"
    (tmp_path / "x").write_bytes(contents + b"\0" * 10_000)
    if contents:
        assert why_file_undecodable(tmp_path / "x").endswith(expected)


def test_a_file_that_is_gone(tmp_path):
    reason = why_file_undecodable(tmp_path / "x")
    assert reason == "cannot be read: No such file or directory"
