"""The example catalogue: what it holds, and that its script draws it again."""

import collections
import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "data" / "example"


def pixels(path: Path) -> np.ndarray:
    return tf.io.decode_jpeg(tf.io.read_file(str(path))).numpy()


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (EXAMPLE / "catalog.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def catalogue(monkeypatch):
    pytest.importorskip("PIL", reason="Pillow draws the example")
    monkeypatch.syspath_prepend(str(EXAMPLE))
    from drawing import catalogue

    return catalogue


def test_about_a_thousand_products_in_classes_three_levels_deep(rows):
    counts = collections.Counter(row["class"] for row in rows)

    assert list(rows[0]) == ["image", "text", "class"]
    assert 1000 <= len(rows) <= 1100
    assert 24 <= len(counts) <= 28
    assert all(25 <= count <= 60 for count in counts.values())
    assert {len(path.split("<")) for path in counts} == {3}


def test_images_are_those_of_the_catalogue_and_small(rows):
    files = {path.name: path for path in (EXAMPLE / "images").iterdir()}

    assert sorted(row["image"] for row in rows) == sorted(files)
    assert sum(path.stat().st_size for path in files.values()) < 4 * 2**20
    assert (ROOT / "docs" / "example.png").stat().st_size <= 300 * 2**10


def test_every_image_decodes_to_a_picture(rows):
    for row in rows:
        picture = pixels(EXAMPLE / "images" / row["image"])
        assert picture.shape == (96, 96, 3), row
        assert picture.std() > 5, row


def test_no_two_rows_share_a_title_or_a_picture(rows):
    pictures = {(EXAMPLE / "images" / row["image"]).read_bytes() for row in rows}

    assert len({row["text"] for row in rows}) == len(rows)
    assert len(pictures) == len(rows)


def test_15_to_25_percent_of_titles_lack_every_noun_of_their_class(rows, catalogue):
    nouns = {kind.path: kind.nouns for kind in catalogue.KINDS}
    vague = [
        row["text"]
        for row in rows
        if not any(noun in row["text"].lower() for noun in nouns[row["class"]])
    ]

    assert 0.15 <= len(vague) / len(rows) <= 0.25


def test_script_plans_the_rows_of_the_catalogue(rows, catalogue):
    planned = [(p.image, p.text, p.kind.path) for p in catalogue.plan()]

    assert planned == [tuple(row.values()) for row in rows]


def test_script_draws_the_same_pictures_again(tmp_path, catalogue):
    """Bytes are equal under one Pillow; another may round a few pixels otherwise."""
    for name in ("once", "again"):
        subprocess.run(
            [sys.executable, str(EXAMPLE / "draw.py"), "--to", str(tmp_path / name)]
            + ["--only", "5", "25", "101"],
            check=True,
        )
    drawn = sorted((tmp_path / "once").rglob("*.*"))

    assert [path.name for path in drawn] == ["0005.jpg", "0025.jpg", "0101.jpg"]
    for path in drawn:
        again = tmp_path / "again" / "images" / path.name
        kept = pixels(EXAMPLE / "images" / path.name).astype(int)
        assert again.read_bytes() == path.read_bytes()
        assert np.abs(pixels(path) - kept).mean() < 2
