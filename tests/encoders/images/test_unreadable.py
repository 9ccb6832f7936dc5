import pytest

from huse_tf.encoders.images.unreadable import why_file_undecodable, why_undecodable


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        (b"II*\0\x08", "TIFF is not read"),
        (b"\0\0\0\x1cftypavif", "AVIF is not read"),
        (b"\0\0\0\x1cftypheic", "HEIC is not read"),
        (b"\n <!DOCTYPE HTML><html>", "HTML, not a picture"),
        (b"\xef\xbb\xbf<HTML>", "HTML, not a picture"),
        (b"<?xml version='1.0'?>", "XML, not a picture"),
        (b"RIFF....WEBPVP8X\n\0\0\0\x02", "animated WebP is not read"),
        (b"RIFF....WEBPVP8 ", "WebP damaged, of a rare kind or over 67,108,864 pixels"),
        (b"\xff\xd8\xff", "JPEG damaged, of a rare kind or over 67,108,864 pixels"),
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
