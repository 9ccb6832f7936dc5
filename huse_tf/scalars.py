"""Scalars of a run: metrics.jsonl and TensorBoard, under the same names."""

import time

import tensorflow as tf

from huse_tf.run_folder import RunFolder


class ScalarLog:
    """Writes scalars of "train" and "validation", by step.

    TensorBoard shows the two as two curves of one chart, because the tag is the
    metric's name in both.
    """

    def __init__(self, run: RunFolder):
        """Takes the run, whose metrics.jsonl and tensorboard/ are written to."""
        self._run = run
        self._writers: dict[str, tf.summary.SummaryWriter] = {}

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
        """
        record = {"split": split, "step": step, "epoch": epoch, "time": time.time()}
        self._run.log({**record, **scalars})
        if split not in self._writers:
            self._writers[split] = tf.summary.create_file_writer(
                str(self._run.tensorboard / split)
            )
        with self._writers[split].as_default(step=step):
            for name, value in scalars.items():
                tf.summary.scalar(name, value)
        self._writers[split].flush()

    def __exit__(self, *error) -> None:
        """Closes the files."""
        for writer in self._writers.values():
            writer.close()
