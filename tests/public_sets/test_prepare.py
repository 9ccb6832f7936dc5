"""data/prepare.py: the catalogue it writes, what it says, how it fails."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from public_set_trees import fashion_set, food, grocery_set, put, style

from huse_tf.catalog import read_catalog
from huse_tf.config import DataConfig
from huse_tf.errors import InputError
from huse_tf.public_sets import fashion, food101, grocery
from huse_tf.public_sets.checked import check

ROOT = Path(__file__).resolve().parents[2]


def load(folder, path):
    catalog = read_catalog(DataConfig(csv=path, images=folder, min_class_size=1))
    assert not catalog.rejected
    return catalog


def run(*arguments, cwd):
    """Runs the script as a user does, away from the repository."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, str(ROOT / "data" / "prepare.py"), *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("layout", "build"),
    [("food101", food), ("fashion", fashion_set), ("grocery", grocery_set)],
)
def test_command_writes_a_catalogue_that_loads(tmp_path, layout, build):
    (tmp_path / "the set").mkdir()
    folder = build(tmp_path / "the set")
    done = run(layout, "--from", folder, "--to", "catalog.csv", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    catalog = load(folder, tmp_path / "catalog.csv")
    listing = {"food101": food101, "fashion": fashion, "grocery": grocery}[layout]
    checked = check(folder, listing.listing(folder))
    assert [*zip(catalog.images, catalog.texts, catalog.split, strict=True)] == [
        (product.image, product.text, product.split) for product in checked.products
    ]
    assert checked.summary() in done.stdout
    assert f"--set 'data.images={folder}'" in done.stdout
    assert sorted(os.listdir(tmp_path)) == ["catalog.csv", "the set"]


def test_command_on_folders_with_captions_from_names(tmp_path):
    put(
        tmp_path, *(f"{kind}/{kind} {i}.jpg" for kind in ("hat", "cup") for i in (1, 2))
    )
    arguments = ("folders", "--from", tmp_path, "--to", tmp_path / "catalog.csv")
    done = run(*arguments, "--caption_from_name", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    catalog = load(tmp_path, tmp_path / "catalog.csv")
    assert list(catalog.texts) == ["cup 1", "cup 2", "hat 1", "hat 2"]


def test_command_on_plain_folders_of_photos(tmp_path):
    put(tmp_path, *(f"{kind}/000{i}.jpg" for kind in ("hat", "cup") for i in (1, 2)))
    path = tmp_path / "catalog.csv"
    done = run("folders", "--from", tmp_path, "--to", path, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "4 products are photos without a text" in done.stdout
    catalog = load(tmp_path, path)
    assert catalog.class_names == ("cup", "hat")
    assert not catalog.has_text.any() and catalog.has_image.all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no layout named; expected food101, fashion, folders, grocery"),
        (("food",), "no layout called 'food'; expected food101"),
        (
            ("fashion", "--from", "."),
            "expected --from, the data set's folder, and --to",
        ),
        (("fashion", "--from", "x", "--to", "y"), "x: no such folder; --from names"),
        (("fashion", "--from", ".", "--to", "y"), "no styles.csv; expected Fashion"),
        (
            ("fashion", "--from", ".", "--to", "y", "--caption_from_name"),
            "--caption_from_name is for folders, not for fashion",
        ),
        (
            ("folders", "--from", ".", "--to", "y"),
            "1 products of 1 classes can be used, expected two classes or more; "
            "skipped: nothing",
        ),
    ],
)
def test_wrong_input_is_one_line_and_status_1(tmp_path, arguments, message):
    put(tmp_path, "hat/1.jpg")
    done = run(*arguments, cwd=tmp_path)

    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert message in done.stderr
    assert os.listdir(tmp_path) == ["hat"]


def test_an_older_catalogue_stays_where_writing_fails(tmp_path, monkeypatch):
    checked = check(tmp_path, fashion.listing(fashion_set(tmp_path)))
    path = tmp_path / "catalog.csv"
    path.write_text("older")
    before = sorted(os.listdir(tmp_path))

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(InputError, match="cannot be written: No space left"):
            checked.write(path)
    assert path.read_text() == "older"
    assert sorted(os.listdir(tmp_path)) == before

    checked.write(path)
    with path.open(newline="") as file:
        assert next(csv.reader(file)) == ["image", "text", "class", "split"]


def test_summary_counts_by_reason_with_the_first_example(tmp_path):
    fashion_set(tmp_path, style(30), style(31), style(0, "Mug, blue"), "a,b")
    checked = check(tmp_path, fashion.listing(tmp_path))

    assert checked.summary() == "\n".join(
        [
            "21 products in 2 classes: 17 train, 2 validation, 2 test",
            "validation and test rows are not the publisher's: 10% each, drawn by "
            "class, always the same",
            "1 repaired:",
            "        1  comma in a productDisplayName without quotes (first: "
            "styles.csv row 24)",
            "3 skipped:",
            "        2  missing file (first: styles.csv row 22)",
            "        1  wrong number of columns (first: styles.csv row 25)",
        ]
    )
