"""Says in words why a picture file is not decoded, from its first bytes."""

from pathlib import Path

from huse_tf.encoders.images.headers import MAX_PIXELS
from huse_tf.encoders.images.kinds import BY_PILLOW, HEAD, IN_GRAPH, kind_of
from huse_tf.encoders.images.reencode import is_readable

UNDECODABLE = "undecodable picture"
_EXTRA = "needs the extra pictures: pip install 'huse_tf[pictures]'"
_NO_PICTURE = ("HTML", "XML", "PDF", "video")


def why_undecodable(contents: bytes) -> str:
    """Names what a file that the decoder turned away is.

    Args:
        contents: the file, of which the first 512 bytes are looked at.
    """
    return f"{UNDECODABLE}: {_what_is_wrong(kind_of(contents))}"


def why_file_undecodable(path: str | Path) -> str:
    """As `why_undecodable`; says so where the file cannot be read any more."""
    try:
        with open(path, "rb") as file:
            return why_undecodable(file.read(HEAD))
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def can_be_decoded_now(reason: str) -> bool:
    """Says whether a reason of before is none any more: the extra was installed.

    Args:
        reason: of `why_undecodable`, in this or an earlier version.
    """
    return any(
        f"{UNDECODABLE}: {kind} {what}" == reason and is_readable(kind)
        for kind in BY_PILLOW
        for what in (_EXTRA, "is not read")
    )


def _what_is_wrong(kind: str) -> str:
    if not kind:
        return "of no known format"
    if kind in BY_PILLOW and not is_readable(kind):
        return f"{kind} {_EXTRA}"
    if kind in (*IN_GRAPH, *BY_PILLOW):
        return f"{kind} damaged, of a rare kind or over {MAX_PIXELS:,} pixels"
    if kind in _NO_PICTURE:
        return f"{kind}, not a picture"
    return f"{kind} is not read"
