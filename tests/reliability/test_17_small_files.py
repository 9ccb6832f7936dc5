"""Promise 17: a damaged small file of a run folder is one line, and no check is off."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from huse_tf import replacing
from huse_tf.catalog import read_catalog
from huse_tf.errors import InputError
from huse_tf.evaluation import write_evaluation
from huse_tf.reports.curves import points
from huse_tf.run import changes
from huse_tf.run.folder import RunFolder
from huse_tf.run.restore import require_run, restore_run

NOISE = np.random.default_rng(0).bytes(300)


@pytest.fixture
def run(small_run, tmp_path):
    """A finished run."""
    run = RunFolder(shutil.copytree(small_run, tmp_path / "run"))
    meta = {"split": "test", "fusion_weight": 0.25}
    write_evaluation(run.evaluation_file, {"loss": 1.0}, meta)
    run.end(60, False)
    return run


def check_catalog(run):
    changes.check_catalog(run, read_catalog(run.load_config().data))


def check_encoders(run):
    changes.check_encoders(run, {"image_encoder": {}}, np.zeros((4, 4), np.float32))


READERS = [  # file, what reads it, what to do about it
    ("catalog.json", check_catalog, "accept_changes"),
    ("catalog.json", RunFolder.read_catalog_facts, "accept_changes"),
    ("classes.txt", check_catalog, "accept_changes"),
    ("classes.txt", RunFolder.read_classes, "accept_changes"),
    ("encoders.json", check_encoders, "accept_changes"),
    ("semantic_graph.csv", check_encoders, "accept_changes"),
    ("semantic_graph.csv", RunFolder.read_graph, "accept_changes"),
    ("evaluation.json", RunFolder.read_evaluation, "evaluates the run anew"),
    ("text_encoder.npz", RunFolder.read_text_state, "restore the file"),
    ("config.ini", RunFolder.read_config, "from a copy"),
]
DAMAGE = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "blank": lambda path: path.write_bytes(b"\n\n"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "binary": lambda path: path.write_bytes(NOISE),
    "of another kind": lambda path: path.write_bytes(b"[[1], null]\n"),
    "deep": lambda path: path.write_bytes(b"[" * 100_000),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(("name", "read", "remedy"), READERS)
def test_damage_is_one_line(run, name, read, remedy, damage):
    DAMAGE[damage](run.path / name)
    with pytest.raises(InputError) as caught:
        read(run)
    message = str(caught.value)
    assert name in message and remedy in message and "\n" not in message, message


def test_what_is_whole_is_read(run):
    check_catalog(run)
    encoders = json.loads(run.encoders_file.read_text())
    changes.check_encoders(run, encoders, run.read_graph())
    assert len(run.read_text_state()) and run.is_ended(60, False)
    assert restore_run(run.path).fusion_weight == 0.25


@pytest.mark.parametrize("name", ["catalog.json", "encoders.json"])
def test_nothing_to_compare_with_is_accepted_by_name_only(run, name, capsys):
    """Whose checks were silently off."""
    (run.path / name).unlink()
    check = check_catalog if name == "catalog.json" else check_encoders
    with pytest.raises(InputError, match=f"{name} is missing"):
        check(run)
    check(RunFolder(run.path, accept_changes=True))
    assert f"{name} is missing" in capsys.readouterr().out


def test_a_classes_file_cut_between_two_lines(run):
    lines = run.classes_file.read_text(encoding="utf-8").splitlines(keepends=True)
    for text in ("".join(lines[:-1]), "".join([*lines[:-1], lines[0]])):
        run.classes_file.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="expected 4 different names, received 3"):
            run.read_classes()


@pytest.mark.parametrize("weight", ["high", -0.1, 1.5, float("nan"), None])
def test_a_fusion_weight_that_is_none(run, weight):
    content = {"loss": 1.0, "meta": {"fusion_weight": weight}}
    run.evaluation_file.write_text(json.dumps(content))
    with pytest.raises(InputError, match="fusion_weight: received"):
        run.read_evaluation()


@pytest.mark.parametrize("name", ["ended.json", "evaluation.json"])
@pytest.mark.parametrize("damage", sorted(set(DAMAGE) - {"missing"}))
def test_a_run_whose_end_is_damaged_is_evaluated_anew(run, name, damage, capsys):
    DAMAGE[damage](run.path / name)
    assert not run.is_ended(60, False)
    (line,) = capsys.readouterr().out.splitlines()
    assert name in line and line.endswith("the run is evaluated anew")


@pytest.mark.parametrize(
    "end",
    [
        '{"split": "train", "step": 9, "ep',
        '{"split": "train", "step": 9, "epoch": 3, "loss": 1.0}',  # not ended: cut?
        "\0\0\0\0\0\0\n",
        "[1]\n",
        '{"step": 9}\n',
        '{"split": "train", "step": 9, "epoch": 3, "loss": "0.5"}\n',
    ],
)
def test_a_damaged_line_of_the_log_stops_no_report(run, end, capsys):
    whole = run.read_log()
    before = run.metrics_file.read_bytes()
    assert whole and capsys.readouterr().out == ""
    with open(run.metrics_file, "a", encoding="utf-8") as file:
        file.write(end)
    assert run.read_log() == whole
    assert f"1 of {len(whole) + 1} lines are damaged" in capsys.readouterr().out
    epochs, _ = points(run.read_log(), "train", "loss")
    assert epochs == list(range(1, 31))
    run.forget_after(60)
    assert run.metrics_file.read_bytes() == before


def test_a_log_that_is_gone_holds_nothing(run):
    run.metrics_file.unlink()
    assert run.read_log() == []


def test_a_checkpoint_whose_manifest_names_nothing_is_damaged(run):
    """Nothing in it would be compared with anything."""
    (folder,) = run.best_folder.glob("step-*")
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match="all 1 checkpoints are damaged"):
        restore_run(run.path)


def test_a_text_encoder_that_lacks_an_array(run):
    state = run.read_text_state()
    state.popitem()
    with open(run.text_encoder_file, "wb") as file:
        np.savez(file, **state)
    with pytest.raises(InputError, match=r"text_encoder\.npz is damaged \(it lacks"):
        restore_run(run.path)


def test_a_folder_that_is_no_run_says_so(tmp_path):
    with pytest.raises(InputError, match="config.ini is missing"):
        require_run(tmp_path)


@pytest.fixture
def calls(monkeypatch):
    """What is flushed and renamed, in order."""
    calls, fsync, rename = [], os.fsync, os.replace

    def flushed(handle):
        calls.append(("flush", Path(os.readlink(f"/proc/self/fd/{handle}")).name))
        fsync(handle)

    def renamed(source, target):
        calls.append(("rename", Path(target).name))
        rename(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", renamed)
    return calls


def test_what_is_called_done_is_on_disk_before_and_after_its_rename(run, calls):
    """The content, then the name, then the folder that holds the name."""
    run.end(60, True)
    expected = [("flush", "ended.json.unfinished"), ("rename", "ended.json")]
    assert calls == [*expected, ("flush", "run")]


def test_a_disk_that_breaks_leaves_what_was_there(tmp_path, monkeypatch):
    target = tmp_path / "file"
    target.write_text("before")

    def broken(handle):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"):
        with replacing.replaced(target) as path:
            path.write_text("after")
    assert target.read_text() == "before"
