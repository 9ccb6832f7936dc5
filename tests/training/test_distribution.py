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


def start(how, out, **environment):
    return subprocess.Popen(
        [sys.executable, SCRIPT, how, out],
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


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What came out, by how it was computed."""
    folder = tmp_path_factory.mktemp("replicas")
    paths = {how: folder / f"{how}.npz" for how in ("none", "devices", "workers")}
    ended(start("none", paths["none"]))
    ended(start("devices", paths["devices"], HUSE_CPU_DEVICES="2"))
    ended(*(start("workers", paths["workers"], TF_CONFIG=c) for c in cluster(2)))
    return {how: dict(np.load(path)) for how, path in paths.items()}


@pytest.mark.parametrize("how", ["devices", "workers"])
@pytest.mark.parametrize("name", SETTINGS)
def test_replicas_train_as_one_process(found, how, name):
    expected = {k: v for k, v in found["none"].items() if k.startswith(f"{name}/")}
    actual = {k: v for k, v in found[how].items() if k.startswith(f"{name}/")}
    assert expected.keys() == actual.keys()
    steps = SETTINGS[name][2]
    for key, value in expected.items():
        tolerance = 1e-6 if steps == 5 else 1e-5
        np.testing.assert_allclose(actual[key], value, atol=tolerance, rtol=0)
