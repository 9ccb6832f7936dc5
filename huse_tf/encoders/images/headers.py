"""What picture files say about themselves, read in the graph before any decoding.

Pure TensorFlow: these functions run in tf.data and inside exported models.
"""

import contextlib
import contextvars
from collections.abc import Iterator

import tensorflow as tf

MAX_PIXELS = 2**26
"""Largest picture that is decoded (64 megapixels): a small file may claim more."""

ASKED_PIXELS = 2**25
"""Largest one that an exported model decodes: who asks it is anybody."""

_most_pixels = contextvars.ContextVar("most_pixels", default=MAX_PIXELS)

KINDS = (
    "jpeg",
    "jpeg_with_segments",
    "png",
    "png_with_chunks",
    "gif",
    "bmp",
    "bmp_with_palette",
    "webp",
)

_EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0]
_ORIENTATION_TAG = 0x0112


def read(contents: tf.Tensor, start: int | tf.Tensor, length: int) -> tf.Tensor:
    """Returns int32 [..., length] bytes from `start`, zeros beyond the file's end."""
    start = tf.minimum(start, tf.strings.length(contents))
    part = tf.strings.substr(contents, start, tf.fill(tf.shape(start), length))
    return tf.cast(tf.io.decode_raw(part, tf.uint8, fixed_length=length), tf.int32)


def require(contents: tf.Tensor, condition: tf.Tensor, reason: str) -> tf.Tensor:
    """Returns `contents` once `condition` holds, else fails this element."""
    check = tf.raw_ops.Assert(condition=condition, data=[reason])
    with tf.control_dependencies([check] if check is not None else []):
        return tf.identity(contents)


def most_pixels() -> int:
    """Returns how many pixels what is traced now takes: MAX_PIXELS, or `at_most`."""
    return _most_pixels.get()


@contextlib.contextmanager
def at_most(pixels: int) -> Iterator[None]:
    """Makes functions that are traced inside take no picture of more pixels."""
    before = _most_pixels.set(pixels)
    try:
        yield
    finally:
        _most_pixels.reset(before)


def is_size_allowed(height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Returns whether a picture has between 1 and `most_pixels` pixels."""
    height, width = tf.cast(height, tf.int64), tf.cast(width, tf.int64)
    return (height > 0) & (width > 0) & (height * width <= most_pixels())


def little_endian(data: tf.Tensor, start: int, length: int = 2) -> tf.Tensor:
    """Returns the unsigned integer in `length` (1 to 4) bytes of `data` as int64."""
    places = tf.constant([256**i for i in range(length)], tf.int64)
    part = tf.cast(data[..., start : start + length], tf.int64)
    return tf.reduce_sum(part * places, -1)


def big_endian(data: tf.Tensor, start: int, length: int = 2) -> tf.Tensor:
    """Returns the unsigned integer in `length` (1 to 4) bytes of `data` as int64."""
    return little_endian(data[..., start : start + length][..., ::-1], 0, length)


def has(data: tf.Tensor, text: bytes, start: int = 0) -> tf.Tensor:
    """Returns whether the bytes of `data` from `start` are `text`."""
    return tf.reduce_all(data[..., start : start + len(text)] == list(text), -1)


def kinds_of(image_bytes: tf.Tensor) -> tf.Tensor:
    """Tells from the headers which decoder each file needs.

    Args:
        image_bytes: string [B], the files' contents.

    Returns:
        int32 [B], places in KINDS; -1 where the format is unknown or the header
        announces a picture that is not to be decoded.
    """
    head = read(image_bytes, 0, 58)
    is_jpeg = has(head, b"\xff\xd8\xff")
    is_plain_jpeg = is_jpeg & ~_has_metadata(image_bytes, head)
    is_png = has(head, b"\x89PNG\r\n\x1a\n") & is_size_allowed(
        big_endian(head, 20, 4), big_endian(head, 16, 4)
    )
    is_plain_png = is_png & ((head[:, 25] >= 3) | has(head, b"IDAT", 37))
    is_bmp = _is_known_bmp(head)
    found = [
        is_plain_jpeg,
        is_jpeg & ~is_plain_jpeg,
        is_plain_png,
        is_png & ~is_plain_png,
        has(head, b"GIF8"),
        is_bmp & (head[:, 28] > 8),
        is_bmp & (head[:, 28] == 8),
        _is_still_webp(head),
    ]
    kind = tf.argmax(found, output_type=tf.int32)
    return tf.where(tf.reduce_any(found, 0), kind, -1)


def _has_metadata(image_bytes: tf.Tensor, head: tf.Tensor) -> tf.Tensor:
    """Returns whether more than JFIF's own segment precedes a JPEG's tables."""
    length = head[:, 4] * 256 + head[:, 5]
    is_jfif = head[:, 3] == 0xE0
    second = read(image_bytes, 4 + length, 2)
    marker = tf.where(is_jfif, second[:, 1], head[:, 3])
    return ((marker >= 0xE0) & (marker <= 0xEF)) | (marker == 0xFE)


def _is_known_bmp(head: tf.Tensor) -> tf.Tensor:
    """Returns whether these are uncompressed BMPs of 8, 24 or 32 bits a pixel."""
    bits = little_endian(head, 28)
    compression = little_endian(head, 30, 4)
    has_usual_masks = (compression == 3) & (bits == 32) & has(head, b"\0\0\xff\0", 54)
    header_size = little_endian(head, 14, 4)
    height = little_endian(head, 22, 4)
    height = tf.minimum(height, 2**32 - height)  # negative: rows from the top
    return (
        has(head, b"BM")
        & ((bits == 8) | (bits == 24) | (bits == 32))
        & ((compression == 0) | has_usual_masks)
        & ((header_size >= 40) & (header_size < 2**16))
        & is_size_allowed(height, little_endian(head, 18, 4))
    )


def _is_still_webp(head: tf.Tensor) -> tf.Tensor:
    """Returns whether these are WebP files without animation.

    DecodeWebP of TensorFlow 2.21 corrupts the heap on animations.
    """
    is_animated = tf.bitwise.bitwise_and(head[:, 20], 2) > 0
    bits = little_endian(head, 21, 4)
    extended = (
        has(head, b"VP8X", 12)
        & ~is_animated
        & is_size_allowed(
            little_endian(head, 27, 3) + 1, little_endian(head, 24, 3) + 1
        )
    )
    lossless = has(head, b"VP8L", 12) & is_size_allowed(
        bits // 2**14 % 2**14 + 1, bits % 2**14 + 1
    )
    lossy = has(head, b"VP8 ", 12) & is_size_allowed(
        little_endian(head, 28) % 2**14, little_endian(head, 26) % 2**14
    )
    is_webp = has(head, b"RIFF") & has(head, b"WEBP", 8)
    return is_webp & (extended | lossless | lossy)


def exif_orientation(contents: tf.Tensor) -> tf.Tensor:
    """Finds the EXIF orientation of a JPEG file.

    Args:
        contents: string scalar, a JPEG file.

    Returns:
        int32 scalar from 1 (upright) to 8; 1 without EXIF or with a damaged one.
    """

    def is_exif(header):
        return (header[1] == 0xE1) & tf.reduce_all(header[4:] == _EXIF)

    def goes_on(_, header):
        is_application = (header[1] >= 0xE0) & (header[1] <= 0xEF)
        is_segment = (header[0] == 0xFF) & (is_application | (header[1] == 0xFE))
        return is_segment & ~is_exif(header)

    def skip(position, header):
        position += 2 + tf.maximum(header[2] * 256 + header[3], 2)
        return position, read(contents, position, 10)

    # Most files have one segment before the tables, and none of them is EXIF.
    position, header = tf.while_loop(
        goes_on, skip, (tf.constant(2), read(contents, 2, 10))
    )
    length = header[2] * 256 + header[3] - 8
    return tf.cond(
        is_exif(header) & (length >= 8),
        lambda: _tiff_orientation(tf.strings.substr(contents, position + 10, length)),
        lambda: 1,
    )


def _tiff_orientation(payload: tf.Tensor) -> tf.Tensor:
    """Reads the orientation from the TIFF structure that EXIF consists of."""
    data = tf.cast(tf.io.decode_raw(payload, tf.uint8), tf.int32)
    end = tf.size(data)
    data = tf.concat([data, tf.zeros([16], tf.int32)], 0)
    is_big = data[0] == 0x4D

    def pair(first, second):
        return tf.where(is_big, first * 256 + second, second * 256 + first)

    # An offset beyond 65,535 cannot lie within a JPEG segment.
    offset = tf.where(is_big, pair(data[6], data[7]), pair(data[4], data[5]))
    offset = tf.minimum(offset, end)
    count = pair(data[offset], data[offset + 1])
    count = tf.clip_by_value(count, 0, tf.maximum(end - offset - 2, 0) // 12)
    start = offset + 2
    entries = tf.reshape(data[start : start + 12 * count], [count, 12])
    is_wanted = pair(entries[:, 0], entries[:, 1]) == _ORIENTATION_TAG
    values = tf.where(is_wanted, pair(entries[:, 8], entries[:, 9]), 0)
    orientation = tf.reduce_max(tf.concat([values, [0]], 0))
    return tf.where((orientation >= 1) & (orientation <= 8), orientation, 1)


def png_has_transparent_colour(contents: tf.Tensor) -> tf.Tensor:
    """Returns whether a PNG file has a tRNS chunk before its pixels."""
    end = tf.strings.length(contents)

    def is_between(position, chunk):
        is_data = has(chunk, b"IDAT", 4)
        return (position < end) & ~is_data & ~has(chunk, b"tRNS", 4)

    def skip(position, chunk):
        length = tf.minimum(big_endian(chunk, 0, 4), tf.cast(end, tf.int64))
        position = tf.minimum(position + 12 + tf.cast(length, tf.int32), end)
        return position, read(contents, position, 8)

    _, chunk = tf.while_loop(is_between, skip, (tf.constant(8), read(contents, 8, 8)))
    return has(chunk, b"tRNS", 4)
