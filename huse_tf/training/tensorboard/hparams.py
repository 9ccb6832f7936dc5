"""The run's settings for TensorBoard's HParams page, where runs are compared."""

import dataclasses

import tensorflow as tf
from tensorboard.plugins.hparams import api, api_pb2, summary

from huse_tf.config import Config

WHOLE_SECTIONS = ("towers", "loss", "optimizer")
KEYS = (
    "objective.name",
    "training.batch_size",
    "training.epochs",
    "training.seed",
    "training.precision",
    "image_encoder.name",
    "image_encoder.size",
    "image_encoder.fine_tune",
    "image_encoder.augment",
    "text_encoder.name",
    "text_encoder.fine_tune",
    "class_encoder.name",
    "class_encoder.graph",
)


def hyperparameters(config: Config) -> dict[str, bool | int | float | str]:
    """Returns what runs are compared by, as section.key -> value."""
    chosen = [
        f"{section}.{field.name}"
        for section in WHOLE_SECTIONS
        for field in dataclasses.fields(getattr(config, section))
    ]
    values = {name: config.value(name) for name in (*KEYS, *chosen)}
    # A key that may be a number or a word has to be one kind in all runs.
    values["loss.logit_scale"] = str(values["loss.logit_scale"])
    return values


def started(writer: tf.summary.SummaryWriter, config: Config, run: str) -> None:
    """Writes that a run has begun.

    Args:
        writer: of the folder that holds train/ and validation/.
        config: of the run.
        run: names it; runs of one name are taken for one.
    """
    _write(writer, api.hparams_pb(hyperparameters(config), trial_id=run))


def ended(writer: tf.summary.SummaryWriter, well: bool) -> None:
    """Writes that a run has ended."""
    status = api_pb2.STATUS_SUCCESS if well else api_pb2.STATUS_FAILURE
    _write(writer, summary.session_end_pb(status))


def _write(writer: tf.summary.SummaryWriter, message) -> None:
    with writer.as_default(step=0):
        tf.summary.experimental.write_raw_pb(message.SerializeToString(), step=0)
    writer.flush()
