"""Says in words why a picture file is not decoded, from its first bytes."""

from pathlib import Path

from huse_tf.encoders.images.headers import MAX_PIXELS

UNDECODABLE = "undecodable picture"
HEAD = 512

_READ = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
}
_NOT_READ = {
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"8BPS": "Photoshop",
    b"%PDF": "PDF",
}
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"crx ": "CR3"}  # others are HEIC
_MARKUP = {b"<!doctype html": "HTML", b"<html": "HTML", b"<svg": "SVG", b"<": "XML"}


def why_undecodable(contents: bytes) -> str:
    """Names what a file that the decoder turned away is.

    Args:
        contents: the file, of which the first 512 bytes are looked at.
    """
    head = contents[:HEAD]
    return f"{UNDECODABLE}: {_read_format(head) or _other_format(head)}"


def why_file_undecodable(path: str | Path) -> str:
    """As `why_undecodable`; says so where the file cannot be read any more."""
    try:
        with open(path, "rb") as file:
            return why_undecodable(file.read(HEAD))
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _read_format(head: bytes) -> str:
    kind = next((name for mark, name in _READ.items() if head.startswith(mark)), "")
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        if head[12:16] == b"VP8X" and len(head) > 20 and head[20] & 2:
            return "animated WebP is not read"
        kind = "WebP"
    if not kind:
        return ""
    return f"{kind} damaged, of a rare kind or over {MAX_PIXELS:,} pixels"


def _other_format(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return f"{_BRANDS.get(head[8:12], 'HEIC')} is not read"
    for mark, name in _NOT_READ.items():
        if head.startswith(mark):
            return f"{name} is not read"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for mark, name in _MARKUP.items():
        if text.startswith(mark):
            return f"{name}, not a picture"
    return "of no known format"
