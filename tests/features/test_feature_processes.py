"""Several processes on one store, and a store larger than its readers."""

import json
import os
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
)

from huse_tf.features import store
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


def work(folder, root, k, die):
    """Encodes part k of 2, or everything; is killed once `die` rows are done."""
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
    encode(Squares(), pictures, Settings(Path(folder)), part=(k, 2) if k else (1, 1))


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
        work(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
