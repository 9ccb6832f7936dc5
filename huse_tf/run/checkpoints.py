"""Checkpoints that are whole or not there."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf

from huse_tf.errors import InputError, first_line
from huse_tf.replacing import flush
from huse_tf.run.small_files import read_object

Variables = Mapping[str, Sequence[tf.Variable]]
FORMAT = 1  # goes up with what a version before could not go on from
_FORMAT, _SHAPES = "format", "shapes"  # in state.json, beside the state


class Checkpoints:
    """A folder of checkpoints, `step-<step>/`, the newest of which are kept.

    A checkpoint is written beside, flushed to disk and renamed into place. It holds an
    explicit list of variables, a state.json with their shapes, and a manifest with the
    SHA-256 of every file; only a checkpoint whose manifest holds is ever loaded.
    """

    def __init__(self, folder: str | Path, keep: int):
        """Takes the folder, which `save` creates.

        Args:
            folder: of the checkpoints.
            keep: how many to keep, at least 1.
        """
        self.folder = Path(folder)
        self._keep = keep

    def save(self, variables: Variables, state: dict) -> Path:
        """Writes a checkpoint and removes those beyond the number to keep.

        Those of later steps go too: a run that fell back to an earlier checkpoint
        takes these steps anew. So does what killed processes left unfinished.

        Args:
            variables: lists of variables by name.
            state: JSON values; "step", an int, names the checkpoint.

        Returns:
            The checkpoint's folder.

        Raises:
            InputError: the folder cannot be written or the disk is full. Earlier
                checkpoints stay as they are.
        """
        shapes = {name: _shapes(held) for name, held in variables.items()}
        about = {_FORMAT: FORMAT, _SHAPES: shapes}
        content = json.dumps({**state, **about}, indent=1)
        target = self.folder / f"step-{state['step']:010d}"
        beside = self.folder / f".{target.name}.unfinished"
        needed = sum(
            int(tf.size(v)) * v.dtype.size for held in variables.values() for v in held
        )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for left in self.folder.glob(".step-*.unfinished"):
                shutil.rmtree(left, ignore_errors=True)
            beside.mkdir()
            _checkpoint(variables).write(str(beside / "variables"))
            (beside / "state.json").write_text(content)
            files = {file.name: _digest(file) for file in sorted(beside.iterdir())}
            (beside / "manifest.json").write_text(json.dumps(files, indent=1))
            for file in beside.iterdir():
                flush(file)
            flush(beside)
            shutil.rmtree(target, ignore_errors=True)
            os.rename(beside, target)
            flush(self.folder)
        except (OSError, tf.errors.OpError) as error:
            shutil.rmtree(beside, ignore_errors=True)
            raise InputError(
                f"checkpoint folder {self.folder}: cannot write {needed:,} bytes "
                f"({first_line(error)}); earlier checkpoints are untouched: free space "
                "or make the folder writable, and run the same command again"
            ) from error
        found = self._all()
        current = found.index(target)
        for old in (*found[:current], *found[current + self._keep :]):
            shutil.rmtree(old, ignore_errors=True)
        return target

    def restore(self, variables: Variables) -> dict | None:
        """Loads the newest checkpoint that is whole.

        Args:
            variables: as given to `save`; assigned in place.

        Returns:
            The state, or None where there is no checkpoint at all.

        Raises:
            InputError: there are checkpoints, but none of them is whole; or the newest
                one that is has other variables, or is of a newer version.
        """
        found = self._all()
        for folder in found:
            trouble = _trouble(folder)
            if trouble and not folder.exists():
                return self.restore(variables)  # a training run has just replaced it
            if trouble:
                print(f"{folder}: damaged ({trouble}), trying the one before it")
                continue
            state, shapes = _read_state(folder)
            _check_shapes(folder, shapes, variables)
            reader = _checkpoint(variables).read(str(folder / "variables"))
            reader.assert_consumed()
            return state
        if found:
            raise InputError(
                f"{self.folder}: all {len(found)} checkpoints are damaged; restore the "
                "folder from a copy, or start again with another `run_dir`"
            )
        return None

    def newest_state(self) -> dict | None:
        """Returns the state that `restore` would return; None where there is none.

        Raises:
            InputError: it is of a newer version.
        """
        for folder in self._all():
            if not _trouble(folder):
                return _read_state(folder)[0]
        return None

    def _all(self) -> list[Path]:
        """Lists the checkpoints, the newest first."""
        return sorted(self.folder.glob("step-*"), reverse=True)


def _checkpoint(variables: Variables) -> tf.train.Checkpoint:
    return tf.train.Checkpoint(**{name: list(held) for name, held in variables.items()})


def _shapes(held: Sequence[tf.Variable]) -> list[list[int]]:
    return [variable.shape.as_list() for variable in held]


def _read_state(folder: Path) -> tuple[dict, dict[str, list[list[int]]]]:
    """Returns the state of a checkpoint that is whole, and its variables' shapes."""
    remedy = (
        "go on with the version of huse_tf that wrote it, or name another `run_dir`"
    )
    path = folder / "state.json"
    state = read_object(path, remedy, {"step": int, _SHAPES: dict})
    written = state.pop(_FORMAT, 1)  # early versions wrote none
    if written != FORMAT:
        raise InputError(
            f"{path} is of format {written!r}, expected {FORMAT}: a newer version of "
            f"huse_tf wrote it; {remedy}"
        )
    return state, state.pop(_SHAPES)


def _check_shapes(
    folder: Path, saved: dict[str, list[list[int]]], variables: Variables
) -> None:
    """Raises InputError where a checkpoint is of another architecture."""
    differences = []
    for name in {**saved, **variables}:
        then, now = saved.get(name, []), _shapes(variables.get(name, []))
        if len(then) != len(now):
            differences.append(f"{len(then)} {name} variables then, {len(now)} now")
            continue
        differences += [
            f"{name} variable {i}: {a} then, {b} now"
            for i, (a, b) in enumerate(zip(then, now, strict=True))
            if a != b
        ]
    if differences:
        more = f"; {len(differences) - 3} more" if len(differences) > 3 else ""
        raise InputError(
            f"{folder} is of another architecture ({'; '.join(differences[:3])}{more}),"
            " which `accept_changes` cannot bridge: put the settings and encoders "
            "back, or name another `run_dir`"
        )


def _trouble(folder: Path) -> str:
    """Says what is wrong with a checkpoint's files, or nothing."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        for name in {file.name for file in folder.iterdir()} - {"manifest.json"}:
            if name not in manifest:
                return f"{name} is not in the manifest"
        for name, expected in manifest.items():
            if _digest(folder / name) != expected:
                return f"{name} is not what was written"
        return ""
    except OSError as error:
        return f"{Path(error.filename).name} is missing or unreadable"
    except (ValueError, AttributeError):
        return "manifest.json is not readable"


def _digest(file: Path) -> str:
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
