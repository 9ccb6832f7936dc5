"""Varied training pictures: stateless, and keyed by (seed, step, row)."""

import math

import tensorflow as tf

_RATIO = 4 / 3
"""Largest ratio of a crop's sides to each other."""

_DRAWS = 8


def augment(
    pixels: tf.Tensor,
    seed: int | tf.Tensor,
    step: int | tf.Tensor,
    rows: tf.Tensor,
    crop_min_area: float,
    flip: float,
    colour_jitter: float,
) -> tf.Tensor:
    """Crops, flips and recolours a batch.

    What happens to a picture depends on (seed, step, row) alone, not on the rest of
    its batch.

    Args:
        pixels: uint8 or float32 [B, S, S, 3] in [0, 255], padded with white.
        seed: integer of the run.
        step: integer, number of the training step.
        rows: integer [B], which products these are.
        crop_min_area: smallest share of the picture, in (0, 1]; 1: no crops.
        flip: probability of a left-right flip.
        colour_jitter: largest relative change, in [0, 1]; 0: none.

    Returns:
        float32 [B, S, S, 3] in [0, 255].
    """
    draws = uniform(seed, step, rows, _DRAWS)  # [B, 8]
    size = tf.shape(pixels)[1]
    boxes = _boxes(draws[:, :5], crop_min_area, flip)
    pixels = tf.image.crop_and_resize(
        pixels, boxes, tf.range(tf.shape(pixels)[0]), tf.stack([size, size])
    )
    return _jitter(pixels, draws[:, 5:], colour_jitter)


def uniform(
    seed: int | tf.Tensor, step: int | tf.Tensor, rows: tf.Tensor, draws: int
) -> tf.Tensor:
    """Draws numbers for each row from a hash of (seed, step, row, number of the draw).

    TensorFlow's stateless generators take one key for a whole tensor; this takes one
    for each row at no more cost.

    Args:
        seed: integer.
        step: integer.
        rows: integer [B].
        draws: how many numbers for each row.

    Returns:
        float32 [B, draws] in [0, 1).
    """
    key = _mix(_words(seed))
    key = _mix(key ^ _words(step))
    key = _mix(key ^ _words(rows))[:, None]
    hashed = _mix(key ^ tf.cast(tf.range(1, draws + 1)[None], tf.uint32))
    return tf.cast(tf.bitwise.right_shift(hashed, 8), tf.float32) * 2.0**-24


def _words(number: int | tf.Tensor) -> tf.Tensor:
    """Folds integers into 32 bits."""
    number = tf.cast(number, tf.int64)
    return _mix(tf.cast(number // 2**32 % 2**32, tf.uint32)) ^ tf.cast(
        number % 2**32, tf.uint32
    )


def _mix(words: tf.Tensor) -> tf.Tensor:
    """Scatters 32-bit words over their range: the last steps of MurmurHash3."""
    shift = tf.bitwise.right_shift
    words += tf.constant(0x9E3779B9, tf.uint32)  # 0 must not stay 0
    words = (words ^ shift(words, 16)) * tf.constant(0x85EBCA6B, tf.uint32)
    words = (words ^ shift(words, 13)) * tf.constant(0xC2B2AE35, tf.uint32)
    return words ^ shift(words, 16)


def _boxes(draws: tf.Tensor, min_area: float, flip: float) -> tf.Tensor:
    """Chooses crops.

    Args:
        draws: float32 [B, 5] in [0, 1).
        min_area: smallest share of the picture.
        flip: probability of a left-right flip.

    Returns:
        float32 [B, 4]: top, left, bottom, right in [0, 1]; left and right are swapped
        where the picture is flipped.
    """
    area, ratio, top, left, flipped = tf.unstack(draws, axis=1)
    area = min_area + (1 - min_area) * area
    # No ratio that would not fit into the picture: its own at full area.
    limit = tf.minimum(math.log(_RATIO), -tf.math.log(area))
    ratio = tf.exp((2 * ratio - 1) * limit)
    height = tf.minimum(tf.sqrt(area * ratio), 1)
    width = tf.minimum(tf.sqrt(area / ratio), 1)
    top, left = top * (1 - height), left * (1 - width)
    bottom, right = top + height, left + width
    flipped = flipped < flip
    sides = [
        top,
        tf.where(flipped, right, left),
        bottom,
        tf.where(flipped, left, right),
    ]
    return tf.stack(sides, axis=1)


def _jitter(pixels: tf.Tensor, draws: tf.Tensor, strength: float) -> tf.Tensor:
    """Changes brightness, contrast and saturation by factors of 1 +- strength.

    Args:
        pixels: float32 [B, S, S, 3] in [0, 255].
        draws: float32 [B, 3] in [0, 1).
        strength: in [0, 1].
    """
    factors = 1 + strength * (2 * draws - 1)
    brightness, contrast, saturation = tf.unstack(factors[:, None, None], axis=-1)
    pixels *= brightness[..., None]
    mean = tf.reduce_mean(pixels, axis=(1, 2, 3), keepdims=True)
    pixels = mean + (pixels - mean) * contrast[..., None]
    grey = tf.image.rgb_to_grayscale(pixels)
    pixels = grey + (pixels - grey) * saturation[..., None]
    return tf.clip_by_value(pixels, 0, 255)
