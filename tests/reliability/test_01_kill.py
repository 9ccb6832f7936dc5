"""Promise 1: SIGKILL anywhere, and the same command gives the same model.

Of 60 products 48 train, in 3 steps of 16 an epoch, 12 in all; there is a checkpoint
after every step and a validation every second epoch.
"""

import signal

import pytest
from processes import (
    killed_in_step,
    killed_while_saving,
    records,
    rows,
    run,
    train,
    weights,
)

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
    """One run, killed five times; it takes every step after what was saved again."""
    arguments = shop.arguments("killed")
    log = shop.log("killed")
    for work, *where in (
        (killed_in_step, 2),
        (killed_in_step, EPOCH),
        (killed_while_saving, 5, "variables"),
        (killed_while_saving, 6, "manifest"),
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
