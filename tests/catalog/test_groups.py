"""Which rows are one product, and which belong together."""

import numpy as np
import pytest
from catalog_files import fill, read_rows

from huse_tf.catalog.groups import first_rows, linked, numbered, picture_marks
from huse_tf.config import DataConfig, load_config
from huse_tf.errors import InputError


def test_products_are_numbered_as_they_come():
    numbers = numbered(["b", "a", "b", "c", "a"])
    assert numbers.tolist() == [0, 1, 0, 2, 1]
    assert first_rows(numbers).tolist() == [0, 1, 0, 3, 1]
    assert first_rows(np.array([7, 3, 7])).tolist() == [0, 1, 0]


def test_links_join_through_others():
    """0-2 by the first column, 2-4 by the second, so 0, 2 and 4 are one group."""
    one, two = np.array([5, 6, 5, -1, 8]), np.array([0, 1, 2, -1, 2])
    assert linked(one, two).tolist() == [0, 1, 0, 3, 0]


def test_a_long_chain_is_one_group():
    n = 50
    one, two = np.arange(n) // 2, (np.arange(n) + 1) // 2
    assert set(linked(one, two).tolist()) == {0}
    assert set(linked(two[::-1], one[::-1]).tolist()) == {0}


@pytest.mark.parametrize("size", [1, 10, 5000, 20_000])
def test_equal_pictures_have_equal_marks(tmp_path, size):
    content = np.random.default_rng(1).bytes(size)
    names = ["a.jpg", "b.jpg", "longer.jpg", "end.jpg"]
    for name, data in zip(
        names, (content, content, content + b"x", content[:-1] + b"x"), strict=True
    ):
        (tmp_path / name).write_bytes(data)
    marks = picture_marks(tmp_path, [*names, "", "gone.jpg"])
    assert marks[0] == marks[1] >= 0 and marks[4] == marks[5] == -1
    assert len(set(marks[:4].tolist())) == 3


@pytest.fixture
def folder(tmp_path):
    """Pictures 0 to 3 differ, 4 is a copy of 0 and 5 of 1."""
    folder = fill(tmp_path)
    for i in range(6):
        (folder / "images" / f"{i}.jpg").write_bytes(b"picture %d" % (i % 4))
    return folder


def test_equal_pictures_and_equal_texts_share_a_split(folder):
    """Row 14 has the text of row 2; the copies of 0.jpg and 1.jpg are rows of 4 and 5.

    Rows 2 and 14 are of 0.jpg and 2.jpg, so with both all of 0, 4 and 2 are joined.
    """

    def splits(how, seed):
        catalog = read_rows(
            folder,
            "2.jpg,a cup 0,cup",
            split_together=how,
            split_seed=seed,
            test_fraction=0.5,
        )
        rows = dict(zip(catalog.rows.tolist(), catalog.split, strict=True))
        by_picture = {}
        for image, split in zip(catalog.images, catalog.split, strict=True):
            by_picture.setdefault(image, set()).add(split)
        return rows, by_picture

    apart = dict.fromkeys(("none", "pictures", "texts"), 0)
    for seed in range(20):
        rows, by_picture = splits("none", seed)
        apart["none"] += by_picture["0.jpg"] != by_picture["4.jpg"]
        rows, by_picture = splits("pictures", seed)
        assert by_picture["0.jpg"] == by_picture["4.jpg"]
        assert by_picture["1.jpg"] == by_picture["5.jpg"]
        apart["pictures"] += rows[2] != rows[14]
        rows, by_picture = splits("texts", seed)
        assert rows[2] == rows[14]
        apart["texts"] += by_picture["0.jpg"] != by_picture["4.jpg"]
        rows, by_picture = splits("both", seed)
        assert len(by_picture["0.jpg"] | by_picture["4.jpg"] | by_picture["2.jpg"]) == 1
    assert all(apart.values())


def test_a_draw_knows_of_classes_only(tmp_path):
    (tmp_path / "c.ini").write_text("[data]\ncsv = a\nimages = b\n")
    lines = ["data.split_by=draw", "data.split_together=texts"]
    with pytest.raises(InputError, match="split_together = texts needs data.split_by"):
        load_config(tmp_path / "c.ini", lines)
    assert DataConfig(csv=None, images=None).split_by == "hash"
