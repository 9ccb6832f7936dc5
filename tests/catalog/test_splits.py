"""Training, validation and test rows."""

import collections
import dataclasses

import numpy as np
import pytest
from catalog_files import fill, read, read_rows, reasons

from huse_tf.catalog.splits import hashed_split, stratified_split
from huse_tf.catalog.splitting import with_split
from huse_tf.config import DataConfig


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path)


def test_the_split_column_is_followed(folder):
    words = ["train", "Training", " TEST", "val", "valid", "dev", "validation"]
    rows = [f"{i % 6}.jpg,t{i},c{i % 2},{word}" for i, word in enumerate(words)]
    rows += ["0.jpg,x,c0,holdout", "0.jpg,y,c0,"]
    catalog = read(folder, "image,text,class,split\n" + "\n".join(rows))
    assert not any("asked for" in note for note in catalog.notes)
    assert catalog.split.tolist() == ["train"] * 2 + ["test"] + ["validation"] * 4
    assert catalog.indices("validation").tolist() == [3, 4, 5, 6]
    unknown = "split is not train, validation or test"
    assert reasons(catalog) == [(9, unknown), (10, unknown)]


def test_other_words_for_a_split_are_read_and_said(folder):
    words = ["train", "query", "gallery", "Gallery", "eval", "development", "trn"]
    rows = [f"{i % 6}.jpg,t{i},c{i % 2},{word}" for i, word in enumerate(words)]
    rows += ["0.jpg,x,c0,holdout", "1.jpg,x,c0,fold_3", "2.jpg,x,c0,fold_3"]
    catalog = read(folder, "image,text,class,split\n" + "\n".join(rows))
    assert catalog.split.tolist() == [
        "train", *["test"] * 3, *["validation"] * 2, "train"
    ]  # fmt: skip
    summary = catalog.summary()
    assert "split 'gallery': 1 rows, taken as test rows" in summary
    assert "split 'query': 1 rows, taken as test rows" in summary
    assert "split 'eval': 1 rows, taken as validation rows" in summary
    assert "split 'train'" not in summary
    assert "not known: 'holdout' (1 rows), 'fold_3' (2 rows)" in summary
    assert len(catalog.rejected) == 3


def test_classes_without_training_rows_are_said(folder):
    rows = [f"{i}.jpg,t,{'ab'[i % 2]},{'train' if i % 2 else 'test'}" for i in range(4)]
    catalog = read(folder, "image,text,class,split\n" + "\n".join(rows))
    assert "1 classes have no training rows, such as a" in catalog.summary()


@pytest.mark.parametrize("sizes", [[1000, 10, 10, 7, 3, 2, 1], [2] * 100, [5, 5]])
def test_a_drawn_split_is_stratified(sizes):
    """Each class gives its share to within one row, and keeps a row to train on."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    split = stratified_split(labels, 0.1, 0.2, seed=3)
    assert set(split) <= {"train", "validation", "test"}
    for i, size in enumerate(sizes):
        counts = collections.Counter(split[labels == i])
        assert counts["train"] >= 1
        if min(sizes) > 3:
            assert abs(counts["validation"] - size * 0.1) <= 1
            assert abs(counts["test"] - size * 0.2) <= 1
    total = len(labels)
    assert abs(np.sum(split == "validation") - 0.1 * total) <= 1
    assert abs(np.sum(split == "test") - 0.2 * total) <= 1


def test_the_seed_decides_the_split(folder):
    def split(seed):
        return read_rows(folder, split_seed=seed, test_fraction=0.3).split.tolist()

    assert split(1) == split(1)
    assert any(split(1) != split(seed) for seed in range(2, 6))
    none = read_rows(folder, validation_fraction=0.0, test_fraction=0.0).split
    assert set(none) == {"train"}


def by_hash(keys, groups=None, validation=0.1, test=0.2, seed=0):
    groups = np.arange(len(keys)) if groups is None else groups
    return hashed_split(keys, groups, validation, test, seed)


def test_others_change_no_split():
    """Ten in a hundred more, twice, in any order, and some gone: not one moves."""
    keys = [f"product {i}" for i in range(1210)]
    splits = dict(zip(keys[:1000], by_hash(keys[:1000]), strict=True))
    mixed = np.random.default_rng(0).permutation(keys[:1100]).tolist()
    for grown in (keys[:1100], mixed, keys[137:1210]):
        for key, split in zip(grown, by_hash(grown), strict=True):
            assert splits.setdefault(key, split) == split


def test_the_shares_are_met_on_average():
    """Of n rows a share f is off by sqrt(f (1 - f) / n): four times that is enough."""
    n = 20_000
    split = by_hash([str(i) for i in range(n)])
    for name, share in (("validation", 0.1), ("test", 0.2), ("train", 0.7)):
        off = (share * (1 - share) / n) ** 0.5
        assert abs(np.mean(split == name) - share) < 4 * off


def test_another_seed_is_another_split():
    keys = [str(i) for i in range(1000)]
    one, other = by_hash(keys, seed=1), by_hash(keys, seed=2)
    # of independent splits 0.7^2 + 0.1^2 + 0.2^2 = 0.54 agree
    assert 0.45 < np.mean(one == other) < 0.63


def test_a_larger_test_share_takes_none_back():
    keys = [str(i) for i in range(1000)]
    small, large = by_hash(keys, test=0.1), by_hash(keys, test=0.3, validation=0)
    assert set(large[small == "test"]) == {"test"}
    assert set(by_hash(keys, validation=0, test=0)) == {"train"}


def test_a_group_has_one_split_and_a_copy_of_its_key_moves_it_not():
    keys = ["a", "b", "c", "a"]
    groups = np.array([0, 0, 1, 0])
    for seed in range(30):
        split = by_hash(keys, groups, seed=seed, test=0.5)
        assert split[0] == split[1] == split[3]
        fewer = by_hash(keys[:3], groups[:3], seed=seed, test=0.5)
        assert fewer.tolist() == split[:3].tolist()


def test_a_catalogue_that_grows_keeps_its_splits(folder):
    """Rows are put before, between and behind; the row numbers change, no split."""
    rows = [f"{i}.jpg,a {name} {i},{name}" for i in range(6) for name in ("cup", "hat")]
    new = [f"{i}.jpg,new {i},cup" for i in range(6)]
    for seed in range(8):
        keys = {"split_seed": seed, "test_fraction": 0.4}
        before = read(folder, "image,text,class\n" + "\n".join(rows), **keys)
        assert any("10.0% asked for" in note for note in before.notes)
        mixed = [*new[:3], *rows[5:], *new[3:], *rows[:5]]
        after = read(folder, "image,text,class\n" + "\n".join(mixed), **keys)
        splits = dict(zip(before.images, before.split, strict=True))
        assert [splits[image] for image in after.images] == after.split.tolist()


def test_rows_of_one_product_have_one_split(folder):
    """By the first picture where no id column names the product, and by the column."""
    catalog = read_rows(folder, split_by="draw", test_fraction=0.3)
    ids = catalog.ids.copy()
    ids[:6] = "one"
    for how in ("draw", "hash"):
        data = DataConfig(
            csv=catalog.csv, images=catalog.image_root, split_by=how, test_fraction=0.3
        )
        for seed in range(10):
            seeded = dataclasses.replace(data, split_seed=seed)
            several = dataclasses.replace(catalog, ids=ids)
            split = with_split(several, seeded, given=False).split
            assert len(set(split[:6])) == 1, how
    torn = np.array(["test", *["train"] * (len(ids) - 1)], object)
    torn = dataclasses.replace(catalog, ids=ids, split=torn)
    whole = with_split(torn, data, given=True)
    assert set(whole.split[:6]) == {"test"} and set(whole.split[6:]) == {"train"}
    assert "1 products have rows in several splits, such as row 3" in whole.summary()


def test_an_id_column_decides_whatever_else_changes(folder):
    catalog = dataclasses.replace(read_rows(folder), has_ids=True)
    other = dataclasses.replace(
        catalog, images=catalog.images[::-1], texts=catalog.texts[::-1]
    )
    assert catalog.keys == other.keys == [f"id {name}" for name in catalog.ids]
