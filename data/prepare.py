"""Turns a published data set into a catalogue CSV."""

import sys
from pathlib import Path

# The package may not be installed, and lies beside this script's folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from huse_tf import cli  # noqa: E402
from huse_tf.commands import prepare  # noqa: E402

if __name__ == "__main__":
    cli.run(prepare, "python data/prepare.py")
