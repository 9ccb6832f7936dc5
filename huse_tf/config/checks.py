"""What one key of a config asks of another."""

from pathlib import Path
from typing import TYPE_CHECKING

from huse_tf.config.comments import comment
from huse_tf.config.encoder_sections import ClassEncoderConfig, TextEncoderConfig
from huse_tf.config.sections import DataConfig
from huse_tf.config.values import nearest
from huse_tf.encoders.registry import TEXT_ENCODERS
from huse_tf.errors import InputError
from huse_tf.metrics.registry import CHOOSING
from huse_tf.registry import is_own

if TYPE_CHECKING:
    from huse_tf.config.ini import Config


def check(path: Path, config: "Config") -> None:
    """Compares keys with each other.

    Args:
        path: of the ini, for messages.
        config: every value in its own range.

    Raises:
        InputError: two values do not go together.
    """
    _check_fractions(path, config.data)
    _check_together(path, config.data)
    for name in ("text_encoder", "class_encoder"):
        _check_text_encoder(path, name, getattr(config, name))
    training = config.training
    if training.distribute != "none" and training.precision == "mixed_float16":
        raise InputError(
            f"{path}: training.precision = mixed_float16 with training.distribute = "
            f"{training.distribute}: the loss is scaled by what one replica sees; "
            "expected float32 or mixed_bfloat16"
        )
    if training.distribute != "none" and training.jit_compile:
        raise InputError(
            f"{path}: training.jit_compile = yes with training.distribute = "
            f"{training.distribute}: XLA compiles for one device; expected no"
        )
    best = training.best_metric
    if best not in CHOOSING and not is_own(config.objective.name):
        raise InputError(
            f"{path}: training.best_metric = {best}: expected a metric's name, or loss;"
            f" the nearest is {nearest(best, CHOOSING)}"
        )


def _check_fractions(path: Path, data: DataConfig) -> None:
    held_out = data.validation_fraction + data.test_fraction
    if held_out >= 1:
        raise InputError(
            f"{path}: data.validation_fraction + data.test_fraction = {held_out:g}: "
            "expected less than 1, for rows to train on"
        )


def _check_together(path: Path, data: DataConfig) -> None:
    if data.split_by == "draw" and data.split_together != "none":
        raise InputError(
            f"{path}: data.split_together = {data.split_together} needs data.split_by "
            "= hash: a draw knows of classes only"
        )


def _check_text_encoder(
    path: Path, name: str, encoder: TextEncoderConfig | ClassEncoderConfig
) -> None:
    entries = {
        part: TEXT_ENCODERS[part]
        for part in encoder.name.split("+")
        if part in TEXT_ENCODERS
    }
    owners: dict[str, str] = {}
    for part, entry in entries.items():
        for key in entry.keys:
            if key in owners:
                raise InputError(
                    f"{path}: {name}.name = {encoder.name}: {owners[key]} and {part} "
                    f"share the key {key}; expected one of them"
                )
        owners |= dict.fromkeys(entry.keys, part)
    for entry in entries.values():
        for key in entry.needs:
            if not getattr(encoder, key):
                field = type(encoder).__dataclass_fields__[key]
                raise InputError(
                    f"{path}: {name}.name = {encoder.name} needs {name}.{key}: "
                    + comment(type(encoder), field)
                )
