"""Mutated catalogues, pictures, run folders: no traceback, crash or hang.

The long run is `python tools/fuzz.py --bytes 1000000 --seed 0`.
"""

import importlib.util
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huse_tf.encoders.images.decode import decode_batch
from huse_tf.encoders.images.unreadable import why_undecodable

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools/fuzz.py"


@pytest.fixture(scope="module")
def fuzz():
    """tools/fuzz.py as a module."""
    sys.path.insert(0, str(TOOL.parent))  # as when it is run as a script
    spec = importlib.util.spec_from_file_location("fuzz", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(TOOL.parent))
    return module


@pytest.mark.parametrize("target", ["csv", "image", "run"])
def test_a_short_run_finds_nothing(target, tmp_path):
    done = subprocess.run(
        [sys.executable, TOOL, "--bytes=20000", f"--target={target}", "--seed=1"]
        + [f"--keep={tmp_path}"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{target}: seed 1, ") and ", 0 findings;" in line
    assert " 0 accepted" not in line and " 0 refused" not in line


@pytest.mark.parametrize("target", ["csv", "image"])
def test_each_run_starts_with_what_is_known_to_break_things(fuzz, target):
    """Animated WebP breaks TensorFlow's heap; open quotes took quadratic time; ..."""
    kept = sorted((ROOT / "tests/fuzz_seeds" / target).iterdir())
    first = itertools.islice(fuzz.inputs(target, 0), len(kept))
    assert list(first) == [path.read_bytes() for path in kept]
    assert sum(path.stat().st_size for path in kept) < 10_000  # of the short run's


def test_the_first_files_are_accepted(fuzz):
    pixels, valid = decode_batch(tf.constant(fuzz.first_images()), 16)
    assert valid.numpy().all()
    assert len(np.unique(pixels.numpy())) > 50
    assert len(set(fuzz.first_csvs())) == len(fuzz.first_csvs())


def test_the_same_seed_gives_the_same_inputs(fuzz):
    def first(seed):
        stream = fuzz.mutations(fuzz.first_csvs(), seed)
        return [next(stream) for _ in range(50)]

    assert first(3) == first(3) != first(4)
    assert len(set(first(3))) > 40


WORKERS = {
    "died": "import os; os.abort()",
    "failed": """print('{"outcome": "failed", "detail": "x", "megabytes": 1}')""",
    "memory": """print('{"outcome": "accepted", "megabytes": 100000}')""",
    "hang": "import time; time.sleep(600)",
}


@pytest.mark.parametrize("kind", WORKERS)
def test_a_worker_that_breaks_is_a_finding(fuzz, kind, tmp_path, monkeypatch, capsys):
    script = f"import sys\nsys.stdin.buffer.read1()\n{WORKERS[kind]}\n"
    (tmp_path / "fuzz_worker.py").write_text(script)
    monkeypatch.setattr(fuzz, "__file__", str(tmp_path / "fuzz.py"))
    monkeypatch.setattr(fuzz, "START_SECONDS", 1 if kind == "hang" else 60)
    monkeypatch.setattr(fuzz, "inputs", lambda *_: iter([b"an input"]))
    assert fuzz.fuzz("csv", 1, 0, tmp_path / "keep") == 1
    (kept,) = (tmp_path / "keep/csv").iterdir()
    assert kept.read_bytes() == b"an input"
    output = capsys.readouterr().out
    assert f"csv/{kept.name}: {kind}: " in output
    assert " 1 findings; " in output


@settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_bytes_are_pixels_or_invalid(fuzz, data):
    """Eight files at a time, each a good one with a few other bytes in it."""
    files = fuzz.first_images()
    batch = [b""]
    for _ in range(8):
        file = data.draw(st.sampled_from(files))
        at = data.draw(st.integers(0, min(len(file), 80)))
        junk = data.draw(st.binary(max_size=8))
        gone = data.draw(st.integers(0, 8))
        batch.append(file[:at] + junk + file[at + gone :])
    pixels, valid = decode_batch(tf.constant([*batch, files[0]]), 16)
    valid = valid.numpy()
    assert valid[-1] and not valid[0]
    assert (pixels.numpy()[~valid] == 255).all()
    for file in batch:
        assert why_undecodable(file).startswith("undecodable picture: ")
