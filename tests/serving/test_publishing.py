"""Versions appear whole, in order, one for each export, and stay as they are."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from huse_tf.serving.versions import publish_version

FILES = {"saved_model.pb": b"graph" * 1000, "variables/data": b"weights" * 100_000}


def write(folder):
    for name, contents in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(contents)


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def start(code, folder):
    """Runs code in another process, where `publish_version` and `folder` are known."""
    header = """
        import sys, time
        from pathlib import Path
        from huse_tf.serving.versions import publish_version
        folder = Path(sys.argv[1])
    """
    script = textwrap.dedent(header) + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def test_versions_count_up_in_a_folder_that_is_created(tmp_path):
    folder = tmp_path / "models" / "huse"
    assert publish_version(folder, write) == folder / "1"
    assert publish_version(folder, write) == folder / "2"
    assert contents(folder / "1") == contents(folder / "2") == FILES
    assert sorted(path.name for path in folder.iterdir()) == ["1", "2"]


def test_whatever_has_an_integer_name_is_a_version_and_is_not_touched(tmp_path):
    (tmp_path / "3").mkdir()  # a rename onto an empty folder would succeed
    (tmp_path / "007").write_text("a file")
    (tmp_path / "notes-9").mkdir()
    assert publish_version(tmp_path, write) == tmp_path / "8"
    assert list((tmp_path / "3").iterdir()) == []
    assert (tmp_path / "007").read_text() == "a file"


@pytest.mark.parametrize("other_writes", [True, False])
def test_a_version_that_another_takes_first_is_left_to_it(
    tmp_path, monkeypatch, other_writes
):
    """Version 1, a folder or a file, appears between the listing and the rename."""
    rename = os.rename

    def late(source, target):
        monkeypatch.setattr(os, "rename", rename)
        if other_writes:
            target.mkdir()
            (target / "theirs").write_text("theirs")
        else:
            target.write_text("theirs")
        rename(source, target)

    monkeypatch.setattr(os, "rename", late)
    assert publish_version(tmp_path, write) == tmp_path / "2"
    theirs = tmp_path / "1" / "theirs" if other_writes else tmp_path / "1"
    assert theirs.read_text() == "theirs"


def test_a_failing_write_publishes_and_leaves_nothing(tmp_path):
    def fail(folder):
        write(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish_version(tmp_path, fail)
    assert list(tmp_path.iterdir()) == []


def test_a_server_of_another_user_may_read_the_version(tmp_path):
    before = os.umask(0o022)
    try:
        version = publish_version(tmp_path, write)
    finally:
        os.umask(before)
    assert version.stat().st_mode & 0o777 == 0o755


def test_racing_exports_get_versions_of_their_own_and_a_poller_sees_them_whole(
    tmp_path,
):
    """Three processes publish 8 versions each while a poller lists every ms."""
    sizes = {name: len(data) for name, data in FILES.items()}
    code = f"""
        def write(folder):
            (folder / "variables").mkdir()
            for name, size in {sizes}.items():
                (folder / name).write_bytes(bytes(size))
        for _ in range(8):
            print(publish_version(folder, write).name)
    """
    partial, seen, stop = [], [], threading.Event()

    def poll():
        while not stop.is_set():
            versions = [p for p in tmp_path.iterdir() if p.name.isdecimal()]
            for version in versions:
                found = {
                    str(path.relative_to(version)): path.stat().st_size
                    for path in version.rglob("*")
                    if path.is_file()
                }
                if found != sizes:
                    partial.append((version.name, found))
            seen.append(len(versions))
            time.sleep(0.001)

    poller = threading.Thread(target=poll)
    poller.start()
    processes = [start(code, tmp_path) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    stop.set()
    poller.join()
    assert [process.returncode for process in processes] == [0, 0, 0]
    published = [[int(name) for name in output.split()] for output in outputs]
    assert all(numbers == sorted(numbers) for numbers in published)
    assert sorted(sum(published, [])) == list(range(1, 25))
    assert partial == []
    assert len(set(seen)) > 2, "the poller did not watch the exports"
    assert {p.name for p in tmp_path.iterdir()} == {str(n) for n in range(1, 25)}


def test_what_a_killed_export_left_goes_and_what_a_live_one_writes_stays(tmp_path):
    code = """
        def write(folder):
            (folder / "saved_model.pb").write_text("half")
            print("writing", flush=True)
            time.sleep(600)
        publish_version(folder, write)
    """
    live, killed = start(code, tmp_path), start(code, tmp_path)
    try:
        for process in (live, killed):
            assert process.stdout.readline() == "writing\n"
        killed.kill()
        assert killed.wait() == -signal.SIGKILL
        assert len(list(tmp_path.iterdir())) == 2
        # Not alone, so nobody can tell which of the two is still being written.
        assert publish_version(tmp_path, write) == tmp_path / "1"
        assert len(list(tmp_path.iterdir())) == 3
    finally:
        live.kill()
        live.communicate()
        killed.communicate()
    assert publish_version(tmp_path, write) == tmp_path / "2"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2"]
