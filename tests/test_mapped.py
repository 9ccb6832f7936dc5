"""Room for an array is taken when its file is made, not when it is written."""

import errno

import numpy as np
import pytest
from disks import fill, small_disk

from huse_tf.mapped import mapped


def test_it_is_what_numpy_loads(tmp_path):
    array = mapped(tmp_path / "a.npy", np.int16, (3, 2))
    assert not array.any()
    array[:] = values = np.arange(6).reshape(3, 2)
    array.flush()
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), values)
    assert np.load(tmp_path / "a.npy").dtype == np.int16


def test_no_rows_take_no_room(tmp_path):
    assert mapped(tmp_path / "a.npy", np.float32, (0, 4)).shape == (0, 4)


def test_a_disk_that_is_too_small_says_so(tmp_path):
    with small_disk(tmp_path, "1m"):
        with pytest.raises(OSError) as caught:
            mapped(tmp_path / "a.npy", np.float32, (2**19,))
    assert caught.value.errno == errno.ENOSPC


def test_a_disk_that_fills_up_meanwhile_ends_nothing(tmp_path):
    """Without its room, writing a page would end this process by SIGBUS."""
    with small_disk(tmp_path, "1m"):
        array = mapped(tmp_path / "a.npy", np.float32, (2**17,))
        fill(tmp_path / "ballast")
        array[:] = 1.5
        array.flush()
        assert (np.load(tmp_path / "a.npy") == 1.5).all()
