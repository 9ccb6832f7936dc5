"""Any rows, in any order, from any thread."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from feature_fakes import Squares, encode, means, pixels_of, shard_files

from huse_tf.errors import InputError
from huse_tf.features import store


def test_gather_any_rows_in_any_order(pictures, settings, monkeypatch):
    """Many shards, reads split after 4 rows, files past the second opened on demand."""
    monkeypatch.setattr(store, "SHARD_ROWS", 16)
    monkeypatch.setattr("huse_tf.features.reading.MAX_BUFFERS", 4)
    monkeypatch.setattr("huse_tf.features.reading.OPEN_FILES", 2)
    monkeypatch.setattr("huse_tf.features.reading.LOAD_ROWS", 30)
    features = encode(Squares(), pictures, settings)
    assert len(shard_files(settings, ".bin")) == 7
    whole = features.load()
    np.testing.assert_allclose(whole, means(pixels_of(100)), rtol=1e-6)
    chunks = list(features.chunks())
    assert [len(chunk) for chunk in chunks] == [30, 30, 30, 10]
    np.testing.assert_array_equal(np.concatenate(chunks), whole)
    rng = np.random.default_rng(0)
    for rows in (
        np.arange(100),
        np.arange(100)[::-1],
        np.array([3, 3, 99, 0, 3]),
        np.zeros(0, np.int64),
        rng.integers(0, 100, 500),
    ):
        np.testing.assert_array_equal(features.gather(rows), whole[rows])


def test_select_keeps_rows_and_their_failures(pictures, settings):
    pictures.write("7.bin", b"no picture")
    features = encode(Squares(), pictures, settings)
    rows = np.array([50, 7, 3])
    some = features.select(rows)
    del features
    assert some.shape == (3, 3) and set(some.failed) == {1}
    expected = means(pixels_of(100))[rows]
    expected[1] = 0
    np.testing.assert_allclose(some.load(), expected, rtol=1e-6)
    np.testing.assert_allclose(some.gather([2]), expected[[2]], rtol=1e-6)


def test_gather_from_many_threads(pictures, settings):
    features = encode(Squares(), pictures, settings)
    whole = features.load()
    start = threading.Barrier(8)

    def check(seed):
        rng = np.random.default_rng(seed)
        start.wait()
        for _ in range(50):
            rows = rng.integers(0, 100, 64)
            np.testing.assert_array_equal(features.gather(rows), whole[rows])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(check, range(8)))


def test_files_are_closed_with_the_features(pictures, settings):
    open_before = len(os.listdir("/proc/self/fd"))
    features = encode(Squares(), pictures, settings)
    assert len(os.listdir("/proc/self/fd")) > open_before
    del features
    assert len(os.listdir("/proc/self/fd")) <= open_before


def test_rows_cut_short_while_in_use(pictures, settings):
    features = encode(Squares(), pictures, settings)
    (rows,) = shard_files(settings, ".bin")
    os.truncate(rows, 600)
    features.gather([0])
    with pytest.raises(InputError, match="changed while in use"):
        features.gather([99])


def test_float16_halves_the_disk_and_rounds_once(pictures, settings):
    settings.dtype = "float16"
    features = encode(Squares(), pictures, settings)
    expected = means(pixels_of(100)).astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(features.load(), expected)
    np.testing.assert_array_equal(features.gather([5, 3]), expected[[5, 3]])
    assert features.gather([5]).dtype == np.float32
    (rows,) = shard_files(settings, ".bin")
    assert rows.stat().st_size == 100 * 3 * 2
