"""A small catalogue of the example and a way to run the real commands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_runs import EXAMPLE, ROOT, TINY, products, small_network, write_rows

# Small and quick, with one-epoch validations.
SMALL = {
    "image_encoder.weights": "none",
    "image_encoder.size": "24",
    **TINY,
    "training.epochs": "3",
    "training.validate_epochs": "1",
    "data.min_class_size": "2",
    "training.seed": "7",
}


class Shop:
    """A catalogue of 60 products in a folder of its own, and the commands on it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.csv = folder / "catalog.csv"
        self.network = small_network(folder)
        self.rows = products(15, step=1)
        self.write(self.rows)

    def write(self, rows):
        """Writes the CSV anew."""
        write_rows(self.csv, rows)

    def start(self, script, *arguments, settings=None, **kwargs):
        """Starts a command as a user would."""
        command = [sys.executable, str(ROOT / script), *map(str, arguments)]
        if "train" in script or script == "compare.py":
            settings = {
                "data.csv": self.csv,
                "data.images": EXAMPLE / "images",
                "image_encoder.name": self.network,
                "features.folder": self.folder / "features",
                **SMALL,
                **(settings or {}),
            }
            command += [f"--set={key}={value}" for key, value in settings.items()]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            **kwargs,
        )

    def run(self, script, *arguments, settings=None):
        """Runs a command to its end: (exit status, output, errors)."""
        process = self.start(script, *arguments, settings=settings)
        output, errors = process.communicate(timeout=300)
        return process.returncode, output, errors


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)
