"""A run that a newer version went on with: one line that says so, no guess."""

import json
import shutil

import pytest
import tensorflow as tf
from earlier import EARLIER, trainer_of

from huse_tf.config import load_config
from huse_tf.errors import InputError
from huse_tf.run import changes
from huse_tf.run.checkpoints import FORMAT, Checkpoints, _digest
from huse_tf.run.folder import RunFolder


@pytest.fixture
def run(tmp_path):
    return RunFolder(shutil.copytree(EARLIER, tmp_path / "run"))


def refusal(call):
    with pytest.raises(InputError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    return message


def write_state(run, change):
    """Changes the newest checkpoint's state, which is whole afterwards."""
    folder = max(run.checkpoints_folder.glob("step-*"))
    file, manifest = folder / "state.json", folder / "manifest.json"
    state = json.loads(file.read_text())
    file.write_text(json.dumps(change(state)))
    known = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(known | {file.name: _digest(file)}))


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("[loss]\n", "[loss]\nsoftness = 0.5\n", "unknown key loss.softness"),
        ("[loss]\n", "[sound]\nname = none\n\n[loss]\n", "unknown section [sound]"),
        ("\nname = huse\n", "\nname = later\n", "name = later"),
    ],
)
def test_a_config_that_says_more_is_refused(run, before, after, named):
    """By what trains on, and by what reads the trained run."""
    now = load_config(run.config_file)
    content = run.config_file.read_text()
    assert before in content
    run.config_file.write_text(content.replace(before, after))
    for call in (run.read_config, lambda: changes.check_config(run, now)):
        message = refusal(call)
        assert named in message and str(run.path) in message
        assert "go on with the version of huse_tf that wrote it" in message


def test_a_checkpoint_of_a_newer_format_is_refused(run):
    """Though all its bytes are those that were written."""
    write_state(run, lambda state: state | {"format": FORMAT + 1})
    message = refusal(lambda: trainer_of(run))
    assert "state.json" in message and "a newer version of huse_tf wrote it" in message


@pytest.mark.parametrize(
    "change",
    [
        lambda state: [state],
        lambda state: {"at": state["step"], "shapes": state["shapes"]},
        lambda state: {"step": state["step"]},
    ],
    ids=["a list", "no step", "no shapes"],
)
def test_a_state_of_another_kind_is_refused(run, change):
    write_state(run, change)
    message = refusal(lambda: trainer_of(run))
    assert "state.json" in message and "go on with the version of huse_tf" in message


def test_variables_of_a_kind_unknown_here_are_named(tmp_path):
    """A newer version may keep more beside the model: nothing of it is dropped."""
    model, more = tf.Variable([1.0, 2.0]), tf.Variable([3.0])
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.save({"model": [model], "memory": [more]}, {"step": 1})
    message = refusal(lambda: checkpoints.restore({"model": [model]}))
    assert "1 memory variables then, 0 now" in message


def test_the_format_is_written_and_no_part_of_the_state(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=1)
    saved = checkpoints.save({"model": [tf.Variable(0.0)]}, {"step": 4})
    assert json.loads((saved / "state.json").read_text())["format"] == FORMAT
    assert checkpoints.newest_state() == {"step": 4}
