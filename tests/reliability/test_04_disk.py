"""Promise 4: a full disk or a folder that cannot be written ends in one line.

The limit on a file's size, which holds for root too, stands in for the full disk.
"""

import contextlib
import errno
import os
import resource
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from processes import at_step, records, run, train, weights

from huse_tf.errors import InputError
from huse_tf.run.checkpoints import Checkpoints
from huse_tf.run.folder import RunFolder
from huse_tf.training.scalars import ScalarLog


@contextlib.contextmanager
def file_size_limit(size):
    """No file grows beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_earlier_checkpoints_stay_and_bytes_are_named(tmp_path):
    variable = tf.Variable(np.ones(1000, np.float32))
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=1)
    checkpoints.save({"model": [variable]}, {"step": 1})
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    for size in (0, 200, 3000):
        with file_size_limit(size), pytest.raises(InputError) as caught:
            checkpoints.save({"model": [variable]}, {"step": 2})
        message = str(caught.value)
        assert "\n" not in message and "4,000 bytes" in message
        assert str(tmp_path / "checkpoints") in message
        after = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
        assert after == before
    assert checkpoints.restore({"model": [variable]}) == {"step": 1}


@pytest.mark.parametrize("size", [0, 100])
def test_logs_that_cannot_be_written_are_one_line(tmp_path, size):
    run_folder = RunFolder(tmp_path)
    record = ("train", 1, 1, {f"metric {i}": 0.5 for i in range(20)})
    with file_size_limit(size), pytest.raises(InputError, match="metrics.jsonl") as log:
        ScalarLog(run_folder, 0).write(*record)
    run_folder.log = lambda record: None
    with file_size_limit(size), pytest.raises(InputError, match="tensorboard") as board:
        ScalarLog(run_folder, 0).write(*record)
    for caught in (log, board):
        assert "\n" not in str(caught.value)
        assert "run the same command again" in str(caught.value)


def test_a_line_cut_by_a_full_disk_is_dropped_later(tmp_path):
    run_folder = RunFolder(tmp_path)
    for step in (3, 6):
        run_folder.log({"split": "train", "step": step, "epoch": 1})
    for tail in ('{"step": 9', '{"st\n', "\0\0\0\n"):
        content = run_folder.metrics_file.read_text()
        run_folder.metrics_file.write_text(content + tail)
        run_folder.forget_after(6)
        assert run_folder.metrics_file.read_text() == content
    run_folder.forget_after(5)
    (record,) = run_folder.read_log()
    assert record["step"] == 3


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file/run") as caught:
        RunFolder(tmp_path / "file/run").claim()
    assert os.strerror(errno.ENOTDIR) in str(caught.value)


def full_at(step, train_arguments):
    """Trains, and the disk is full from `step` on."""
    limit = (10_000, 10_000)
    at_step(step, lambda _: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    train(*train_arguments)


@pytest.mark.slow
def test_a_training_on_a_full_disk_stops_and_goes_on(shop, calm):
    """Full after step 5: the checkpoint of step 4 is the newest, and is gone on with.

    Nothing but the checkpoint's variables is larger than the limit.
    """
    arguments = shop.arguments("full")
    status, output = run(full_at, 5, arguments, log=shop.log("full"))
    assert status == 1
    last = output.strip().splitlines()[-1]
    assert last.startswith("error: checkpoint folder ") and "bytes" in last
    assert "Traceback" not in output
    status, output = run(train, *arguments, log=shop.log("full"))
    assert status == 0, output
    assert "going on after step 4" in output
    assert weights(shop.folder / "full") == weights(calm)
    assert records(shop.folder / "full") == records(calm)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts file systems")
def test_a_small_file_system(shop, tmp_path):
    """A real one of 300 kB, which holds one checkpoint or two and not three."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", tmp_path]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        arguments = (str(tmp_path / "run"), *shop.arguments("small")[1:])
        status, output = run(train, *arguments, log=shop.log("small"))
        kept = list((tmp_path / "run/checkpoints").glob("step-*"))
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    assert status == 1, output
    last = output.strip().splitlines()[-1]
    assert last.startswith("error: ") and "cannot" in last
    assert "Traceback" not in output
    assert kept, "the checkpoints that fitted are gone"


@pytest.mark.slow
def test_a_folder_that_became_read_only(shop):
    """The file system's immutable flag binds root too."""
    folder = shop.folder / "frozen/checkpoints"
    folder.mkdir(parents=True)
    if subprocess.run(["chattr", "+i", folder], capture_output=True).returncode:
        pytest.skip("this file system has no immutable flag, or only root sets it")
    try:
        status, output = shop.train("frozen")
    finally:
        subprocess.run(["chattr", "-i", folder], check=True)
    assert status == 1
    last = output.strip().splitlines()[-1]
    assert last.startswith("error: checkpoint folder") and str(folder) in last
