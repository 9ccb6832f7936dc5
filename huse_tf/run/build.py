"""From a config to an untrained experiment."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from huse_tf.catalog import Catalog
from huse_tf.config import Config, keys_of
from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.model import HuseModel
from huse_tf.objectives import Objective, make_objective
from huse_tf.run import changes
from huse_tf.run.folder import RunFolder
from huse_tf.run.material import (
    Keep,
    Material,
    check_missing,
    images_train_along,
    read_material,
    texts_train_along,
)
from huse_tf.run.pipelines import Pipeline
from huse_tf.run.together import ALONE, Alone
from huse_tf.towers import embedding_network


@dataclass(frozen=True)
class Experiment:
    """A catalogue made ready for training.

    Attributes:
        config: the effective config, its class_separator that of the catalogue.
        catalog: without the rows that were rejected.
        pipeline: its batches.
        graph: float32 [K, K], A.
        model: untrained.
        text_encoder: the model's, inside of it or frozen.
        keys_before: "section.key" of the config.ini that the run had before it was
            described anew, in its order; none of a new run.
    """

    config: Config
    catalog: Catalog
    pipeline: Pipeline
    graph: np.ndarray
    model: HuseModel
    text_encoder: TextEncoder
    keys_before: tuple[str, ...] = ()


def prepare(
    config: Config, run: RunFolder, keep: Keep, together: Alone = ALONE
) -> Experiment:
    """Reads, checks and encodes the catalogue, builds the model, describes the run.

    Args:
        config: the effective config.
        run: claimed; a run that it holds must be of this config and catalogue.
        keep: how encoded features are kept: `pipelines.stored_features` or
            `pipelines.features_in_ram`.
        together: whom the run is trained with.

    Raises:
        InputError: anything about the user's input.
    """
    if together.leads:
        changes.check_config(run, config)
    material = read_material(config, run.rejected_file, keep, together)
    return make_experiment(material, config, run, together)


def make_experiment(
    material: Material, config: Config, run: RunFolder, together: Alone = ALONE
) -> Experiment:
    """Builds the model for a run and describes the run in its folder.

    Args:
        material: read with a config that may differ in [objective], [loss],
            [towers], [optimizer] and [training] only, batch_size apart.
        config: the run's.
        run: claimed and checked against `config`.
        together: whom the run is trained with; the leading one writes, and all others
            compare what they read with what it has written.

    Raises:
        InputError: the objective does not fit, or the run was started on another
            catalogue.
    """
    catalog, graph = material.catalog, material.graph
    config = config.settled(catalog.separator)
    with together.scope():
        objective = make_objective(config, graph, catalog.class_names)
    check_missing(config, objective, catalog)
    encoders = changes.encoder_facts(material.image_encoder, material.text_encoder)
    with together.in_turn():
        if not together.leads:
            changes.check_config(run, config)
        changes.check_catalog(run, catalog)
        changes.check_encoders(run, encoders, graph)
        keys_before = keys_of(run.config_file) if run.config_file.exists() else ()
        if together.leads:
            changes.describe(
                run, config, catalog, graph, material.text_encoder.state(), encoders
            )
    pipeline = dataclasses.replace(material.pipeline, seed=config.training.seed)
    with together.scope():
        model = build_model(
            config,
            material.image_encoder,
            material.text_encoder,
            objective,
            len(catalog.class_names),
        )
    return Experiment(
        config,
        catalog,
        pipeline,
        graph,
        model,
        material.text_encoder,
        keys_before,
    )


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
