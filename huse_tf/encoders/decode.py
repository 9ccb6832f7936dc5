"""Picture files to square uint8 pixels, in the graph.

JPEG, PNG, GIF, BMP and WebP are told apart by content, never by name. Exported models
carry these functions, so they are TensorFlow operations throughout.
"""

import functools

import tensorflow as tf

from huse_tf.encoders import headers

VERSION = 1
"""Goes up whenever the same file would give other pixels."""

_PARALLEL = 16


def decode_image(image_bytes: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes one picture file; see decode_batch.

    Args:
        image_bytes: string scalar, the file's contents.
        size: side of the result in pixels.

    Returns:
        pixels: uint8 [size, size, 3]; valid: bool scalar.
    """
    pixels, valid = decode_batch(tf.reshape(image_bytes, [1]), size)
    return pixels[0], valid[0]


def decode_batch(image_bytes: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes picture files, turns them upright, pads with white and resizes.

    Animations give their first frame (an animated WebP is undecodable), transparent
    pixels go on white, EXIF orientation is honoured in JPEG files. Shrinking is
    antialiased. A file that cannot be decoded never fails its batch.

    Args:
        image_bytes: string [B], the files' contents.
        size: side of the results in pixels.

    Returns:
        pixels: uint8 [B, size, size, 3], white where the file is undecodable.
        valid: bool [B], whether the file could be decoded.
    """
    return _batch_function(size)(image_bytes)


@functools.cache
def _batch_function(size: int) -> tf.types.experimental.PolymorphicFunction:
    """Returns decode_batch for one size, traced once for any batch."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def decode_files(image_bytes):
        count = tf.size(image_bytes)
        # A graph cannot catch an error, but a dataset can drop the elements that fail.
        # The last element keeps the dataset from being empty.
        blank = tf.fill([size, size, 3], tf.constant(255, tf.uint8))
        rows, decoded = (
            tf.data.Dataset.from_tensor_slices((tf.range(count), image_bytes))
            .map(
                lambda row, contents: (row, _decode(contents, size)),
                num_parallel_calls=_PARALLEL,
                deterministic=True,
            )
            .ignore_errors(log_warning=False)
            .concatenate(tf.data.Dataset.from_tensors((count, blank)))
            .batch(tf.cast(count + 1, tf.int64))
            .get_single_element()
        )
        pixels = tf.fill([count + 1, size, size, 3], tf.constant(255, tf.uint8))
        pixels = tf.tensor_scatter_nd_update(pixels, rows[:, None], decoded)
        valid = tf.scatter_nd(rows[:, None], tf.ones_like(rows), [count + 1]) > 0
        return pixels[:-1], valid[:-1]

    return decode_files


def _decode(contents: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes one file to uint8 [size, size, 3], or fails."""
    is_jpeg = tf.strings.substr(contents, 0, 3) == b"\xff\xd8\xff"
    pixels = tf.cond(
        is_jpeg,
        lambda: _decode_jpeg(contents, size),
        lambda: _fit(_decode_other(contents), size),
    )
    return tf.ensure_shape(pixels, [size, size, 3])


def _decode_jpeg(contents: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes grey, colour and CMYK JPEG, baseline or progressive."""
    shape = tf.io.extract_jpeg_shape(contents)
    height, width = shape[0], shape[1]
    contents = headers.require_size(contents, height, width)
    # JPEG can be decoded at 1/2, 1/4 and 1/8 of its size, at a fraction of the cost;
    # the rest of the way down starts from at least twice the pixels it needs.
    ratio = tf.minimum(tf.maximum(height, width) // (2 * size), 8)
    pixels = tf.switch_case(
        tf.reduce_sum(tf.cast(ratio >= [2, 4, 8], tf.int32)),
        [
            functools.partial(tf.io.decode_jpeg, contents, channels=3, ratio=ratio)
            for ratio in (1, 2, 4, 8)
        ],
    )
    pixels = _resize(pixels, height, width, size)
    orientation = headers.exif_orientation(contents)
    upright = tf.cond(
        orientation > 1, lambda: _turn(pixels, orientation), lambda: pixels
    )
    return _pad(upright, size)


def _turn(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turns [h, w, 3] pixels upright that were stored with an EXIF orientation."""
    swap = orientation >= 5
    mirror = tf.reduce_any(orientation == [2, 3, 6, 7])
    flip = tf.reduce_any(orientation == [3, 4, 7, 8])
    pixels = tf.cond(swap, lambda: tf.transpose(pixels, [1, 0, 2]), lambda: pixels)
    pixels = tf.cond(mirror, lambda: pixels[:, ::-1], lambda: pixels)
    return tf.cond(flip, lambda: pixels[::-1], lambda: pixels)


def _decode_other(contents: tf.Tensor) -> tf.Tensor:
    """Decodes PNG, GIF, BMP or WebP to uint8 [h, w, 3], or fails."""
    head = headers.read(contents, 0, 58)
    is_webp = headers.starts_with(head, b"RIFF") & headers.starts_with(head, b"WEBP", 8)
    kinds = [
        headers.starts_with(head, b"\x89PNG\r\n\x1a\n"),
        headers.starts_with(head, b"GIF8"),
        headers.starts_with(head, b"BM"),
        is_webp,
    ]
    contents = headers.require(contents, tf.reduce_any(kinds), "unknown format")
    return tf.switch_case(
        tf.argmax(kinds, output_type=tf.int32),
        [
            lambda: _decode_png(contents, head),
            lambda: _decode_gif(contents),
            lambda: _decode_bmp(contents, head),
            lambda: _decode_webp(contents, head),
        ],
    )


def _decode_png(contents: tf.Tensor, head: tf.Tensor) -> tf.Tensor:
    contents = headers.require_size(
        contents, headers.big_endian(head, 20, 4), headers.big_endian(head, 16, 4)
    )
    # With 0 channels, a transparent colour outside a palette is lost; with 4, pictures
    # of one bit a pixel get a wrong alpha.
    pixels = tf.cond(
        headers.png_has_transparent_colour(contents),
        lambda: tf.io.decode_png(contents, channels=4),
        lambda: tf.io.decode_png(contents, channels=0),
    )
    return _on_white(pixels)


def _decode_gif(contents: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_gif(headers.first_gif_frame(contents))[0]


def _decode_webp(contents: tf.Tensor, head: tf.Tensor) -> tf.Tensor:
    extended = headers.starts_with(head, b"VP8X", 12)
    lossless = headers.starts_with(head, b"VP8L", 12)
    lossy = headers.starts_with(head, b"VP8 ", 12)
    bits = headers.little_endian(head, 21, 4)
    sizes = [
        (
            headers.little_endian(head, 27, 3) + 1,
            headers.little_endian(head, 24, 3) + 1,
        ),
        (bits // 2**14 % 2**14 + 1, bits % 2**14 + 1),
        (
            headers.little_endian(head, 28) % 2**14,
            headers.little_endian(head, 26) % 2**14,
        ),
    ]
    kind = tf.argmax([extended, lossless, lossy], output_type=tf.int32)
    # DecodeWebP of TensorFlow 2.21 corrupts the heap on animations.
    is_animated = extended & (tf.bitwise.bitwise_and(head[20], 2) > 0)
    is_still = (extended | lossless | lossy) & ~is_animated
    contents = headers.require(contents, is_still, "not a still WebP picture")
    height, width = tf.unstack(tf.gather(tf.stack(sizes), kind))
    contents = headers.require_size(contents, height, width)
    return _on_white(tf.image.decode_webp(contents, channels=0)[0])


def _decode_bmp(contents: tf.Tensor, head: tf.Tensor) -> tf.Tensor:
    """Decodes uncompressed BMP of 8 (by its palette), 24 or 32 bits a pixel."""
    bits = headers.little_endian(head, 28)
    compression = headers.little_endian(head, 30, 4)
    is_plain = (compression == 0) | (
        (compression == 3) & (bits == 32) & headers.starts_with(head, b"\0\0\xff\0", 54)
    )
    header_size = headers.little_endian(head, 14, 4)
    is_known = is_plain & (header_size >= 40) & (header_size < 2**16)
    contents = headers.require(
        contents,
        is_known & tf.reduce_any(bits == [8, 24, 32]),
        "compressed or unusual BMP",
    )
    height = headers.little_endian(head, 22, 4)
    height = tf.minimum(height, 2**32 - height)  # negative: rows from the top
    contents = headers.require_size(
        contents, height, headers.little_endian(head, 18, 4)
    )

    def by_palette():
        used = headers.little_endian(head, 46, 4)
        used = tf.where((used == 0) | (used > 256), tf.constant(256, tf.int64), used)
        table = tf.strings.substr(contents, 14 + header_size, 4 * used)
        table = tf.io.decode_raw(table, tf.uint8, fixed_length=1024)
        colours = tf.reshape(table, [256, 4])[:, 2::-1]
        indices = tf.io.decode_bmp(contents)[..., 0]
        return tf.gather(colours, tf.cast(indices, tf.int32))

    return tf.cond(
        bits == 8, by_palette, lambda: tf.io.decode_bmp(contents, channels=3)
    )


def _on_white(pixels: tf.Tensor) -> tf.Tensor:
    """Puts uint8 [h, w, 1 to 4] (2 and 4: with alpha) on white, as [h, w, 3]."""
    channels = tf.shape(pixels)[2]

    def blend():
        darkness = tf.cast(255 - pixels[..., :-1], tf.uint16)
        alpha = tf.cast(pixels[..., -1:], tf.uint16)
        return 255 - tf.cast((darkness * alpha + 127) // 255, tf.uint8)

    opaque = tf.cond(channels % 2 == 0, blend, lambda: pixels)
    return tf.cond(channels < 3, lambda: tf.tile(opaque, [1, 1, 3]), lambda: opaque)


def _fit(pixels: tf.Tensor, size: int) -> tf.Tensor:
    shape = tf.shape(pixels)
    return _pad(_resize(pixels, shape[0], shape[1], size), size)


def _resize(
    pixels: tf.Tensor, height: tf.Tensor, width: tf.Tensor, size: int
) -> tf.Tensor:
    """Resizes a picture of height x width so that its longer side is `size`."""
    sides = tf.cast(tf.stack([height, width]), tf.int64)
    longest = tf.reduce_max(sides)
    target = tf.cast((sides * size + longest // 2) // longest, tf.int32)
    target = tf.maximum(target, 1)
    resized = tf.cond(
        longest > size,
        lambda: tf.image.resize(pixels, target, antialias=True),
        lambda: tf.image.resize(pixels, target),
    )
    return tf.saturate_cast(tf.round(resized), tf.uint8)


def _pad(pixels: tf.Tensor, size: int) -> tf.Tensor:
    """Centres uint8 [h, w, 3] on a white square."""
    room = size - tf.shape(pixels)[:2]
    before = room // 2
    margins = tf.stack([before, room - before], axis=1)
    return tf.pad(pixels, tf.concat([margins, [[0, 0]]], 0), constant_values=255)
