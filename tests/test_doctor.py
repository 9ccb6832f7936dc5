"""The page that is printed before a training, and what stops one."""

import dataclasses
import shutil

import numpy as np
import pytest
from packaging.requirements import Requirement
from small_runs import EXAMPLE, products, write_catalog

from huse_tf import doctor
from huse_tf.config import load_config
from huse_tf.config.values import BadRows
from huse_tf.run.restore import restore_run


@pytest.fixture
def config(small_run, tmp_path):
    """Of a catalogue whose first and third product show the same picture."""
    images = tmp_path / "images"
    images.mkdir()
    rows = products()
    for row in rows:
        shutil.copy(EXAMPLE / "images" / row["image"], images)
    shutil.copy(images / rows[0]["image"], images / rows[2]["image"])
    write_catalog(tmp_path / "catalog.csv", rows)
    return load_config(
        small_run / "config.ini",
        [
            f"data.csv={tmp_path / 'catalog.csv'}",
            f"data.images={images}",
            f"features.folder={tmp_path / 'features'}",
        ],
    )


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def test_a_catalogue(config, capsys):
    """24 products, 16 of them train in batches of 16: one step an epoch, 30 in all."""
    page = doctor.Page()
    catalog = doctor.check_catalogue(page, config)
    said = "\n".join(lines(capsys))
    assert "6 to 6, median 6; 4 classes below 10" in said
    assert "1 steps of 16 products; 30 epochs are 30 steps" in said
    assert len(catalog) == 24 and not page.stops


def test_the_same_picture_twice_and_in_two_splits(config, capsys):
    """Row 2 is a validation row, row 4 a training row."""
    page = doctor.Page()
    doctor.check_pictures(page, config, doctor.check_catalogue(page, config))
    said = "\n".join(lines(capsys))
    assert "23 in 24 products; 1 contents stand in several rows" in said
    assert "2 times" in said and "rows 2, 4" in said
    assert "1 contents stand in more than one split" in said


def test_a_catalogue_that_stops(config, capsys):
    rows = products()
    rows[0]["image"] = rows[1]["image"] = "gone.jpg"
    write_catalog(config.data.csv, rows)
    page = doctor.Page()
    doctor.check_catalogue(page, config)
    assert page.stops
    (stop,) = [line for line in lines(capsys) if line.startswith("  STOP")]
    assert "2 of 24 rows are rejected" in stop and "missing file" in stop


def test_encoders_and_disk(config, small_run, capsys, monkeypatch):
    trained = restore_run(small_run)
    page = doctor.Page()
    catalog = doctor.check_catalogue(page, config)
    dims = doctor.check_encoders(page, config, catalog)
    assert dims["image_encoder"] == trained.image_encoder.dim
    assert dims["text_encoder"] == trained.text_encoder.dim
    needed = 24 * 4 * (dims["image_encoder"] + dims["text_encoder"])
    doctor.check_disk(page, config, 24, dims)
    assert f"{needed:,} bytes at most" in "\n".join(lines(capsys))
    assert not page.stops
    usage = type("Usage", (), {"free": needed - 1})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage)
    doctor.check_disk(page, config, 24, dims)
    assert page.stops


def test_an_encoder_that_is_not_there(config, small_run, capsys):
    broken = load_config(
        small_run / "config.ini", ["image_encoder.name=/nowhere/model.keras"]
    )
    page = doctor.Page()
    dims = doctor.check_encoders(page, broken, None)
    assert page.stops and "image_encoder" not in dims
    assert any("STOP" in line and "/nowhere" in line for line in lines(capsys))


def test_texts_that_the_encoder_cannot_read(config, capsys):
    """TF-IDF learns 16 training texts; the 8 others share its unknown word."""
    rows = products()
    for i, row in enumerate(rows):
        if i % 6 < 2:  # validation and test rows
            row["text"] = f"빨간{i} 모자{i}"
    write_catalog(config.data.csv, rows)
    page = doctor.Page()
    doctor.check_encoders(page, config, doctor.check_catalogue(page, config))
    (stop,) = [line for line in lines(capsys) if line.startswith("  STOP")]
    assert "text_encoder.name = tfidf cannot read 8 of 24" in stop
    assert "row 2 '빨간0 모자0', row 3 '빨간1 모자1', row 8 '빨간6 모자6', ..." in stop
    page = doctor.Page()
    settings = dataclasses.replace(
        config.text_encoder, max_unreadable=BadRows(8, False)
    )
    allowed = dataclasses.replace(config, text_encoder=settings)
    doctor.check_encoders(page, allowed, doctor.check_catalogue(page, allowed))
    (look,) = [line for line in lines(capsys) if "cannot read" in line]
    assert look.startswith("  look at") and not page.stops


def test_versions(capsys, monkeypatch):
    page = doctor.Page()
    doctor.check_versions(page)
    said = "\n".join(lines(capsys))
    assert f"{np.__version__} (tried: <3,>=1.26)" in said and not page.stops
    odd = [Requirement("numpy<1"), Requirement("no-such-package>=1")]
    monkeypatch.setattr(doctor, "requirements", lambda: odd)
    doctor.check_versions(page)
    said = "\n".join(lines(capsys))
    assert f"numpy {np.__version__} is outside of the tried <1" in said
    assert "pip install 'no-such-package>=1'" in said and page.stops
