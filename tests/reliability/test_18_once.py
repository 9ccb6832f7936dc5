"""Promise 18: what a run has measured or published is not written again, or over."""

import json
import shutil
import subprocess
import sys

import pytest
from small_runs import EXAMPLE, ROOT

from huse_tf.catalog import SPLITS
from huse_tf.run.folder import RunFolder


def test_an_evaluation_of_a_csv_has_a_name_of_its_own(tmp_path):
    """No split's, and no CSV's of that name in another folder."""
    run = RunFolder(tmp_path)
    csvs = [
        tmp_path / folder / f"{split}{suffix}"
        for folder in ("a", "b")
        for split in SPLITS
        for suffix in (".csv", "")
    ]
    names = [*SPLITS, *map(run.name_of, csvs)]
    assert len(set(names)) == len(SPLITS) + len(csvs) == 15
    assert run.name_of(csvs[0]) == run.name_of(csvs[0])


@pytest.mark.slow
def test_a_csv_called_test_leaves_the_test_splits_evaluation(small_run, tmp_path):
    run = shutil.copytree(small_run, tmp_path / "run")
    of_split = run / "evaluation_test.json"
    of_split.write_text("of the split")
    csv = shutil.copy(small_run.parent / "catalog.csv", tmp_path / "test.csv")
    command = [sys.executable, ROOT / "evaluate.py", "--run_dir", run]
    command += ["--csv", csv, "--images", EXAMPLE / "images"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert of_split.read_text() == "of the split"
    (written,) = run.glob("evaluation_of_test.csv_*.json")
    assert json.loads(written.read_text())["meta"]["csv"] == str(csv)
