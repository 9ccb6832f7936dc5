import os
import subprocess
import sys

import pytest
from processes import SMALL, run, train
from small_runs import ROOT, products, small_network, write_rows


class Shop:
    """A small catalogue, and trainings on it in processes of their own."""

    def __init__(self, folder):
        self.folder = folder
        csv = folder / "catalog.csv"
        write_rows(csv, products(15, step=1))
        self.settings = {
            "data.csv": csv,
            "image_encoder.name": small_network(folder),
            "features.folder": folder / "features",
        }

    def arguments(self, name, settings=None, *more):
        """What `processes.train` takes, for the run folder of this name."""
        return (str(self.folder / name), {**self.settings, **(settings or {})}, *more)

    def log(self, name):
        return self.folder / f"{name}.log"

    def train(self, name, settings=None, *more):
        """Trains to the end: (exit status, output)."""
        return run(train, *self.arguments(name, settings, *more), log=self.log(name))

    def start_command(self, script, run_dir, settings=None):
        """Starts an entry script as a user would."""
        chosen = {**SMALL, **self.settings, **(settings or {})}
        return subprocess.Popen(
            [sys.executable, ROOT / script, "--run_dir", run_dir]
            + [f"--set={key}={value}" for key, value in chosen.items()],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """Shared: tests take run folders of names of their own."""
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def calm(shop):
    """A training that nothing disturbs: its folder."""
    status, output = shop.train("calm")
    assert status == 0, output
    return shop.folder / "calm"
