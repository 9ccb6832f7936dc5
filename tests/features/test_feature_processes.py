"""Several processes on one store, and a store larger than its readers."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from feature_fakes import (
    Letters,
    Pictures,
    Settings,
    Squares,
    encode,
    letters,
    means,
    pixels_of,
    shard_files,
)

from huse_tf.errors import InputError
from huse_tf.features import files, store
from huse_tf.features.encode import encode_texts
from huse_tf.progress import Progress

ROOT = Path(__file__).parents[2]


def start(*args):
    """This file as a script: a worker in a process of its own."""
    env = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2"}
    return subprocess.Popen(
        [sys.executable, __file__, *map(str, args)],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_at_once_and_one_killed(pictures, settings):
    """Both parts at once, shards of 16 rows; the second dies after 32 of its 50."""
    workers = [
        start("part", settings.folder, pictures.image_root, k, die)
        for k, die in ((1, 0), (2, 32))
    ]
    outputs = [worker.communicate(timeout=120)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 9], outputs
    encoder = Squares()
    features = encode(encoder, pictures, settings)
    assert features.encoded == int(encoder.rows_seen) == 18, "50 + 32 were on disk"
    np.testing.assert_allclose(features.load(), means(pixels_of(100)), rtol=1e-6)


def test_two_processes_that_encode_the_same_rows(pictures, settings):
    workers = [
        start("part", settings.folder, pictures.image_root, 0, 0) for _ in range(2)
    ]
    for worker in workers:
        worker.communicate(timeout=120)
        assert worker.returncode == 0
    features = encode(Squares(), pictures, settings)
    assert features.encoded == 0
    np.testing.assert_allclose(features.load(), means(pixels_of(100)), rtol=1e-6)


def paused_between_rows_and_index(pictures, settings):
    """A worker that has written its first rows and stopped before their index."""
    worker = start("part", settings.folder, pictures.image_root, 0, "pause")
    assert worker.stdout.readline() == "between\n"
    _, status = os.waitpid(worker.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    (rows,) = shard_files(settings, ".bin")
    os.utime(rows, (0, 0))  # by the clock, it stopped long ago
    return worker, rows


def test_a_paused_writer_keeps_its_rows(pictures, settings):
    """Promise 20: a lock lives as long as its process, whatever the clock says.

    The worker's first 16 rows stay while another process encodes all 100, and count
    when it goes on.
    """
    worker, rows = paused_between_rows_and_index(pictures, settings)
    features = encode(Squares(), pictures, settings)
    assert features.encoded == 100 and features.failed == {}
    assert rows.exists()
    os.kill(worker.pid, signal.SIGCONT)
    output, _ = worker.communicate(timeout=120)
    assert worker.returncode == 0, output
    assert json.loads(output) == {"failed": 0}, "nothing is a bad picture"
    again = encode(Squares(), pictures, settings)
    assert again.encoded == 0 and rows.exists()
    np.testing.assert_allclose(again.load(), means(pixels_of(100)), rtol=1e-6)


@pytest.mark.slow  # of two with a part each one is killed above
def test_of_two_that_encode_the_same_rows_one_is_killed(pictures, settings):
    """What it left goes away with the next start; the other one's rows are whole."""
    killed, rows = paused_between_rows_and_index(pictures, settings)
    other = start("part", settings.folder, pictures.image_root, 0, 0)
    output, _ = other.communicate(timeout=120)
    assert other.returncode == 0 and json.loads(output) == {"failed": 0}
    assert rows.exists()
    killed.kill()
    killed.communicate()
    again = encode(Squares(), pictures, settings)
    assert again.encoded == 0 and not rows.exists()
    np.testing.assert_allclose(again.load(), means(pixels_of(100)), rtol=1e-6)


@pytest.mark.parametrize("rounds", [1, 2])
def test_rows_that_vanish_are_encoded_again(pictures, settings, monkeypatch, rounds):
    """Removed before they are found: no picture is called bad."""
    pictures.write("7.bin", b"no picture")
    refresh, left = store.FeatureStore.refresh, [rounds]

    def removed(self):
        if left[0] and list(self.folder.glob("*.npz")):
            left[0] -= 1
            for path in [*self.folder.glob("*.npz"), *self.folder.glob("*.bin")]:
                path.unlink()
        refresh(self)

    monkeypatch.setattr(store.FeatureStore, "refresh", removed)
    features = encode(Squares(), pictures, settings)
    assert features.encoded == 99 * (1 + rounds)
    assert list(features.failed) == [7]
    expected = means(pixels_of(100))
    expected[7] = 0
    np.testing.assert_allclose(features.load(), expected, rtol=1e-6)


def test_rows_that_vanish_for_ever_are_one_line(pictures, settings, monkeypatch):
    monkeypatch.setattr(store.shards, "write", lambda *_: None)
    with pytest.raises(InputError, match="vanishes again and again"):
        encode(Squares(), pictures, settings)


def work(folder, root, k, end):
    """Encodes part k of 2, or everything; is killed once `end` rows are done.

    With "pause" it stops between the rows of its first shard and their index.
    """
    die = int(end) if end.isdecimal() else 0
    if end == "pause":
        write = files.write_whole

        def paused(path, content):
            first = not shard_files(Settings(Path(folder)), ".npz")
            if first and path.with_suffix(".bin").exists():
                print("between", flush=True)
                os.kill(os.getpid(), signal.SIGSTOP)
            write(path, content)

        files.write_whole = paused
    store.SHARD_ROWS = 16
    pictures = Pictures(root, [])
    pictures.images = np.array([f"{i}.bin" for i in range(100)], object)
    if die:
        update = Progress.update

        def killed(self, n, **scalars):
            update(self, n, **scalars)
            if self.label == "Encoding images" and self.done >= die:
                os._exit(9)

        Progress.update = killed
    features = encode(
        Squares(), pictures, Settings(Path(folder)), part=(k, 2) if k else (1, 1)
    )
    print(json.dumps({"failed": len(features.failed)}))


@pytest.mark.slow
def test_a_million_rows_in_bounded_memory():
    """1,000,000 rows of 1 KB (1 GB): encode, open again, gather 2 million.

    A row costs its key (16 bytes), its place in the sorted keys (8 + 16) and its
    location (8), besides the caller's texts: under 200 MB in all with the copies
    that sorting makes; gathering adds a batch, not what was read.
    """
    with tempfile.TemporaryDirectory() as folder:
        worker = start("million", folder)
        output, _ = worker.communicate(timeout=1200)
    assert worker.returncode == 0
    grown = json.loads(output.splitlines()[-1])
    assert grown["encoded"] == 1_000_000 and grown["again"] == 0
    assert grown["encoding"] < 300, grown
    assert grown["gathering"] < 50, grown


def resident():
    """MB of memory in use, and its peak."""
    status = Path("/proc/self/status").read_text()
    lines = dict(line.split(":", 1) for line in status.splitlines())
    return [int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")]


def million(folder):
    """Prints the growth of memory in MB while encoding and while gathering."""
    texts = np.array([f"product {i}" for i in range(1_000_000)], object)
    settings = Settings(Path(folder), batch_size=4096)
    encode_texts(Letters(256), texts[:10], Settings(Path(folder) / "warm"), False)
    before, _ = resident()
    made = encode_texts(Letters(256), texts, settings, progress=False)
    _, peak = resident()
    features = encode_texts(Letters(256), texts, settings, progress=False)
    rng = np.random.default_rng(0)
    opened, _ = resident()
    for _ in range(2000):
        rows = rng.integers(0, 1_000_000, 1000)
        got = features.gather(rows)
    np.testing.assert_array_equal(got[:, :2], letters(texts[rows]))
    after, _ = resident()
    grown = {"encoded": made.encoded, "again": features.encoded}
    grown |= {"encoding": peak - before, "gathering": after - opened}
    print(json.dumps(grown))


if __name__ == "__main__":
    if sys.argv[1] == "million":
        million(sys.argv[2])
    else:
        work(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
