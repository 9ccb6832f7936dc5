"""An export under hostile requests: no crash, bounded memory, good rows right.

The long run is `python tools/hostile.py --model VERSION --minutes 60`.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from export_fakes import make_module

TOOL = Path(__file__).parents[2] / "tools/hostile.py"


@pytest.mark.slow
def test_a_short_attack(tmp_path):
    module, _ = make_module()
    tf.saved_model.save(module, str(tmp_path / "1"), signatures=module.functions)
    done = subprocess.run(
        [sys.executable, TOOL, "--model", tmp_path / "1", "--minutes=0.5", "--seed=1"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "good rows right" in done.stdout and " 0 requests" not in done.stdout


def test_a_model_that_dies_is_noticed(tmp_path):
    """There is none in that folder."""
    done = subprocess.run(
        [sys.executable, TOOL, "--model", tmp_path, "--minutes=0.1"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1
    assert "it gave way: it died with status" in done.stderr
