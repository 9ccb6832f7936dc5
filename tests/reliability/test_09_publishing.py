"""Promise 9: a version appears whole, as the next number, and is never touched."""

import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from export_fakes import make_module

from huse_tf.serving import export
from huse_tf.serving.export import publish
from huse_tf.serving.verification import Verified

ROUNDS = 2
WHOLE = {
    "saved_model.pb",
    "fingerprint.pb",
    "variables/variables.index",
    "variables/variables.data-00000-of-00001",
    "assets.extra/labels.txt",
    "assets.extra/ops.txt",
    "assets.extra/model_card.md",
}

POLLER = """
import json, os, select, sys

def contents(version):
    return {
        os.path.relpath(os.path.join(folder, name), version):
            os.stat(os.path.join(folder, name)).st_size
        for folder, _, names in os.walk(version) for name in names
    }

looks, versions, root, last = 0, {}, sys.argv[1], False
print("ready", flush=True)
while not last:
    last = select.select([0], [], [], 0.001)[0]  # told to stop, it looks once more
    for name in os.listdir(root):
        if name.isdecimal():
            seen = versions.setdefault(name, [])
            now = contents(os.path.join(root, name))
            if now not in seen:
                seen.append(now)
    looks += 1
print(json.dumps([looks, versions]))
"""


class Poller:
    """A process that looks at the versions every millisecond, as a server would."""

    def __init__(self, folder):
        self._process = subprocess.Popen(
            [sys.executable, "-c", POLLER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout.readline() == "ready\n"

    def stop(self):
        """Returns how often it looked, and all states of each version that it saw."""
        output, _ = self._process.communicate("stop", timeout=60)
        return json.loads(output)


def fingerprint(version):
    """Digest, time and inode of every file of a version."""
    return {
        str(path): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
            path.stat().st_ino,
        )
        for path in version.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def modules(monkeypatch):
    """Two models; a version is verified as test_verification.py tests, not here."""
    versions = {"tensorflow": "2", "graph_producer": 1, "graph_min_consumer": 1}
    monkeypatch.setattr(export, "verify", lambda *_: Verified({}, versions, 0.0))
    return [make_module()[0] for _ in range(2)]


def test_a_poller_sees_whole_versions_of_two_exports_at_once(modules, tmp_path):
    """Both export at the same time, twice each: versions 6 to 9 after 5."""
    existing = tmp_path / "5"
    existing.mkdir()
    (existing / "saved_model.pb").write_bytes(b"not ours")
    before = fingerprint(existing)
    poller = Poller(tmp_path)

    def export_some(module):
        card = {"model_card.md": "# A card\n"}
        return [publish(module, tmp_path, lambda _: card) for _ in range(ROUNDS)]

    with ThreadPoolExecutor(2) as threads:
        published = list(threads.map(export_some, modules))
    looks, seen = poller.stop()

    assert looks > 100
    numbers = [[int(version.name) for version in versions] for versions in published]
    assert all(mine == sorted(mine) for mine in numbers)
    assert sorted(sum(numbers, [])) == list(range(6, 6 + 2 * ROUNDS))
    assert set(seen) == {path.name for path in tmp_path.iterdir()}
    for name in set(seen) - {"5"}:
        (state,) = seen[name]
        assert set(state) == WHOLE
        for file, size in state.items():
            assert (tmp_path / name / file).stat().st_size == size
    assert fingerprint(existing) == before
    assert {path.name for path in existing.iterdir()} == {"saved_model.pb"}
