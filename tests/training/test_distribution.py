"""Replicas give what one process gives: on two devices, and in two processes.

Weights part by rounding, which training amplifies: 20 steps without dropout are
compared to 1e-5, five steps of each objective to 1e-6.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from replica_steps import SETTINGS

SCRIPT = Path(__file__).with_name("replica_steps.py")
ROOT = Path(__file__).parents[2]


def start(how, out, names, **environment):
    return subprocess.Popen(
        [sys.executable, SCRIPT, how, out, ",".join(names)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(*processes):
    for process in processes:
        output, _ = process.communicate(timeout=600)
        assert process.returncode == 0, output


def cluster(count):
    """TF_CONFIG of each of so many workers on this machine."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{s.getsockname()[1]}" for s in sockets]
    for held in sockets:
        held.close()
    return [
        json.dumps(
            {
                "cluster": {"worker": addresses},
                "task": {"type": "worker", "index": index},
            }
        )
        for index in range(count)
    ]


def outcomes(folder, *names):
    """What came out, by how it was computed: alone, on two devices, by two workers."""
    paths = {how: folder / f"{how}.npz" for how in ("none", "devices", "workers")}
    ended(start("none", paths["none"], names))
    ended(start("devices", paths["devices"], names, HUSE_CPU_DEVICES="2"))
    both = [start("workers", paths["workers"], names, TF_CONFIG=c) for c in cluster(2)]
    ended(*both)
    return {how: dict(np.load(path)) for how, path in paths.items()}


def assert_alike(found, name):
    """A setting's losses and variables, to 1e-6 of five steps and 1e-5 of twenty."""
    tolerance = 1e-6 if SETTINGS[name][2] == 5 else 1e-5
    expected = {k: v for k, v in found["none"].items() if k.startswith(f"{name}/")}
    assert f"{name}/losses" in expected
    for how in ("devices", "workers"):
        assert found[how].keys() == found["none"].keys()
        for key, value in expected.items():
            np.testing.assert_allclose(
                found[how][key], value, tolerance, tolerance, err_msg=f"{how} {key}"
            )


def test_replicas_train_as_one_process_and_draw_its_masks(tmp_path):
    found = outcomes(tmp_path, "huse with dropout")
    assert_alike(found, "huse with dropout")
    mask = found["none"]["mask"]
    assert 0.1 < np.mean(mask == 0) < 0.5
    for how in ("devices", "workers"):
        np.testing.assert_array_equal(found[how]["mask"], mask)


@pytest.mark.slow
def test_replicas_train_every_objective_as_one_process(tmp_path):
    found = outcomes(tmp_path, *SETTINGS)
    for name in SETTINGS:
        assert_alike(found, name)
