"""Promise 1: SIGKILL anywhere, and the same command gives the same model.

Of 60 products 48 train, in 3 steps of 16 an epoch, 12 in all; there is a checkpoint
after every step and a validation every second epoch.
"""

import os
import signal
import subprocess
import sys

import pytest
from processes import (
    killed_in_step,
    killed_while_saving,
    records,
    rows,
    run,
    train,
    wait_for,
    weights,
)
from small_runs import ROOT

EPOCH, STEPS = 3, 12


def assert_same_run(killed, calm):
    assert weights(killed) == weights(calm)
    assert records(killed) == records(calm)
    last, taken = rows(killed)
    expected, _ = rows(calm)
    assert sorted(last) == list(range(STEPS))
    assert last == expected
    assert all(len(seen) == 1 for seen in taken.values()), "a step saw other rows"


def test_sigkill_between_and_within_checkpoints_changes_nothing(shop, calm):
    """One run, killed three times; it takes every step after what was saved again."""
    arguments = shop.arguments("killed")
    log = shop.log("killed")
    for work, *where in (
        (killed_in_step, EPOCH),
        (killed_while_saving, 6, "variables"),
        (killed_while_saving, 8, "renamed"),
    ):
        status, output = run(work, *where, arguments, log=log)
        assert status == -signal.SIGKILL, output
    status, output = run(train, *arguments, log=log)
    assert status == 0, output
    assert "going on after step 8" in output
    assert_same_run(shop.folder / "killed", calm)
    left = list((shop.folder / "killed/checkpoints").glob("**/*.unfinished"))
    assert left == [], "what killed processes left was not removed"


@pytest.mark.slow  # the one above runs the same code, started faster
def test_the_real_command_killed_is_the_calm_run(shop):
    """train.py itself, and without TensorFlow's determinism switched on."""
    status, output = shop.train("plain", None, False, False, False)
    assert status == 0, output
    calm, killed = shop.folder / "plain", shop.folder / "command"
    process = shop.start_command("train.py", killed)
    wait_for(killed / "checkpoints", "step-*", process)
    process.kill()
    process.communicate()
    process = shop.start_command("train.py", killed)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "going on after step" in output
    assert weights(killed) == weights(calm)
    assert records(killed) == records(calm)


FINE_TUNED = {
    "image_encoder.fine_tune": "all",
    "image_encoder.augment": "yes",
    "optimizer.schedule": "constant",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "settings", "in_ram"),
    [
        ("streaming", {}, False),
        ("in_ram", {}, True),
        ("fine_tuned", FINE_TUNED, False),
        ("adam", {"optimizer.name": "adam", "loss.logit_scale": "learned"}, False),
        ("float16", {"training.precision": "mixed_float16"}, False),
    ],
)
def test_matrix(shop, name, settings, in_ram):
    """Each trainer, killed in steps, at the epoch's edge and in all of a save."""
    calm, killed = f"calm_{name}", f"killed_{name}"
    status, output = shop.train(calm, settings, in_ram)
    assert status == 0, output
    arguments = shop.arguments(killed, settings, in_ram)
    for work, *where in (
        (killed_in_step, 1),
        (killed_while_saving, 1, "manifest"),
        (killed_in_step, EPOCH),
        (killed_while_saving, EPOCH, "variables"),
        (killed_in_step, 5),
        (killed_while_saving, 2 * EPOCH, "renamed"),
        (killed_while_saving, 11, "manifest"),
        (killed_in_step, STEPS),
        (killed_while_saving, STEPS, "variables"),
    ):
        status, output = run(work, *where, arguments, log=shop.log(killed))
        assert status == -signal.SIGKILL, output
    status, output = run(train, *arguments, log=shop.log(killed))
    assert status == 0, output
    assert_same_run(shop.folder / killed, shop.folder / calm)


@pytest.mark.slow
def test_fine_tuning_with_augmentation_killed_at_random(tmp_path):
    """The long run is `python tools/chaos.py --fine_tune --augment`, of 50 kills."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools/chaos.py", "--fine_tune", "--augment"]
        + ["--kills=4", "--epochs=5", "--seed=3", f"--folder={tmp_path / 'chaos'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1200,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SIGKILL ") == 4
    assert "4 SIGKILLs in " in done.stdout and "are bit-identical" in done.stdout
