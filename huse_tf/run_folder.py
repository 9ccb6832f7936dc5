"""The run folder: what a run keeps, and what makes two runs the same run."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tensorflow as tf

from huse_tf import run_changes as changes
from huse_tf.catalog import Catalog
from huse_tf.config import Config, load_config
from huse_tf.errors import InputError, first_line
from huse_tf.features.files import read_arrays
from huse_tf.replacing import replaced
from huse_tf.semantic_graph import read_graph, write_graph


class RunFolder:
    """Names of the files of one run, and its lock.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: str | Path, accept_changes: bool = False):
        """Takes the folder; nothing is read or written yet.

        Args:
            path: the folder.
            accept_changes: whether its run may go on with other data or settings.
        """
        self.path = Path(path)
        self._accept_changes = accept_changes
        self.config = self.path / "config.ini"
        self.classes = self.path / "classes.txt"
        self.catalog = self.path / "catalog.json"
        self.encoders = self.path / "encoders.json"
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
        self.ended = self.path / "ended.json"

    def claim(self) -> None:
        """Creates the folder and takes its lock, held until the process ends.

        Raises:
            InputError: it cannot be created, or another process trains in it.
        """
        with self.writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 32, 0).decode(errors="replace").strip()
            raise InputError(
                f"--run_dir {self.path}: process {holder} is training in it; wait for "
                "it, or name another folder"
            ) from None
        with self.writing(self.path):
            # in one piece: who is refused reads it at any time
            os.pwrite(self._lock, f"{os.getpid():<20}\n".encode(), 0)

    def check_config(self, config: Config) -> None:
        """Compares with the run that the folder holds, if any.

        Raises:
            InputError: the run was made by another config; the differences are listed.
        """
        if not self.config.exists():
            if any(self.checkpoints.glob("step-*")):
                raise InputError(
                    f"--run_dir {self.path} holds checkpoints but no config.ini, so "
                    "nobody knows what they are of; name another --run_dir"
                )
            return
        differences = [
            line
            for line in load_config(self.config).differences(config)
            if not line.startswith(changes.MAY_CHANGE)
        ]
        fixed = [line for line in differences if line.startswith(changes.ARCHITECTURE)]
        self._judge(
            "holds a run of another config",
            fixed,
            differences,
            f"go on with --config {self.config}",
        )

    def check_catalog(self, catalog: Catalog) -> None:
        """Compares the catalogue with the one that the run was started on.

        Raises:
            InputError: rows or classes differ; the differences are listed.
        """
        if not self.catalog.exists():
            return
        then = json.loads(self.catalog.read_text())
        now = changes.catalog_facts(catalog)
        self._judge(
            "was started on another catalogue",
            changes.class_differences(self.read_classes(), catalog.class_names),
            changes.fact_differences(then, now),
            "put the catalogue back",
        )

    def check_encoders(self, encoders: Mapping[str, object], graph: np.ndarray) -> None:
        """Compares encoders and class distances with those that the run started with.

        Args:
            encoders: JSON values, what identifies each, its content included.
            graph: float32 [K, K]; the classes are those of the run.

        Raises:
            InputError: they differ; the differences are listed.
        """
        if not self.encoders.exists():
            return
        then = json.loads(self.encoders.read_text())
        now = json.loads(json.dumps(encoders))
        differences = changes.fact_differences(then, now)
        fixed = [line for line in differences if " dim: " in line]
        distances = read_graph(self.graph, self.read_classes())
        self._judge(
            "was started with another encoder",
            fixed,
            differences + changes.graph_differences(distances, graph),
            "put the encoder back",
        )

    def _judge(
        self, what: str, fixed: list[str], differences: list[str], remedy: str
    ) -> None:
        """Raises where the run may not go on; `fixed` are never acceptable."""
        differences = list(dict.fromkeys([*fixed, *differences]))
        if not differences:
            return
        listed = "; ".join(differences)
        if fixed:
            raise InputError(
                f"--run_dir {self.path} {what} ({listed}); its weights do not fit, "
                "which --accept_changes cannot bridge: name another --run_dir, or "
                + remedy
            )
        if not self._accept_changes:
            raise InputError(
                f"--run_dir {self.path} {what} ({listed}); name another --run_dir, "
                f"{remedy}, or train on with the change by --accept_changes"
            )
        print(f"accepted: {listed}")

    def describe(
        self,
        config: Config,
        catalog: Catalog,
        graph: np.ndarray,
        text_state: dict[str, np.ndarray],
        encoders: Mapping[str, object],
    ) -> None:
        """Writes what the run is about; the config last, for it marks a run.

        Raises:
            InputError: the folder cannot be written or the disk is full.
        """
        names = "".join(f"{name}\n" for name in catalog.class_names)
        facts = changes.catalog_facts(catalog)
        with self.writing(self.path):
            catalog.write_rejected(self.rejected)
            with replaced(self.classes) as path:
                path.write_text(names, encoding="utf-8")
            with replaced(self.graph) as path:
                write_graph(path, graph, catalog.class_names)
            with replaced(self.text_encoder) as path, open(path, "wb") as file:
                np.savez(file, **text_state)
            for target, content in ((self.catalog, facts), (self.encoders, encoders)):
                with replaced(target) as path:
                    path.write_text(json.dumps(content, indent=1) + "\n")
            config.save(self.config)

    def world(self, config: Config) -> str:
        """Returns a digest of all that decides what a metric's value means."""
        settings = [
            line
            for line in config.to_lines()
            if not line.startswith(changes.MAY_CHANGE)
        ]
        digest = hashlib.sha256("\n".join(settings).encode())
        digest.update(self.catalog.read_bytes() + self.encoders.read_bytes())
        return digest.hexdigest()

    def read_classes(self) -> tuple[str, ...]:
        """Returns the class names in label order."""
        return tuple(self.classes.read_text(encoding="utf-8").splitlines())

    def read_text_state(self) -> dict[str, np.ndarray]:
        """Returns what the text encoder learned from the training texts.

        Raises:
            InputError: the file is missing, damaged or holds Python objects.
        """
        is_there = self.text_encoder.exists()
        arrays = read_arrays(self.text_encoder) if is_there else None
        if arrays is None:
            raise InputError(
                f"{self.text_encoder}: cannot be read as arrays of numbers and "
                "strings; restore the file, or train in another folder"
            )
        return arrays

    def read_evaluation(self) -> dict:
        """Returns what evaluation.json holds, nothing before the end of training."""
        if not self.evaluation.exists():
            return {}
        return json.loads(self.evaluation.read_text(encoding="utf-8"))

    def is_ended(self, step: int, exported: bool) -> bool:
        """Says whether a run of so many steps was evaluated and, if asked, exported."""
        if not self.ended.exists():
            return False
        end = json.loads(self.ended.read_text())
        return end["step"] == step and (end["exported"] or not exported)

    def end(self, step: int, exported: bool) -> None:
        """Notes that the run of so many steps was evaluated and maybe exported."""
        with self.writing(self.ended), replaced(self.ended) as path:
            path.write_text(json.dumps({"step": step, "exported": exported}) + "\n")

    def log(self, record: dict) -> None:
        """Adds one line to metrics.jsonl.

        Raises:
            InputError: it cannot be written.
        """
        with self.writing(self.metrics):
            with open(self.metrics, "a", encoding="utf-8") as stream:
                stream.write(json.dumps(record) + "\n")

    def read_log(self) -> list[dict]:
        """Returns the lines of metrics.jsonl."""
        with open(self.metrics, encoding="utf-8") as stream:
            return [json.loads(line) for line in stream]

    def forget_after(self, step: int) -> None:
        """Drops the lines of metrics.jsonl that a resumed run will write again."""
        if not self.metrics.exists():
            return
        lines = self.metrics.read_text(encoding="utf-8", errors="replace")
        kept = [
            line for line in lines.splitlines(keepends=True) if _is_until(line, step)
        ]
        with self.writing(self.metrics), replaced(self.metrics) as path:
            path.write_text("".join(kept), encoding="utf-8")

    @contextmanager
    def writing(self, path: Path) -> Iterator[None]:
        """Turns a failure to write what is inside into a line for the user.

        Raises:
            InputError: the folder cannot be written or the disk is full.
        """
        try:
            yield
        except (OSError, tf.errors.OpError) as error:
            reason = getattr(error, "strerror", None) or first_line(error)
            raise InputError(
                f"--run_dir {self.path}: {path} cannot be written ({reason}); the "
                "checkpoints there are whole: free space or see to its rights, and run "
                "the same command again, or name another folder"
            ) from error


def _is_until(line: str, step: int) -> bool:
    """Says whether a line is whole and of a step not after `step`."""
    try:
        return line.endswith("\n") and json.loads(line)["step"] <= step
    except ValueError:  # a machine that went down may leave anything
        return False


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
