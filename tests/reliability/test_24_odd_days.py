"""Promise 24: what befalls a run between two starts, and a process from outside."""

import os
import pty
import select
import shutil
import signal
import threading
import time

import pytest
from processes import Job, at_step, killed_in_step, records, run, train, weights


def same_as_calm(folder, calm):
    return weights(folder) == weights(calm) and records(folder) == records(calm)


def killed(shop, name, step=5):
    status, output = run(killed_in_step, step, shop.arguments(name), log=shop.log(name))
    assert status == -signal.SIGKILL, output
    return shop.folder / name


@pytest.mark.slow
def test_a_moved_run_folder_goes_on(shop, calm):
    shutil.move(killed(shop, "here"), shop.folder / "there")
    status, output = shop.train("there")
    assert status == 0, output
    assert "going on after step 4" in output
    assert same_as_calm(shop.folder / "there", calm)


@pytest.mark.slow
def test_features_that_are_gone_are_encoded_again(shop, calm):
    killed(shop, "featureless")
    shutil.rmtree(shop.settings["features.folder"])
    status, output = shop.train("featureless")
    assert status == 0, output
    assert "60 to encode" in output and "going on after step 4" in output
    assert same_as_calm(shop.folder / "featureless", calm)


@pytest.mark.slow
def test_another_batch_size_is_refused_and_more_epochs_are_not(shop):
    folder = killed(shop, "other", step=8)  # validated once, after step 6
    before = weights(folder)
    status, output = shop.train("other", {"training.batch_size": "8"})
    assert status == 1
    assert "training.batch_size: 16 here, 8 there" in output.splitlines()[-1]
    assert weights(folder) == before
    status, output = shop.train("other", {"training.epochs": "5"})
    assert status == 0, output
    assert records(folder)[-1]["step"] == 15, "5 epochs of 3 steps"


def sent(step, kind, ignored, train_arguments):
    """Trains, and gets a signal from itself in a step."""
    if ignored:
        signal.signal(kind, signal.SIG_IGN)
    at_step(step, lambda _: os.kill(os.getpid(), kind))
    train(*train_arguments)


@pytest.mark.slow
def test_a_closed_terminal_saves_like_any_signal(shop, calm):
    arguments, log = shop.arguments("hangup"), shop.log("hangup")
    status, output = run(sent, 4, signal.SIGHUP, False, arguments, log=log)
    assert status == 75, output
    assert "stopped after step 4 of 12 and saved" in output
    status, output = shop.train("hangup")
    assert status == 0, output
    assert same_as_calm(shop.folder / "hangup", calm)


@pytest.mark.slow
def test_under_nohup_a_closed_terminal_is_nothing(shop, calm):
    arguments, log = shop.arguments("nohup"), shop.log("nohup")
    status, output = run(sent, 4, signal.SIGHUP, True, arguments, log=log)
    assert status == 0, output
    assert same_as_calm(shop.folder / "nohup", calm)


def on_a_terminal_that_closes(step, train_arguments):
    """Trains with a terminal as its output, whose other end goes away in a step."""
    ours, theirs = pty.openpty()
    log = os.dup(1)
    os.dup2(theirs, 1)
    os.dup2(theirs, 2)

    closed = threading.Event()

    def read():
        while not closed.is_set():
            if select.select([ours], [], [], 0.05)[0]:
                os.read(ours, 2**16)

    reader = threading.Thread(target=read)
    reader.start()

    def close(_):
        closed.set()
        reader.join()
        os.close(ours)
        os.kill(os.getpid(), signal.SIGHUP)

    at_step(step, close)
    try:
        train(*train_arguments)
    finally:
        os.dup2(log, 1)
        os.dup2(log, 2)


@pytest.mark.slow
def test_nothing_is_lost_with_the_terminal_itself(shop, calm):
    """Whose output fails from then on: the step is saved all the same."""
    arguments, log = shop.arguments("terminal"), shop.log("terminal")
    status, output = run(on_a_terminal_that_closes, 4, arguments, log=log)
    assert status == 75, output
    status, output = shop.train("terminal")
    assert status == 0, output
    assert "going on after step 4" in output
    assert same_as_calm(shop.folder / "terminal", calm)


@pytest.mark.slow
def test_a_paused_process_goes_on(shop, calm):
    arguments = shop.arguments("paused")
    job = Job(train, *arguments, log=shop.log("paused"))
    folder = shop.folder / "paused/checkpoints"
    deadline = time.monotonic() + 300
    while not any(folder.glob("step-*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(job.process.pid, signal.SIGSTOP)
    time.sleep(3)
    assert job.process.is_alive()
    os.kill(job.process.pid, signal.SIGCONT)
    status, output = job.end()
    assert status == 0, output
    assert same_as_calm(shop.folder / "paused", calm)


def starved(train_arguments):
    """Trains with an encoder for which there is no memory after some rows."""
    import tensorflow as tf

    from huse_tf.features.store import ShardWriter

    add, rows = ShardWriter.add, [0]

    def add_until(self, keys, *more):
        rows[0] += len(keys)
        if rows[0] > 32:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")
        add(self, keys, *more)

    ShardWriter.add = add_until
    train(*train_arguments)


@pytest.mark.slow
def test_what_was_encoded_before_memory_ran_out_is_kept(shop, calm, tmp_path):
    """32 rows of 60; where there is memory again the rest is, to the same run.

    Smaller batches encode it too, but round otherwise.
    """
    settings = {"features.folder": tmp_path / "features"}
    arguments, log = shop.arguments("starved", settings), shop.log("starved")
    status, output = run(starved, arguments, log=log)
    assert status == 1, output
    last = output.strip().splitlines()[-1]
    assert "features.batch_size" in last and "Traceback" not in output
    status, output = shop.train("starved", settings)
    assert status == 0, output
    assert "60 rows, 28 to encode" in output
    assert same_as_calm(shop.folder / "starved", calm)
