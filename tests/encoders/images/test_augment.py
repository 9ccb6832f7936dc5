import numpy as np
import pytest
import tensorflow as tf

from huse_tf.encoders.images.augment import augment, uniform

SIZE = 16


ON = {"crop_min_area": 0.5, "flip": 0.5, "colour_jitter": 0.3}
OFF = {"crop_min_area": 1.0, "flip": 0.0, "colour_jitter": 0.0}


def pictures(count):
    noise = np.random.default_rng(0).integers(0, 256, (count, SIZE, SIZE, 3))
    return noise.astype(np.uint8)


def test_row_is_the_same_in_any_batch():
    pixels, rows = pictures(6), np.array([5, 900, 3, 2**40, 7, 8])
    whole = augment(pixels, 1, 2, rows, **ON).numpy()
    assert whole.dtype == np.float32
    order = [4, 0, 3]
    part = augment(pixels[order], 1, 2, rows[order], **ON).numpy()
    np.testing.assert_array_equal(part, whole[order])


@pytest.mark.parametrize(
    ("seed", "step", "row"), [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 2**32)]
)
def test_every_part_of_the_key_counts(seed, step, row):
    pixels = pictures(1)
    base = augment(pixels, 0, 0, [0], **ON).numpy()
    np.testing.assert_array_equal(augment(pixels, 0, 0, [0], **ON), base)
    assert np.abs(augment(pixels, seed, step, [row], **ON) - base).mean() > 1


def test_the_same_in_a_graph_with_tensors_for_keys():
    pixels, rows = pictures(3), tf.constant([3, 1, 2], tf.int64)
    function = tf.function(lambda p, s, r: augment(p, 7, s, r, **ON))
    graph = function(tf.constant(pixels), tf.constant(9, tf.int64), rows)
    eager = augment(pixels, 7, 9, rows, **ON)
    np.testing.assert_allclose(graph, eager, atol=1e-3)


def test_nothing_changes_without_strength():
    pixels = pictures(4)
    result = augment(pixels, 0, 0, np.arange(4), **OFF)
    np.testing.assert_allclose(result, pixels, atol=1e-3)


def test_flip_mirrors():
    pixels = pictures(2)
    result = augment(pixels, 0, 0, [0, 1], **{**OFF, "flip": 1.0})
    np.testing.assert_allclose(result, pixels[:, :, ::-1], atol=1e-3)


def test_half_of_the_pictures_flip():
    """1,000 draws of probability 0.5: 500 with a deviation of 15.8."""
    ramp = np.tile(np.arange(4, dtype=np.float32)[None, None, :, None], (1000, 4, 1, 3))
    result = augment(ramp, 0, 0, np.arange(1000), **{**OFF, "flip": 0.5})
    flipped = (result[:, 0, 0, 0] > 1.5).numpy().sum()
    assert abs(flipped - 500) < 5 * 15.8


def test_crops_keep_the_area_and_stay_inside():
    """A picture whose channels are its own coordinates tells where a crop was."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] * (200 / (SIZE - 1))
    picture = np.stack([y, x, 0 * x], -1).astype(np.float32)
    pixels = np.tile(picture, (500, 1, 1, 1))
    result = augment(pixels, 0, 0, np.arange(500), 0.5, 0, 0).numpy() / 200
    top, left = result[:, 0, 0, 0], result[:, 0, 0, 1]
    height, width = result[:, -1, -1, 0] - top, result[:, -1, -1, 1] - left
    area = height * width
    assert area.min() >= 0.5 - 1e-3
    assert abs(area.mean() - 0.75) < 0.03  # uniform in [0.5, 1], deviation 0.0065
    assert np.max(height / width) <= 4 / 3 + 1e-3
    assert np.min(height / width) >= 3 / 4 - 1e-3
    assert (top >= 0).all() and (left >= 0).all() and left.std() > 0.03


def test_jitter_of_a_grey_picture_is_its_brightness():
    """Grey has no contrast and no colour: 100 becomes 100 (1 +- 0.3)."""
    pixels = np.full((200, 4, 4, 3), 100, np.uint8)
    result = augment(pixels, 0, 0, np.arange(200), 1, 0, 0.3).numpy()
    spread = result.max(axis=(1, 2, 3)) - result.min(axis=(1, 2, 3))
    assert spread.max() < 1e-3
    assert 70 <= result.min() < 75
    assert 125 < result.max() <= 130


def test_result_stays_in_range():
    result = augment(pictures(50), 0, 0, np.arange(50), 0.1, 0.5, 1.0).numpy()
    assert result.min() >= 0
    assert result.max() <= 255


def test_empty_batch():
    none = np.zeros((0, SIZE, SIZE, 3), np.uint8)
    assert augment(none, 0, 0, np.zeros(0, np.int64), **ON).shape[0] == 0


def test_draws_are_uniform_and_unrelated():
    """10,000 numbers: mean 0.5 +- 0.0029; correlations 0 +- 0.01."""
    draws = uniform(0, 0, np.arange(10_000), 4).numpy()
    assert draws.min() >= 0
    assert draws.max() < 1
    np.testing.assert_allclose(draws.mean(0), 0.5, atol=5 * 0.0029)
    np.testing.assert_allclose(draws.std(0), 12**-0.5, atol=0.01)
    other_step = uniform(0, 1, np.arange(10_000), 4).numpy()
    series = np.concatenate([draws, other_step, np.roll(draws, 1, axis=0)], axis=1)
    correlations = np.corrcoef(series, rowvar=False) - np.eye(12)
    assert np.abs(correlations).max() < 0.05
