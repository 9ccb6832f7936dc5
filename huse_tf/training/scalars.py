"""Scalars of a run: metrics.jsonl and TensorBoard, under the same names."""

import os
import socket
import time
from pathlib import Path

import tensorflow as tf

from huse_tf.run.folder import RunFolder


class ScalarLog:
    """Writes scalars of "train" and "validation", by step.

    TensorBoard shows the two as two curves of one chart, because the tag is the
    metric's name in both. Each process writes files of its own; where it goes on with
    a run, TensorBoard drops what an earlier process had written of later steps.
    """

    def __init__(self, run: RunFolder, after: int):
        """Takes the run, whose metrics.jsonl and tensorboard/ are written to.

        Args:
            run: the folder.
            after: the step that training goes on after.
        """
        self._run = run
        self._after = after
        self._files: dict[str, tf.io.TFRecordWriter] = {}

    def __enter__(self) -> "ScalarLog":
        """Starts the log."""
        return self

    def write(
        self, split: str, step: int, epoch: int, scalars: dict[str, float]
    ) -> None:
        """Writes one record.

        Args:
            split: "train" or "validation".
            step: steps taken so far.
            epoch: epochs finished so far.
            scalars: values by metric name.

        Raises:
            InputError: the folder cannot be written or the disk is full.
        """
        record = {"split": split, "step": step, "epoch": epoch, "time": time.time()}
        self._run.log({**record, **scalars})
        values = [
            tf.compat.v1.Summary.Value(tag=name, simple_value=value)
            for name, value in scalars.items()
        ]
        folder = self._run.tensorboard_folder / split
        with self._run.writing(folder):
            if split not in self._files:
                self._files[split] = self._open(folder)
            _write(
                self._files[split],
                step=step,
                summary=tf.compat.v1.Summary(value=values),
            )
            self._files[split].flush()

    def __exit__(self, *error: object) -> None:
        """Closes the files."""
        for file in self._files.values():
            file.close()

    def _open(self, folder: Path) -> tf.io.TFRecordWriter:
        folder.mkdir(parents=True, exist_ok=True)
        # TensorBoard reads files in the order of their names
        name = f"events.out.tfevents.{time.time_ns()}"
        file = tf.io.TFRecordWriter(
            str(folder / f"{name}.{socket.gethostname()}.{os.getpid()}")
        )
        _write(file, file_version="brain.Event:2")
        start = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
        _write(file, step=self._after + 1, session_log=start)
        return file


def _write(file: tf.io.TFRecordWriter, **event: object) -> None:
    event = tf.compat.v1.Event(wall_time=time.time(), **event)
    file.write(event.SerializeToString())
