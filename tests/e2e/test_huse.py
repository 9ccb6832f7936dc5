"""The program `huse`, away from the clone, on the example that it lays down."""

import os
import subprocess
import sys

import pytest
from small_runs import ROOT, TINY, small_network


@pytest.fixture
def huse(tmp_path):
    """Runs `huse WORDS` in the folder that `huse example` laid down; no clone there."""

    def run(*words, cwd=tmp_path / "there"):
        ended = subprocess.run(
            [sys.executable, "-m", "huse_tf", *map(str, words)],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    run("example", "there", cwd=tmp_path)
    return run


@pytest.fixture
def settings(tmp_path):
    """A network of two convolutions at 24 pixels, TF-IDF, small towers."""
    small = {
        "image_encoder.name": small_network(tmp_path),
        "image_encoder.size": "24",
        **TINY,
        "training.batch_size": "512",
        "export.at_end": "no",
    }
    return [f"--set={key}={value}" for key, value in small.items()]


def test_the_example_trains(huse, settings, tmp_path):
    output = huse("train", "-e", "2", *settings)
    assert f"csv={tmp_path}/there/data/example/catalog.csv" in output
    assert "epochs=2" in output and "validate_epochs" not in output
    assert "1,070 products in 26 classes" in output and "fusion" in output
    assert (tmp_path / "there" / "runs" / "huse" / "evaluation.json").exists()


@pytest.mark.slow
def test_every_other_command(huse, settings, tmp_path):
    assert "Training can start." in huse("doctor", *settings)
    for part in ("1/2", "2/2"):
        huse("features", "--part", part, *settings)
    output = huse("large-ram-train", "-e", "2", *settings)
    assert output.count("1,070 rows, 0 to encode") == 2
    assert "written to" in huse("evaluate", "--split", "validation")
    assert "title" in huse("search", "--text", "red mug", "-k", "3")
    assert "exported" in huse("export", "--to", tmp_path / "models")
    assert (tmp_path / "models" / "1" / "saved_model.pb").exists()
    output = huse(
        *("compare", "-e", "1", "--methods", "huse", "--trials", "0", "--seeds", "1"),
        *settings,
    )
    assert "1 of 1 runs" in output
