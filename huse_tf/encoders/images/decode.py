"""Picture files to square uint8 pixels, in the graph.

JPEG, PNG, GIF, BMP and WebP are told apart by content, never by name. Exported models
carry these functions, so they are TensorFlow operations throughout.
"""

import functools

import tensorflow as tf

from huse_tf.encoders.images import gif, headers

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
    return _batch_function(size, headers.most_pixels())(image_bytes)


@functools.cache
def _batch_function(
    size: int, most_pixels: int
) -> tf.types.experimental.PolymorphicFunction:
    """Returns decode_batch for one size and limit, traced once for any batch."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def decode_files(image_bytes):
        with headers.at_most(most_pixels):
            return decode_now(image_bytes)

    def decode_now(image_bytes):
        count = tf.size(image_bytes)
        kinds = headers.kinds_of(image_bytes)
        blank = tf.fill([size, size, 3], tf.constant(255, tf.uint8))
        # The last element keeps the dataset from being empty.
        files = tf.data.Dataset.from_tensors((count, blank))
        # One small function for each kind: branches within one cost far more.
        for kind, decode in enumerate(_DECODERS):
            rows = tf.where(kinds == kind)[:, 0]
            part = tf.data.Dataset.from_tensor_slices(
                (tf.cast(rows, tf.int32), tf.gather(image_bytes, rows))
            ).map(
                lambda row, contents, decode=decode: (row, decode(contents, size)),
                num_parallel_calls=_PARALLEL,
                deterministic=True,
            )
            files = files.concatenate(part)
        # A graph cannot catch an error, but a dataset can drop elements that fail.
        rows, decoded = (
            files.ignore_errors(log_warning=False)
            .batch(tf.cast(count + 1, tf.int64))
            .get_single_element()
        )
        pixels = tf.fill([count + 1, size, size, 3], tf.constant(255, tf.uint8))
        pixels = tf.tensor_scatter_nd_update(pixels, rows[:, None], decoded)
        valid = tf.scatter_nd(rows[:, None], tf.ones_like(rows), [count + 1]) > 0
        return pixels[:-1], valid[:-1]

    return decode_files


def _decode_jpeg(contents: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes grey, colour and CMYK JPEG, baseline or progressive."""
    return _pad(_decode_jpeg_unpadded(contents, size), size)


def _decode_jpeg_upright(contents: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes JPEG that may carry an orientation."""
    pixels = _decode_jpeg_unpadded(contents, size)
    orientation = headers.exif_orientation(contents)
    return _pad(_turn(pixels, orientation), size)


def _decode_jpeg_unpadded(contents: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes JPEG to uint8 [h, w, 3] whose longer side is `size`."""
    shape = tf.io.extract_jpeg_shape(contents)
    height, width = shape[0], shape[1]
    contents = headers.require(
        contents, headers.is_size_allowed(height, width), "above the pixel limit"
    )
    # JPEG can be decoded at 1/2, 1/4 and 1/8 of its size, at a fraction of the cost;
    # the rest of the way down starts from at least twice the pixels it needs.
    ratio = tf.maximum(height, width) // (2 * size)
    pixels = tf.switch_case(
        tf.reduce_sum(tf.cast(ratio >= [2, 4, 8], tf.int32)),
        [
            functools.partial(tf.io.decode_jpeg, contents, channels=3, ratio=ratio)
            for ratio in (1, 2, 4, 8)
        ],
    )
    return _resize(pixels, height, width, size)


def _turn(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turns [h, w, 3] pixels upright that were stored with an EXIF orientation."""
    swap = orientation >= 5
    mirror = tf.reduce_any(orientation == [2, 3, 6, 7])
    flip = tf.reduce_any(orientation == [3, 4, 7, 8])
    pixels = tf.cond(swap, lambda: tf.transpose(pixels, [1, 0, 2]), lambda: pixels)
    pixels = tf.cond(mirror, lambda: pixels[:, ::-1], lambda: pixels)
    return tf.cond(flip, lambda: pixels[::-1], lambda: pixels)


def _decode_png(contents: tf.Tensor, size: int) -> tf.Tensor:
    return _fit(_on_white(tf.io.decode_png(contents, channels=0)), size)


def _decode_png_with_chunks(contents: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes grey and colour PNG that may have a transparent colour."""
    # With 0 channels that colour would be lost; with 4, pictures of one bit a pixel
    # get a wrong alpha.
    pixels = tf.cond(
        headers.png_has_transparent_colour(contents),
        lambda: tf.io.decode_png(contents, channels=4),
        lambda: tf.io.decode_png(contents, channels=0),
    )
    return _fit(_on_white(pixels), size)


def _decode_gif(contents: tf.Tensor, size: int) -> tf.Tensor:
    return _fit(tf.io.decode_gif(gif.first_frame(contents))[0], size)


def _decode_bmp(contents: tf.Tensor, size: int) -> tf.Tensor:
    return _fit(tf.io.decode_bmp(contents, channels=3), size)


def _decode_bmp_with_palette(contents: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes BMP of 8 bits a pixel, which TensorFlow takes for shades of grey."""
    head = headers.read(contents, 0, 50)
    start = 14 + headers.little_endian(head, 14, 4)
    used = headers.little_endian(head, 46, 4)
    used = tf.where((used == 0) | (used > 256), tf.constant(256, tf.int64), used)
    table = tf.strings.substr(contents, start, 4 * used)
    table = tf.io.decode_raw(table, tf.uint8, fixed_length=1024)
    colours = tf.reshape(table, [256, 4])[:, 2::-1]
    indices = tf.io.decode_bmp(contents)[..., 0]
    return _fit(tf.gather(colours, tf.cast(indices, tf.int32)), size)


def _decode_webp(contents: tf.Tensor, size: int) -> tf.Tensor:
    return _fit(_on_white(tf.image.decode_webp(contents, channels=0)[0]), size)


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
        lambda: tf.image.resize(pixels, target, "area"),
        lambda: tf.image.resize(pixels, target),
    )
    return tf.cast(resized + 0.5, tf.uint8)


def _pad(pixels: tf.Tensor, size: int) -> tf.Tensor:
    """Centres uint8 [h, w, 3] on a white square."""
    room = size - tf.shape(pixels)[:2]
    before = room // 2
    margins = tf.stack([before, room - before], axis=1)
    return tf.pad(pixels, tf.concat([margins, [[0, 0]]], 0), constant_values=255)


_DECODERS = (
    _decode_jpeg,
    _decode_jpeg_upright,
    _decode_png,
    _decode_png_with_chunks,
    _decode_gif,
    _decode_bmp,
    _decode_bmp_with_palette,
    _decode_webp,
)
"""In the order of headers.KINDS."""
