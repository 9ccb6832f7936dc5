"""config.ini: its sections, the kinds of their values, reading and writing."""

from huse_tf.config.comments import comment
from huse_tf.config.encoder_sections import (
    ClassEncoderConfig,
    ImageEncoderConfig,
    TextEncoderConfig,
)
from huse_tf.config.ini import SECTIONS, Config, keys_of, load_config
from huse_tf.config.sections import (
    DataConfig,
    EvaluationConfig,
    ExportConfig,
    FeaturesConfig,
    LossConfig,
    ObjectiveConfig,
    OptimizerConfig,
    TowersConfig,
    TrainingConfig,
)

__all__ = [
    "SECTIONS",
    "ClassEncoderConfig",
    "Config",
    "DataConfig",
    "EvaluationConfig",
    "ExportConfig",
    "FeaturesConfig",
    "ImageEncoderConfig",
    "LossConfig",
    "ObjectiveConfig",
    "OptimizerConfig",
    "TextEncoderConfig",
    "TowersConfig",
    "TrainingConfig",
    "comment",
    "keys_of",
    "load_config",
]
