"""The run folder: what a run keeps, and what makes two runs the same run."""

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from huse_tf.catalog import Catalog
from huse_tf.config import Config, load_config
from huse_tf.errors import InputError
from huse_tf.semantic_graph import write_graph

# Keys that do not change what is learned up to a step: a run may go on with others.
MAY_CHANGE = (
    "training.epochs",
    "training.checkpoint_minutes",
    "training.keep_checkpoints",
    "training.early_stopping_epochs",
    "features.",
    "evaluation.",
    "export.",
    "data.max_bad_rows",
)


class RunFolder:
    """Names of the files of one run, and its lock.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: str | Path):
        """Takes the folder; nothing is read or written yet."""
        self.path = Path(path)
        self.config = self.path / "config.ini"
        self.classes = self.path / "classes.txt"
        self.catalog = self.path / "catalog.json"
        self.graph = self.path / "semantic_graph.csv"
        self.rejected = self.path / "rejected.csv"
        self.text_encoder = self.path / "text_encoder.npz"
        self.metrics = self.path / "metrics.jsonl"
        self.checkpoints = self.path / "checkpoints"
        self.best = self.path / "checkpoints" / "best"
        self.tensorboard = self.path / "tensorboard"
        self.evaluation = self.path / "evaluation.json"
        self.report = self.path / "report.html"
        self.export = self.path / "export"

    def claim(self) -> None:
        """Creates the folder and takes its lock, held until the process ends.

        Raises:
            InputError: it cannot be created, or another process trains in it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = open(self.path / "lock", "a+")
        except OSError as error:
            raise InputError(
                f"--run_dir {self.path}: cannot be written ({error.strerror}); "
                "name another folder"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            raise InputError(
                f"--run_dir {self.path}: process {self._lock.read().strip()} is "
                "training in it; wait for it, or name another folder"
            ) from None
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()

    def check_config(self, config: Config) -> None:
        """Compares with the run that the folder holds, if any.

        Raises:
            InputError: the run was made by another config; the differences are listed.
        """
        if not self.config.exists():
            return
        differences = [
            line
            for line in load_config(self.config).differences(config)
            if not line.startswith(MAY_CHANGE)
        ]
        if differences:
            raise InputError(
                f"--run_dir {self.path} holds a run of another config "
                f"({'; '.join(differences)}); name another --run_dir, or go on with "
                f"--config {self.config}"
            )

    def check_catalog(self, catalog: Catalog) -> None:
        """Compares the catalogue with the one that the run was started on.

        Raises:
            InputError: rows or classes differ.
        """
        if not self.catalog.exists():
            return
        known = json.loads(self.catalog.read_text())
        now = _catalog_facts(catalog)
        differences = [
            f"{name}: {known.get(name)} then, {now[name]} now"
            for name in now
            if known.get(name) != now[name]
        ]
        if differences:
            raise InputError(
                f"--run_dir {self.path} was started on another catalogue "
                f"({'; '.join(differences)}); name another --run_dir, or put the "
                "catalogue back"
            )

    def describe(
        self,
        config: Config,
        catalog: Catalog,
        graph: np.ndarray,
        text_state: dict[str, np.ndarray],
    ) -> None:
        """Writes what the run is about; the config last, for it marks a run."""
        self.classes.write_text(
            "".join(f"{name}\n" for name in catalog.class_names), encoding="utf-8"
        )
        catalog.write_rejected(self.rejected)
        write_graph(self.graph, graph, catalog.class_names)
        np.savez(self.text_encoder, **text_state)
        self.catalog.write_text(json.dumps(_catalog_facts(catalog), indent=1) + "\n")
        config.save(self.config)

    def read_classes(self) -> tuple[str, ...]:
        """Returns the class names in label order."""
        return tuple(self.classes.read_text(encoding="utf-8").splitlines())

    def read_text_state(self) -> dict[str, np.ndarray]:
        """Returns what the text encoder learned from the training texts."""
        with np.load(self.text_encoder, allow_pickle=False) as arrays:
            return dict(arrays)

    def read_evaluation(self) -> dict:
        """Returns what evaluation.json holds, nothing before the end of training."""
        if not self.evaluation.exists():
            return {}
        return json.loads(self.evaluation.read_text(encoding="utf-8"))

    def is_exported(self) -> bool:
        """Says whether a version was published in the run folder."""
        return any(path.name.isdigit() for path in self.export.glob("*"))

    def log(self, record: dict) -> None:
        """Adds one line to metrics.jsonl."""
        with open(self.metrics, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")

    def forget_after(self, step: int) -> None:
        """Drops the lines of metrics.jsonl that a resumed run will write again."""
        if not self.metrics.exists():
            return
        lines = self.metrics.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [
            line
            for line in lines
            if line.endswith("\n") and json.loads(line)["step"] <= step
        ]
        beside = self.metrics.with_suffix(".unfinished")
        beside.write_text("".join(kept), encoding="utf-8")
        os.replace(beside, self.metrics)


def _catalog_facts(catalog: Catalog) -> dict[str, object]:
    def count(split: str) -> int:
        return len(catalog.indices(split))

    return {
        "fingerprint": catalog.fingerprint,
        "rows": len(catalog),
        "classes": len(catalog.class_names),
        **{split: count(split) for split in ("train", "validation", "test")},
    }


def require_run(path: str | Path) -> RunFolder:
    """Returns the run folder of a run that was trained at least for a while.

    Raises:
        InputError: the folder is missing, or no run was started in it.
    """
    run = RunFolder(path)
    missing = _first_missing([run.config, run.classes, run.graph, run.checkpoints])
    if missing:
        raise InputError(
            f"--run_dir {path}: {missing.name} is missing, so this is not the folder "
            "of a trained run; train first, or name another folder"
        )
    return run


def _first_missing(paths: Sequence[Path]) -> Path | None:
    return next((path for path in paths if not path.exists()), None)
