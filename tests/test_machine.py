"""What a machine says of itself, where a system has fewer calls too."""

import os

from huse_tf import machine


def test_cores_without_affinity(monkeypatch):
    """As on macOS, where there is no sched_getaffinity."""
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert machine.cores() == machine.hardware()["cores"] == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert machine.cores() == 1


def test_cores_are_those_that_may_be_used(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {2, 5}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert machine.cores() == 2
