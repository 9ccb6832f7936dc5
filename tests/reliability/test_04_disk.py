"""Promise 4: a full disk or a folder that cannot be written ends in one line.

The limit on a file's size, which holds for root too, stands in for the full disk.
"""

import errno
import os
import resource
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from disks import file_size_limit, fill, small_disk
from processes import at_step, before, records, run, train, weights

from huse_tf.errors import InputError
from huse_tf.features import store
from huse_tf.run.checkpoints import Checkpoints
from huse_tf.run.folder import RunFolder
from huse_tf.training.scalars import ScalarLog


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
def test_a_small_file_system(shop, tmp_path):
    """A real one of 300 kB, which holds one checkpoint or two and not three."""
    with small_disk(tmp_path, "300k"):
        arguments = (str(tmp_path / "run"), *shop.arguments("small")[1:])
        status, output = run(train, *arguments, log=shop.log("small"))
        kept = list((tmp_path / "run/checkpoints").glob("step-*"))
    assert status == 1, output
    last = output.strip().splitlines()[-1]
    assert last.startswith("error: ") and "cannot" in last
    assert "Traceback" not in output
    assert kept, "the checkpoints that fitted are gone"


def filled_while_encoding(rows, ballast, train_arguments):
    """Trains, and another program fills the features' disk after so many rows."""
    store.SHARD_ROWS = 16

    def look(writer, *_):
        if writer.written >= rows and not ballast.exists():
            fill(ballast)

    before(store.ShardWriter, "add", look)
    train(*train_arguments)


@pytest.mark.slow
def test_a_full_features_disk_keeps_what_is_encoded(shop, calm, tmp_path):
    """32 pictures of 60 fit; once there is space the rest is encoded, and none is bad.

    There was space for all of them when the encoding began.
    """
    settings = {"features.folder": tmp_path, "features.batch_size": "16"}
    arguments, log = shop.arguments("crowded", settings), shop.log("crowded")
    with small_disk(tmp_path, "1m"):
        work = (filled_while_encoding, 32, tmp_path / "ballast", arguments)
        for first in (work, (train, *arguments)):
            status, output = run(*first, log=log)
            assert status == 1 and "Traceback" not in output, output
            last = output.strip().splitlines()[-1]
            assert last.startswith(f"error: features.folder {tmp_path}/image-")
            assert "the disk is full" in last and "what is encoded is kept" in last
        (tmp_path / "ballast").unlink()
        status, output = run(train, *arguments, log=log)
    assert status == 0, output
    assert "image features: 60 rows, 28 to encode" in output
    folder = shop.folder / "crowded"
    rejected = [(run / "rejected.csv").read_text() for run in (folder, calm)]
    assert rejected[0] == rejected[1]
    assert weights(folder) == weights(calm)
    assert records(folder) == records(calm)


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
