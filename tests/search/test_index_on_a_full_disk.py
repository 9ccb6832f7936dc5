"""An index on a disk that is too small: one line, nothing of it left, then it fits."""

import dataclasses

import numpy as np
import pytest
from disks import small_disk
from small_runs import products

from huse_tf.errors import InputError
from huse_tf.run.folder import RunFolder
from huse_tf.run.restore import restore_run
from huse_tf.search import approximate
from huse_tf.search.build import open_index

PAGE_KB = 4


@pytest.fixture
def trained(small_run, tmp_path):
    """A run whose folder for indexes is empty."""
    (tmp_path / "search").mkdir()
    return dataclasses.replace(restore_run(small_run), run=RunFolder(tmp_path))


def refusal(trained):
    """Why an index cannot be built; nothing where it can, which is whole then."""
    try:
        assert len(open_index(trained)) == len(products())
    except InputError as error:
        return str(error)
    return ""


def test_every_disk_that_is_too_small_is_one_line(trained, tmp_path):
    """Page by page more, so that each file of the index is the one that does not fit.

    Its three kinds of vectors alone take a page each.
    """
    folder = tmp_path / "search"
    for pages in range(1, 100):
        with small_disk(folder, f"{pages * PAGE_KB}k"):
            why = refusal(trained)
            if not why:
                break
            assert str(folder) in why and "\n" not in why and "None" not in why
            assert [path.name for path in folder.iterdir()] in ([], ["lock"])
    assert 8 < pages < 99


def test_an_approximate_index_that_does_not_fit_is_no_index(tmp_path):
    """Of the 400 vectors a byte a component is kept, and a number: some pages."""
    pytest.importorskip("faiss")
    vectors = np.random.default_rng(0).normal(size=(400, 16)).astype(np.float32)
    for pages in range(1, 20):
        with small_disk(tmp_path, f"{pages * PAGE_KB}k"):
            try:
                approximate.build(tmp_path / "products.faiss", vectors, vectors[:20])
                break
            except OSError as error:
                assert str(error) and "\n" not in str(error)
            assert not list(tmp_path.glob("*.faiss")) + list(tmp_path.glob("*.build*"))
    assert 3 <= pages < 19
