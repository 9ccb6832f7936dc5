"""Every way to call a command, in processes that have no TensorFlow."""

import os
import re
import subprocess
import sys

from small_runs import ROOT

from huse_tf.commands import COMMANDS

REACHED = "TensorFlow was imported"


def programs():
    """How a command is called -> the words behind `python`."""
    called = {f"huse {name}": ["-m", "huse_tf", name] for name in COMMANDS}
    for script in (*sorted(ROOT.glob("*.py")), ROOT / "data" / "prepare.py"):
        if script.name != "setup.py":
            called[f"python {script.relative_to(ROOT)}"] = [str(script)]
    for module in ("huse_tf.doctor", "huse_tf.features"):
        called[f"python -m {module}"] = ["-m", module]
    return called


def flags_of(text):
    """The names of the flags that a --help lists."""
    listed = text.partition("\nflags:\n")[2]
    return set(re.findall(r"^  (?:-\w,)?--(?:\[no\])?(\w+)", listed, re.MULTILINE))


class Caller:
    """Calls programs where importing TensorFlow or Keras fails."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("tensorflow", "keras"):
            (folder / name).mkdir()
            text = f"raise ImportError({REACHED!r})\n"
            (folder / name / "__init__.py").write_text(text)

    def start(self, words, cwd=ROOT, package=ROOT):
        """Starts `python WORDS`; `package` is the folder that huse_tf lies in."""
        paths = os.pathsep.join(map(str, (self.folder, package)))
        return subprocess.Popen(
            [sys.executable, *map(str, words)],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "80"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, words, **options):
        """Returns (exit status, output, errors)."""
        process = self.start(words, **options)
        output, errors = process.communicate(timeout=120)
        return process.returncode, output, errors
