"""Promise 16: a signal to one worker ends all of them, saved, within a step."""

import json
import os
import signal

import pytest
from processes import at_step, train, work_together
from test_15_workers_killed import TOGETHER, alone, assert_same_run

__all__ = ["alone"]


def stopped_in_step(step, train_arguments):
    """Trains, and gets a SIGTERM in a step."""
    at_step(step, lambda trainer: os.kill(os.getpid(), signal.SIGTERM))
    train(*train_arguments)


@pytest.mark.slow
def test_sigterm_to_one_worker_saves_and_ends_all(shop, alone):
    """The second of two gets it in step 5; the two then go on to the calm model."""
    arguments = shop.arguments("stopped", TOGETHER)
    works = [(train, *arguments), (stopped_in_step, 5, arguments)]
    for status, output in work_together(works, shop.log("stopped")):
        assert status == 75, output
        assert "Traceback" not in output
        last = output.strip().splitlines()[-1]
        assert last == (
            "stopped after step 5 of 16 and saved; the same command goes on"
        )
    folder = shop.folder / "stopped" / "checkpoints" / "step-0000000005"
    assert json.loads((folder / "state.json").read_text())["step"] == 5
    for status, output in work_together([(train, *arguments)] * 2, shop.log("stopped")):
        assert status == 0, output
    assert_same_run(shop.folder / "stopped", alone)
