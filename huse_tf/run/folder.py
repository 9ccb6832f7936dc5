"""The run folder: what a run keeps, and what makes two runs the same run."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tensorflow as tf

from huse_tf.config import Config, keys_of, load_config
from huse_tf.errors import InputError, first_line
from huse_tf.features.files import read_arrays
from huse_tf.replacing import flush, replaced
from huse_tf.run import records
from huse_tf.run.small_files import (
    damaged,
    read_object,
    read_text,
)
from huse_tf.semantic_graph import read_graph

ANEW = (
    "put it back from a copy, or run the training command again with "
    "`accept_changes`, which writes it anew"
)
EVALUATE = "run the training command again, which evaluates the run anew"
_LAST_KEY = "export.at_end"  # of a run's config.ini


class RunFolder:
    """Names of the files of one run, and its lock.

    Attributes:
        path: the folder.
        accept_changes: whether its run may go on with other data or settings.
    """

    def __init__(self, path: str | Path, accept_changes: bool = False):
        """Takes the folder; nothing is read or written yet.

        Args:
            path: the folder.
            accept_changes: whether its run may go on with other data or settings.
        """
        self.path = Path(path)
        self.accept_changes = accept_changes
        self.config_file = self.path / "config.ini"
        self.classes_file = self.path / "classes.txt"
        self.catalog_file = self.path / "catalog.json"
        self.rows_file = self.path / "rows.npz"
        self.started_file = self.path / "started_from.json"
        self.encoders_file = self.path / "encoders.json"
        self.graph_file = self.path / "semantic_graph.csv"
        self.rejected_file = self.path / "rejected.csv"
        self.text_encoder_file = self.path / "text_encoder.npz"
        self.metrics_file = self.path / "metrics.jsonl"
        self.checkpoints_folder = self.path / "checkpoints"
        self.best_folder = self.path / "checkpoints" / "best"
        self.tensorboard_folder = self.path / "tensorboard"
        self.evaluation_file = self.path / "evaluation.json"
        self.report_file = self.path / "report.html"
        self.export_folder = self.path / "export"
        self.ended_file = self.path / "ended.json"

    def claim(self) -> None:
        """Creates the folder and takes its lock, held until the process ends.

        Raises:
            InputError: it cannot be created, or another process trains in it.
        """
        with self.writing(self.path):
            if not self.path.exists():
                self.path.mkdir(parents=True, exist_ok=True)
                flush(self.path.parent)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 32, 0).decode(errors="replace").strip()
            raise InputError(
                f"`run_dir` {self.path}: process {holder} is training in it; wait for "
                "it, or name another folder"
            ) from None
        with self.writing(self.path):
            # in one piece: who is refused reads it at any time
            os.pwrite(self._lock, f"{os.getpid():<20}\n".encode(), 0)

    def load_config(self) -> Config:
        """Returns the config that the run was made with, to compare with.

        Raises:
            InputError: config.ini is missing, damaged, or of a newer version.
        """
        try:
            found = load_config(self.config_file, of_run=True)
            # every version wrote all sections, this one the last: without it, the
            # keys that are missing would be taken for keys that came later
            whole = self.config_file.read_text(encoding="utf-8").endswith("\n")
            if not whole or _LAST_KEY not in keys_of(self.config_file):
                raise damaged(self.config_file, "it is cut", "its end is missing")
            return found
        except InputError as error:
            raise InputError(
                f"`run_dir` {self.path}: its config.ini cannot be used; put it back "
                "from a copy, or the config that the run was started with, or go on "
                f"with the version of huse_tf that wrote it: {error}"
            ) from error

    def read_config(self, allow_code: bool = False) -> Config:
        """Returns the config that the run was made with.

        Args:
            allow_code: whether it may name classes outside of huse_tf, whose code is
                run when the run is restored.

        Raises:
            InputError: it names such a class, or it cannot be read.
        """
        config = self.load_config()
        own = config.own_parts()
        if own and not allow_code:
            raise InputError(
                f"`run_dir` {self.path}: its config.ini names code outside of huse_tf "
                f"({', '.join(own)}), which would be run; pass `allow_code` if you "
                "trust it"
            )
        return config

    def read_classes(self) -> tuple[str, ...]:
        """Returns the class names in label order.

        Raises:
            InputError: the file, or catalog.json, which counts them, is missing or
                damaged.
        """
        text = read_text(self.classes_file, ANEW)
        names = tuple(text.removesuffix("\n").split("\n"))
        count = self.read_catalog_facts()["classes"]
        if len(names) != count or len(set(names)) < count or not text.endswith("\n"):
            problem = f"expected {count} different names, received {len(set(names))}"
            raise damaged(self.classes_file, problem, ANEW)
        return names

    def read_graph(self) -> np.ndarray:
        """Returns the distances between the classes, float32 [K, K].

        Raises:
            InputError: the file, or one that lists the classes, is missing or damaged.
        """
        names = self.read_classes()
        try:
            return read_graph(self.graph_file, names)
        except InputError as error:
            raise InputError(f"{error}; {ANEW}") from error

    def read_catalog_facts(self) -> dict[str, object]:
        """Returns what catalog.json holds, see `changes.catalog_facts`.

        Raises:
            InputError: it is missing or damaged.
        """
        kinds = {"fingerprint": str, "rows": int, "classes": int}
        return read_object(self.catalog_file, ANEW, kinds)

    def read_encoder_facts(self) -> dict[str, object]:
        """Returns what encoders.json holds, see `changes.encoder_facts`.

        Raises:
            InputError: it is missing or damaged.
        """
        kinds = {"image_encoder": dict, "text_encoder": dict}
        return read_object(self.encoders_file, ANEW, kinds)

    def read_text_state(self) -> dict[str, np.ndarray]:
        """Returns what the text encoder learned from the training texts.

        Raises:
            InputError: the file is missing, damaged or holds Python objects.
        """
        is_there = self.text_encoder_file.exists()
        arrays = read_arrays(self.text_encoder_file) if is_there else None
        if arrays is None:
            raise InputError(
                f"{self.text_encoder_file}: cannot be read as arrays of numbers and "
                "strings; restore the file, or train in another folder"
            )
        return arrays

    def read_evaluation(self) -> dict:
        """Returns what evaluation.json holds, nothing before the end of training.

        Raises:
            InputError: it is damaged, or missing though the run has ended.
        """
        if not self.evaluation_file.exists() and not self.ended_file.exists():
            return {}
        found = read_object(self.evaluation_file, EVALUATE, {"meta": dict})
        weight = found["meta"].get("fusion_weight", 0.5)
        if not isinstance(weight, int | float) or not 0 <= weight <= 1:
            raise damaged(
                self.evaluation_file, f"fusion_weight: received {weight!r}", EVALUATE
            )
        return found

    def name_of(self, csv: Path) -> str:
        """Returns what the evaluation of another CSV is called.

        No split is called so, and no CSV of the same name in another folder.

        Args:
            csv: absolute.
        """
        where = hashlib.sha256(os.fsencode(csv.parent)).hexdigest()[:8]
        return f"of_{csv.name}_{where}"

    def is_ended(self, step: int, exported: bool) -> bool:
        """Says whether a run of so many steps was evaluated and, if asked, exported.

        Where the files that say so are damaged, a line is printed, and it was not.
        """
        if not self.ended_file.exists():
            return False
        try:
            kinds = {"step": int, "exported": bool}
            end = read_object(self.ended_file, EVALUATE, kinds)
            self.read_evaluation()
        except InputError as error:
            print(f"{str(error).partition(';')[0]}: the run is evaluated anew")
            return False
        return end["step"] == step and (end["exported"] or not exported)

    def end(self, step: int, exported: bool) -> None:
        """Notes that the run of so many steps was evaluated and maybe exported."""
        with self.writing(self.ended_file), replaced(self.ended_file) as path:
            path.write_text(json.dumps({"step": step, "exported": exported}) + "\n")

    def start_from(self, record: dict[str, object]) -> None:
        """Notes from which run's weights this one starts, see `starting.take_over`."""
        with self.writing(self.started_file), replaced(self.started_file) as path:
            path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")

    def read_start(self) -> dict[str, object] | None:
        """Returns what `start_from` noted; None of a run that starts from none.

        Raises:
            InputError: the file is damaged.
        """
        if not self.started_file.exists():
            return None
        remedy = "put it back from a copy, or begin again in another `run_dir`"
        return read_object(self.started_file, remedy, {"run": str, "weights": str})

    def log(self, record: dict) -> None:
        """Adds one line to metrics.jsonl.

        Raises:
            InputError: it cannot be written.
        """
        with self.writing(self.metrics_file):
            with open(self.metrics_file, "a", encoding="utf-8") as stream:
                stream.write(json.dumps(record) + "\n")

    def read_log(self) -> list[dict]:
        """Returns the records of metrics.jsonl; says how many lines are none."""
        return [record for _, record in records.read(self.metrics_file)]

    def forget_after(self, step: int) -> None:
        """Drops the lines of metrics.jsonl that a resumed run will write again."""
        if not self.metrics_file.exists():
            return
        found = records.read(self.metrics_file)
        kept = [line for line, record in found if record["step"] <= step]
        with self.writing(self.metrics_file), replaced(self.metrics_file) as path:
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
                f"`run_dir` {self.path}: {path} cannot be written ({reason}); the "
                "checkpoints there are whole: free space or see to its rights, and run "
                "the same command again, or name another folder"
            ) from error
