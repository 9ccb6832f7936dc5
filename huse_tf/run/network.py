"""From a config and its encoders to the untrained model."""

import dataclasses

from huse_tf.config import Config
from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.model import HuseModel
from huse_tf.objectives import Objective
from huse_tf.run.material import images_train_along, texts_train_along
from huse_tf.towers import embedding_network


def build_model(
    config: Config,
    image_encoder: ImageEncoder,
    text_encoder: TextEncoder,
    objective: Objective,
    classes: int,
) -> HuseModel:
    """Builds the untrained model; encoders go inside where they train along."""
    image_encoder.learning_rate_multiplier = (
        config.image_encoder.learning_rate_multiplier
    )
    text_encoder.learning_rate_multiplier = config.text_encoder.learning_rate_multiplier
    network = embedding_network(
        image_encoder.dim,
        text_encoder.dim,
        classes,
        **dataclasses.asdict(config.towers),
        logit_scale=config.loss.logit_scale,
        seed=config.training.seed,
        precision=config.training.precision,
        classifier=objective.classifier,
    )
    return HuseModel(
        network,
        objective,
        image_encoder=image_encoder if images_train_along(config) else None,
        text_encoder=text_encoder if texts_train_along(config) else None,
    )
