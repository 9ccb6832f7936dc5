"""What picture files say about themselves, read in the graph before any decoding.

Pure TensorFlow: these functions run in tf.data and inside exported models.
"""

import tensorflow as tf

MAX_PIXELS = 2**26
"""Largest picture that is decoded (64 megapixels): a small file may claim more."""

_EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0]
_ORIENTATION_TAG = 0x0112


def read(contents: tf.Tensor, start: int | tf.Tensor, length: int) -> tf.Tensor:
    """Returns int32 [length] bytes from `start`, zeros beyond the end of the file."""
    start = tf.minimum(start, tf.strings.length(contents))
    part = tf.strings.substr(contents, start, length)
    return tf.cast(tf.io.decode_raw(part, tf.uint8, fixed_length=length), tf.int32)


def require(contents: tf.Tensor, condition: tf.Tensor, reason: str) -> tf.Tensor:
    """Returns `contents` once `condition` holds, else fails this element."""
    with tf.control_dependencies([tf.debugging.Assert(condition, [reason])]):
        return tf.identity(contents)


def require_size(contents: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Returns `contents` if the picture has between 1 and MAX_PIXELS pixels."""
    height, width = tf.cast(height, tf.int64), tf.cast(width, tf.int64)
    fits = (height > 0) & (width > 0) & (height * width <= MAX_PIXELS)
    return require(contents, fits, "picture is empty or above the pixel limit")


def little_endian(data: tf.Tensor, start: int, length: int = 2) -> tf.Tensor:
    """Returns the unsigned integer in `length` (1 to 4) bytes of `data` as int64."""
    places = tf.constant([256**i for i in range(length)], tf.int64)
    return tf.reduce_sum(tf.cast(data[start : start + length], tf.int64) * places)


def big_endian(data: tf.Tensor, start: int, length: int = 2) -> tf.Tensor:
    """Returns the unsigned integer in `length` (1 to 4) bytes of `data` as int64."""
    return little_endian(data[start : start + length][::-1], 0, length)


def starts_with(data: tf.Tensor, text: bytes, start: int = 0) -> tf.Tensor:
    """Returns whether the bytes of `data` from `start` are `text`."""
    return tf.reduce_all(data[start : start + len(text)] == list(text))


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
        is_data = starts_with(chunk, b"IDAT", 4)
        return (position < end) & ~is_data & ~starts_with(chunk, b"tRNS", 4)

    def skip(position, chunk):
        length = tf.minimum(big_endian(chunk, 0, 4), tf.cast(end, tf.int64))
        position = tf.minimum(position + 12 + tf.cast(length, tf.int32), end)
        return position, read(contents, position, 8)

    _, chunk = tf.while_loop(is_between, skip, (tf.constant(8), read(contents, 8, 8)))
    return starts_with(chunk, b"tRNS", 4)


def first_gif_frame(contents: tf.Tensor) -> tf.Tensor:
    """Cuts a GIF file down to its first frame, with white for transparent pixels.

    The frame becomes the whole picture, so that neither the number of frames nor
    the declared canvas decides how much memory decoding takes.

    Args:
        contents: string scalar, a GIF file.

    Returns:
        string scalar, a GIF file of one opaque frame.
    """
    end = tf.strings.length(contents)
    head = read(contents, 0, 13)
    colours = _table_bytes(head[10])

    def skip_blocks(position):
        def skip(at, size):
            at += 1 + size
            return at, read(contents, at, 1)[0]

        position, _ = tf.while_loop(
            lambda at, size: (size > 0) & (at < end),
            skip,
            (position, read(contents, position, 1)[0]),
        )
        return position + 1

    def skip_extension(position, transparent):
        control = read(contents, position, 8)
        is_control = (control[1] == 0xF9) & (control[3] % 2 == 1)
        return skip_blocks(position + 2), tf.where(is_control, control[6], transparent)

    position, transparent = tf.while_loop(
        lambda at, _: (at < end) & (read(contents, at, 1)[0] == 0x21),
        skip_extension,
        (13 + colours, -1),
    )
    frame = read(contents, position, 10)
    contents = require(contents, frame[0] == 0x2C, "no frame in the GIF file")
    local = _table_bytes(frame[9])
    data_start = position + 10 + local
    data_end = skip_blocks(data_start + 1)
    contents = require_size(contents, little_endian(frame, 7), little_endian(frame, 5))
    return tf.strings.join(
        [
            "GIF89a",
            tf.strings.substr(contents, position + 5, 4),
            tf.strings.substr(contents, 10, 3),
            _whiten(tf.strings.substr(contents, 13, colours), transparent),
            b",\x00\x00\x00\x00",
            tf.strings.substr(contents, position + 5, 5),
            _whiten(tf.strings.substr(contents, position + 10, local), transparent),
            tf.strings.substr(contents, data_start, data_end - data_start),
            ";",
        ]
    )


def _table_bytes(flags: tf.Tensor) -> tf.Tensor:
    """Returns how many bytes the colour table takes that `flags` announce."""
    return tf.where(flags >= 128, 3 * tf.bitwise.left_shift(2, flags % 8), 0)


def _whiten(table: tf.Tensor, entry: tf.Tensor) -> tf.Tensor:
    """Makes one entry of a colour table white, if the table has it."""
    return tf.cond(
        (entry >= 0) & (3 * entry + 3 <= tf.strings.length(table)),
        lambda: tf.strings.join(
            [
                tf.strings.substr(table, 0, 3 * entry),
                b"\xff\xff\xff",
                tf.strings.substr(
                    table, 3 * entry + 3, tf.strings.length(table) - 3 * entry - 3
                ),
            ]
        ),
        lambda: table,
    )
