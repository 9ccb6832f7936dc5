"""Lays config.ini and the example catalogue down, to begin with.

Example: {program} there && cd there && huse train -b 512 -e 60
"""

import os
import shlex
import shutil
from pathlib import Path

import huse_tf
from huse_tf.errors import InputError

PARTS = (
    "data/example",
    "config.ini",
)  # of the clone; setup.py puts them into the wheel
_PACKAGE = Path(huse_tf.__file__).parent


def main(folder: str) -> None:
    """Copies, and says how to go on."""
    if not folder:
        raise InputError("expected the folder to begin in: huse example there")
    lay_down(Path(folder))
    print(f"{folder} holds config.ini and data/example; train on them with")
    print(f"cd {shlex.quote(folder)} && huse train -b 512 -e 60")


def lay_down(folder: Path) -> None:
    """Copies config.ini and the example; each is whole or not there.

    Args:
        folder: made where it is not there; may hold other things.

    Raises:
        InputError: it holds one of them already, or is a file.
    """
    for part in PARTS:
        if os.path.lexists(folder / part):
            raise InputError(
                f"{folder / part} is there already and is not overwritten; name "
                "another folder"
            )
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; name a folder")
    for part in PARTS:
        source, target = starter() / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f"{target.name}.unfinished")
        if source.is_dir():
            shutil.rmtree(beside, ignore_errors=True)
            shutil.copytree(
                source, beside, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copyfile(source, beside)
        os.replace(beside, target)


def starter() -> Path:
    """Returns the folder of PARTS: the package's own in a wheel, else the clone."""
    inside = _PACKAGE / "starter"
    return inside if inside.is_dir() else _PACKAGE.parent
