"""Promise 3: SIGTERM and Ctrl-C save and exit with 75; a second one leaves at once."""

import os
import signal

import pytest
from processes import at_step, before, records, rows, run, train, weights

from huse_tf.interruption import STOP


def signalled(where, kind, train_arguments):
    """Trains, and sends itself a signal at the place named."""
    from huse_tf.features.store import ShardWriter
    from huse_tf.run.scoring import Scorer

    def send(*_):
        os.kill(os.getpid(), kind)

    def send_if_validating(scorer, pipeline, split, *_):
        if split == ("validation" if where == "validating" else "test"):
            send()

    if where == "encoding":
        before(ShardWriter, "add", send)
    elif where == "exporting":
        from huse_tf.training import fit

        before(fit, "export_run", send)
    elif where in ("validating", "evaluating"):
        before(Scorer, "embed", send_if_validating)
    else:
        at_step(where, send)
    train(*train_arguments)


def interrupt(shop, name, where, kind, settings=None):
    arguments = shop.arguments(name, settings)
    status, output = run(signalled, where, kind, arguments, log=shop.log(name))
    assert status == 75, output
    assert "Traceback" not in output
    assert "the same command goes on" in output.strip().splitlines()[-1]
    return output


def test_interrupted_runs_go_on_to_the_calm_model(shop, calm):
    """In a step, in the validation after step 6, in the last evaluation."""
    output = interrupt(shop, "signals", 4, signal.SIGINT)
    assert "stopped after step 4 of 12 and saved" in output
    output = interrupt(shop, "signals", "validating", signal.SIGTERM)
    assert "stopped after step 6 of 12 and saved" in output
    output = interrupt(shop, "signals", "evaluating", signal.SIGINT)
    assert "going on after step 6" in output
    status, output = shop.train("signals")
    assert status == 0, output
    assert weights(shop.folder / "signals") == weights(calm)
    assert records(shop.folder / "signals") == records(calm)
    _, taken = rows(shop.folder / "signals")
    assert len(taken) == 12, "a step was taken twice or left out"


@pytest.mark.slow
def test_encoding_and_exporting_go_on(shop):
    settings = {
        "features.folder": shop.folder / "other features",
        "features.batch_size": "8",
        "export.at_end": "yes",
    }
    output = interrupt(shop, "stages", "encoding", signal.SIGTERM, settings)
    assert "encoded and kept" in output
    output = interrupt(shop, "stages", "exporting", signal.SIGINT, settings)
    assert not list((shop.folder / "stages/export").glob("[0-9]*"))
    status, output = shop.train("stages", settings)
    assert status == 0, output
    assert (shop.folder / "stages/export/1/saved_model.pb").exists()
    assert "Training" not in output, "a finished training was repeated"


def twice(kind):
    """Work that puts a signal off, and gets two."""
    with STOP.deferred():
        os.kill(os.getpid(), kind)
        print("still working")
        os.kill(os.getpid(), kind)
        print("never printed")


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_leaves_at_once(tmp_path, kind):
    status, output = run(twice, kind, log=tmp_path / "log")
    assert status == 128 + kind
    assert "saving after this step; once more to leave at once" in output
    assert "still working" in output and "never printed" not in output


def overlooked():
    """Work that puts a signal off, and ends without having looked."""
    with STOP.deferred():
        os.kill(os.getpid(), signal.SIGTERM)
    print("never printed")


def test_no_signal_is_lost(tmp_path):
    status, output = run(overlooked, log=tmp_path / "log")
    assert status == 75
    assert "never printed" not in output


def test_a_signal_during_the_imports_is_one_line(shop):
    process = shop.start_command("train.py", shop.folder / "imports")
    maps = f"/proc/{process.pid}/map_files"
    wait_for_library(process, maps)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 75
    assert errors.split("\n") == ["", "interrupted; the same command goes on", ""]


def wait_for_library(process, maps):
    """Waits until the process maps TensorFlow's library, which takes it seconds."""
    from pathlib import Path

    while "tensorflow" not in Path(maps).parent.joinpath("maps").read_text():
        assert process.poll() is None, process.communicate()
