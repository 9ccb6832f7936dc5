"""Promise 18: what a run has measured or published is not written again, or over."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from processes import kill, run, train
from small_runs import EXAMPLE, ROOT

from huse_tf.catalog import SPLITS
from huse_tf.run.folder import RunFolder
from huse_tf.run.restore import restore_run
from huse_tf.serving import export
from huse_tf.serving.verification import Verified


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


@pytest.fixture
def exporting(small_run, tmp_path, monkeypatch):
    """A run, and its version 1; what verifies versions is tested elsewhere."""
    verified = Verified(
        {}, {"tensorflow": "2", "graph_producer": 1, "graph_min_consumer": 1}, 0.0
    )
    monkeypatch.setattr(export, "verify", lambda *_: verified)
    run = restore_run(small_run)
    return run, tmp_path / "versions", export.export_run(run, tmp_path / "versions")


def test_a_version_says_what_it_is_of(exporting):
    run, folder, version = exporting
    again = restore_run(run.run.path)
    assert export.published_before(again, folder) == version == folder / "1"
    assert export.published_before(again, folder / "elsewhere") is None
    (variable, *_) = again.model.network.trainable_variables
    variable.assign(variable + 1e-6)
    assert export.published_before(again, folder) is None


@pytest.mark.parametrize("note", [b"", b"\xff\0", None])
def test_a_version_that_does_not_say_is_another(exporting, note):
    run, folder, version = exporting
    path = version / export.EXTRAS / export.DIGEST
    path.unlink() if note is None else path.write_bytes(note)
    assert export.published_before(run, folder) is None
    assert export.export_run(run, folder) == folder / "2"
    assert export.published_before(run, folder) == folder / "2"


def killed_while(moment, train_arguments):
    """Trains, and dies after the rename of the version, or as the report begins."""
    from huse_tf.serving import versions
    from huse_tf.training import fit

    if moment == "renamed":
        rename = os.rename

        def dying(source, target):
            rename(source, target)
            if os.path.basename(os.path.dirname(target)) == "export":
                kill()

        versions.os.rename = dying
        train(*train_arguments)
    else:
        fit.write_report = lambda *_: kill()
        train(*train_arguments, report=True)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["renamed", "reporting"])
def test_a_run_that_dies_after_publishing_publishes_nothing_else(shop, moment):
    arguments = shop.arguments(moment, {"export.at_end": "yes"})
    status, output = run(killed_while, moment, arguments, log=shop.log(moment))
    assert status == -9, output
    folder = shop.folder / moment
    assert not (folder / "ended.json").exists()
    assert [path.name for path in (folder / "export").iterdir()] == ["1"]
    before = (folder / "export/1/saved_model.pb").stat()
    status, output = shop.train(moment, {"export.at_end": "yes"})
    assert status == 0, output
    assert "export/1 holds this very model already" in output
    assert [path.name for path in (folder / "export").iterdir()] == ["1"]
    assert (folder / "export/1/saved_model.pb").stat() == before
    assert "holds a finished run" in shop.train(moment, {"export.at_end": "yes"})[1]
