"""Training, validation and test rows."""

import collections

import numpy as np
import pytest
from catalog_files import fill, read, read_rows, reasons

from huse_tf.catalog.splits import stratified_split


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path)


def test_the_split_column_is_followed(folder):
    words = ["train", "Training", " TEST", "val", "valid", "dev", "validation"]
    rows = [f"{i % 6}.jpg,t{i},c{i % 2},{word}" for i, word in enumerate(words)]
    rows += ["0.jpg,x,c0,holdout", "0.jpg,y,c0,"]
    catalog = read(folder, "image,text,class,split\n" + "\n".join(rows))
    assert catalog.split.tolist() == ["train"] * 2 + ["test"] + ["validation"] * 4
    assert catalog.indices("validation").tolist() == [3, 4, 5, 6]
    unknown = "split is not train, validation or test"
    assert reasons(catalog) == [(9, unknown), (10, unknown)]


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
