"""GIF files cut down to one opaque frame, in the graph."""

import tensorflow as tf

from huse_tf.encoders.images import headers


def first_frame(contents: tf.Tensor) -> tf.Tensor:
    """Cuts a GIF file down to its first frame, with white for transparent pixels.

    The frame becomes the whole picture, so that neither the number of frames nor
    the declared canvas decides how much memory decoding takes.

    Args:
        contents: string scalar, a GIF file.

    Returns:
        string scalar, a GIF file of one opaque frame.
    """
    end = tf.strings.length(contents)
    head = headers.read(contents, 0, 13)
    colours = _table_bytes(head[10])

    def skip_blocks(position):
        def skip(at, size):
            at += 1 + size
            return at, headers.read(contents, at, 1)[0]

        position, _ = tf.while_loop(
            lambda at, size: (size > 0) & (at < end),
            skip,
            (position, headers.read(contents, position, 1)[0]),
        )
        return position + 1

    def skip_extension(position, transparent):
        control = headers.read(contents, position, 8)
        is_control = (control[1] == 0xF9) & (control[3] % 2 == 1)
        return skip_blocks(position + 2), tf.where(is_control, control[6], transparent)

    position, transparent = tf.while_loop(
        lambda at, _: (at < end) & (headers.read(contents, at, 1)[0] == 0x21),
        skip_extension,
        (13 + colours, -1),
    )
    frame = headers.read(contents, position, 10)
    contents = headers.require(contents, frame[0] == 0x2C, "no frame in the GIF file")
    local = _table_bytes(frame[9])
    data_start = position + 10 + local
    data_end = skip_blocks(data_start + 1)
    fits = headers.is_size_allowed(
        headers.little_endian(frame, 7), headers.little_endian(frame, 5)
    )
    contents = headers.require(contents, fits, "GIF frame above the pixel limit")
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
