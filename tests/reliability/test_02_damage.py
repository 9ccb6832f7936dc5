"""Promise 2: no half checkpoint is ever loaded."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from huse_tf.errors import InputError
from huse_tf.run.checkpoints import Checkpoints

STEPS = (3, 6)


def whole(value=0.0):
    return {"model": [tf.Variable(np.full([40, 10], value, np.float32))]}


@pytest.fixture
def saved(tmp_path):
    """Two checkpoints whose variable holds the step's number."""
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=2)
    for step in STEPS:
        checkpoints.save(whole(step), {"step": step})
    return checkpoints


def damages(content):
    """Every way that a file is damaged: cut, or with one byte flipped."""
    size = len(content)
    for cut in {0, 1, size // 2, size - 1}:
        yield f"cut to {cut} bytes", content[:cut]
    for place in np.linspace(0, size - 1, num=min(size, 40), dtype=int):
        for mask in (1, 0x20, 0x80):
            flipped = bytearray(content)
            flipped[place] ^= mask
            yield f"byte {place} ^ {mask}", bytes(flipped)


def test_every_damage_of_every_file_leads_to_the_one_before(saved, capsys):
    files = sorted((saved.folder / "step-0000000006").iterdir())
    assert [file.name for file in files] == [
        "manifest.json",
        "state.json",
        "variables.data-00000-of-00001",
        "variables.index",
    ]
    for file in files:
        content = file.read_bytes()
        for how, damaged in (*damages(content), ("deleted", None)):
            file.unlink()
            if damaged is not None:
                file.write_bytes(damaged)
            variables = whole()
            assert saved.restore(variables) == {"step": 3}, (file.name, how)
            assert (variables["model"][0].numpy() == 3).all(), (file.name, how)
            (line,) = capsys.readouterr().out.splitlines()
            assert "step-0000000006: damaged" in line
            file.write_bytes(content)
    assert saved.restore(whole()) == {"step": 6}


def test_all_damaged_stops_and_assigns_nothing(saved):
    for folder in saved.folder.iterdir():
        next(folder.glob("variables.data*")).write_bytes(b"")
    variables = whole(9)
    with pytest.raises(InputError, match="all 2 checkpoints are damaged"):
        saved.restore(variables)
    assert (variables["model"][0].numpy() == 9).all()


def test_the_run_goes_on_past_a_damaged_checkpoint(saved):
    """A damaged one of a later step never pushes a whole one out."""
    (saved.folder / "step-0000000006/state.json").unlink()
    single = Checkpoints(saved.folder, keep=1)
    assert single.restore(whole()) == {"step": 3}
    single.save(whole(4), {"step": 4})
    assert [path.name for path in saved.folder.iterdir()] == ["step-0000000004"]
    assert single.restore(whole()) == {"step": 4}


def test_what_a_killed_process_left_is_removed(saved):
    left = saved.folder / ".step-0000000005.unfinished"
    shutil.copytree(saved.folder / "step-0000000003", left)
    assert saved.restore(whole()) == {"step": 6}
    saved.save(whole(7), {"step": 7})
    assert not left.exists()


def test_a_training_refuses_to_start_afresh_over_damaged_checkpoints(shop, calm):
    """All checkpoints without their manifests: exit status 1, nothing is trained."""
    broken = shop.folder / "broken"
    shutil.copytree(calm, broken)
    for manifest in broken.glob("checkpoints/step-*/manifest.json"):
        manifest.unlink()
    before = (broken / "metrics.jsonl").read_bytes()
    status, output = shop.train("broken")
    assert status == 1
    last = output.strip().splitlines()[-1]
    assert last.startswith("error: ") and "checkpoints are damaged" in last
    assert (broken / "metrics.jsonl").read_bytes() == before
