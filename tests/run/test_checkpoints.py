"""Checkpoints are whole or not used."""

import os

import pytest
import tensorflow as tf

from huse_tf.errors import InputError
from huse_tf.run.checkpoints import Checkpoints


@pytest.fixture
def saved(tmp_path):
    """Two checkpoints: w = [1, 1] at step 1, w = [2, 2] at step 2."""
    variable = tf.Variable([0.0, 0.0])
    held = {"model": [variable]}
    checkpoints = Checkpoints(tmp_path, keep=2)
    for step in (1, 2):
        variable.assign([step, step])
        checkpoints.save(held, {"step": step})
    variable.assign([0.0, 0.0])
    return checkpoints, held, variable


def newest_files(folder):
    return sorted(os.listdir(sorted(folder.glob("step-*"))[-1]))


def test_newest_is_restored(saved):
    checkpoints, held, variable = saved
    assert checkpoints.restore(held) == {"step": 2}
    assert variable.numpy().tolist() == [2, 2]


def test_only_the_newest_are_kept(saved, tmp_path):
    checkpoints, held, _ = saved
    checkpoints.save(held, {"step": 3})
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["step-0000000002", "step-0000000003"]


def test_nothing_there(tmp_path):
    assert Checkpoints(tmp_path / "none", keep=1).restore({}) is None


def damage(path, how):
    content = path.read_bytes()
    if how == "truncate":
        path.write_bytes(content[:-1])
    elif how == "flip":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    else:
        path.unlink()


@pytest.mark.parametrize("how", ["truncate", "flip", "delete"])
def test_each_damaged_file_leads_to_the_one_before(saved, tmp_path, how, capsys):
    checkpoints, held, variable = saved
    newest = tmp_path / "step-0000000002"
    files = newest_files(tmp_path)
    assert len(files) == 4
    for name in files:
        whole = (newest / name).read_bytes()
        damage(newest / name, how)
        variable.assign([0.0, 0.0])
        assert checkpoints.restore(held) == {"step": 1}
        assert variable.numpy().tolist() == [1, 1]
        assert capsys.readouterr().out.count("trying the one before") == 1
        (newest / name).write_bytes(whole)
    assert checkpoints.restore(held) == {"step": 2}


def test_all_damaged_is_an_error(saved, tmp_path):
    checkpoints, held, _ = saved
    for folder in tmp_path.glob("step-*"):
        damage(folder / "state.json", "flip")
    with pytest.raises(InputError, match="all 2 checkpoints are damaged"):
        checkpoints.restore(held)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    checkpoints = Checkpoints(tmp_path / "file", keep=1)
    with pytest.raises(InputError, match="cannot write 8 bytes"):
        checkpoints.save({"model": [tf.Variable([1.0, 2.0])]}, {"step": 1})
