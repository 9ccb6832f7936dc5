"""What a picture file is, by its first bytes."""

import re

HEAD = 512  # bytes that are looked at

IN_GRAPH = ("JPEG", "PNG", "GIF", "BMP", "WebP")
BY_PILLOW = ("TIFF", "AVIF", "HEIC", "animated WebP")

_MARKS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\1\0", "ICO"),
    (b"8BPS", "Photoshop"),
    (b"%!PS", "PostScript"),
    (b"%PDF", "PDF"),
    (b"DDS ", "DDS"),
    (b"qoif", "QOI"),
)
_VIDEO = (b"isom", b"iso2", b"mp41", b"mp42", b"qt  ", b"M4V ", b"avc1")
_NETPBM = re.compile(rb"P[1-7]\s")
_PCX = re.compile(rb"\x0a[\x00\x02-\x05]\x01[\x01\x02\x04\x08]", re.DOTALL)
_MARKUP = {b"<!doctype html": "HTML", b"<html": "HTML", b"<svg": "SVG", b"<": "XML"}


def kind_of(contents: bytes) -> str:
    """Names what a file is, "" where nothing is known of it.

    Args:
        contents: the file, of which the first 512 bytes are looked at.
    """
    head = contents[:HEAD]
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        animated = head[12:16] == b"VP8X" and len(head) > 20 and head[20] & 2
        return "animated WebP" if animated else "WebP"
    if head[4:8] == b"ftyp":
        return _container(head)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if _NETPBM.match(head):
        return "PPM"
    if _PCX.match(head):
        return "PCX"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for mark, name in _MARKUP.items():
        if text.startswith(mark):
            return "SVG" if b"<svg" in text else name
    return "TGA" if _is_tga(head) else ""


def _container(head: bytes) -> str:
    """Names what lies in an ISO base media file, by its brands."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, size - 3, 4))]
    if b"avif" in brands or b"avis" in brands:
        return "AVIF"
    if brands[0] == b"crx ":
        return "CR3"
    return "video" if brands[0] in _VIDEO else "HEIC"


def _is_tga(head: bytes) -> bool:
    """Judges by the header's fields: a TGA file begins with no mark."""
    if len(head) < 18 or head[1] > 1 or (head[1] == 0 and any(head[3:8])):
        return False
    is_kind = head[2] in (1, 2, 3, 9, 10, 11) and head[16] in (8, 15, 16, 24, 32)
    return is_kind and any(head[12:14]) and any(head[14:16])
