"""Promise 12: two runs in one folder at once: the second is refused by process id."""

import os
import signal

from processes import Job, run

from huse_tf.run.folder import RunFolder


def claimed(path):
    RunFolder(path).claim()
    print("claimed")


def claimed_for_good(path):
    claimed(path)
    signal.pause()


def test_the_second_run_names_the_first(tmp_path):
    first = RunFolder(tmp_path / "run")
    first.claim()
    log = tmp_path / "log"
    status, output = run(claimed, tmp_path / "run", log=log)
    assert status == 1
    (line,) = output.splitlines()
    assert f"process {os.getpid()} is training in it" in line
    os.close(first._lock)
    assert run(claimed, tmp_path / "run", log=log) == (0, "claimed\n")


def test_a_killed_run_does_not_keep_the_folder(tmp_path):
    log = tmp_path / "log"
    job = Job(claimed_for_good, tmp_path / "run", log=log)
    while not log.exists() or "claimed" not in log.read_text():
        assert job.process.is_alive()
    refused = run(claimed, tmp_path / "run", log=tmp_path / "other log")
    assert refused[0] == 1 and f"process {job.process.pid} is" in refused[1]
    job.process.kill()
    job.end()
    assert run(claimed, tmp_path / "run", log=log)[0] == 0
