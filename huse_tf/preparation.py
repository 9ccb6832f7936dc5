"""From a config to an untrained experiment; what is encoded may serve several."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from huse_tf.catalog import Catalog, read_catalog
from huse_tf.config import Config, ImageEncoderConfig, TextEncoderConfig
from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.encoders.images import make_image_encoder
from huse_tf.encoders.texts import make_text_encoder
from huse_tf.errors import InputError
from huse_tf.experiment import (
    Experiment,
    Keep,
    build_model,
    class_graph,
    make_pipeline,
)
from huse_tf.objectives import make_objective
from huse_tf.pipelines import Pipeline
from huse_tf.run_folder import RunFolder


@dataclass(frozen=True)
class Material:
    """An encoded catalogue, from which experiments are made.

    Attributes:
        catalog: without the rows that were rejected.
        pipeline: its batches.
        graph: float32 [K, K], A.
        image_encoder: from picture files to image features.
        text_encoder: from strings to text features, adapted.
    """

    catalog: Catalog
    pipeline: Pipeline
    graph: np.ndarray
    image_encoder: ImageEncoder
    text_encoder: TextEncoder


def prepare(config: Config, run: RunFolder, keep: Keep) -> Experiment:
    """Reads, checks and encodes the catalogue, builds the model, describes the run.

    Args:
        config: the effective config.
        run: claimed; a run that it holds must be of this config and catalogue.
        keep: how encoded features are kept: `pipelines.stored_features` or
            `pipelines.features_in_ram`.

    Raises:
        InputError: anything about the user's input.
    """
    run.check_config(config)
    return make_experiment(read_material(config, run.rejected, keep), config, run)


def read_material(config: Config, rejected: Path, keep: Keep) -> Material:
    """Reads, checks and encodes the catalogue.

    Args:
        config: the effective config.
        rejected: the CSV to write of the rows that cannot be used.
        keep: see `prepare`.

    Raises:
        InputError: anything about the catalogue, the encoders or the objective.
    """
    catalog = read_catalog(config.data)
    catalog.write_rejected(rejected)
    limit = config.data.max_bad_rows.limit(len(catalog) + len(catalog.rejected))
    catalog.check_bad_rows(limit)
    text_encoder = make_text_encoder(config.text_encoder)
    text_encoder.adapt(catalog.texts[catalog.indices("train")])
    image_encoder = make_image_encoder(config.image_encoder)
    graph = class_graph(config, catalog.class_names)
    # Made anew with each experiment; here it says what is wrong before any encoding.
    make_objective(config, graph, catalog.class_names)

    catalog, pipeline = make_pipeline(
        config, catalog, image_encoder, text_encoder, keep
    )
    print(catalog.summary())
    catalog.write_rejected(rejected)
    catalog.check_bad_rows(limit)
    pipeline = dataclasses.replace(pipeline, batch_size=_batch_size(config, catalog))
    _check_fine_tuning("image_encoder", config.image_encoder, image_encoder)
    _check_fine_tuning("text_encoder", config.text_encoder, text_encoder)
    return Material(catalog, pipeline, graph, image_encoder, text_encoder)


def make_experiment(material: Material, config: Config, run: RunFolder) -> Experiment:
    """Builds the model for a run and describes the run in its folder.

    Args:
        material: read with a config that may differ in [objective], [loss],
            [towers], [optimizer] and [training] only, batch_size apart.
        config: the run's.
        run: claimed and checked against `config`.

    Raises:
        InputError: the objective does not fit, or the run was started on another
            catalogue.
    """
    catalog, graph = material.catalog, material.graph
    objective = make_objective(config, graph, catalog.class_names)
    encoders = {
        f"{kind}_encoder": {**encoder.identity, "dim": encoder.dim}
        for kind, encoder in (
            ("image", material.image_encoder),
            ("text", material.text_encoder),
        )
    }
    run.check_catalog(catalog)
    run.check_encoders(encoders, graph)
    run.describe(config, catalog, graph, material.text_encoder.state(), encoders)
    pipeline = dataclasses.replace(material.pipeline, seed=config.training.seed)
    model = build_model(
        config,
        material.image_encoder,
        material.text_encoder,
        objective,
        len(catalog.class_names),
    )
    return Experiment(config, catalog, pipeline, graph, model)


def _check_fine_tuning(
    section: str,
    config: ImageEncoderConfig | TextEncoderConfig,
    encoder: ImageEncoder | TextEncoder,
) -> None:
    """Says how many variables of an encoder will train; stops if none does."""
    if config.fine_tune == "none":
        return
    variables = encoder.trainable_variables
    weights = sum(int(np.prod(variable.shape)) for variable in variables)
    print(f"{section}: {len(variables)} variables will train, {weights:,} weights")
    if not variables:
        raise InputError(
            f"{section}.fine_tune = {config.fine_tune}, but {section}.name = "
            f"{config.name} has no variable that can train; set fine_tune = none"
        )


def _batch_size(config: Config, catalog: Catalog) -> int:
    rows = len(catalog.indices("train"))
    if rows == 0:
        raise InputError(
            f"{config.data.csv}: no row has split 'train'; training needs some"
        )
    if config.training.batch_size > rows:
        print(
            f"batch_size {config.training.batch_size} is lowered to the {rows} "
            "training rows"
        )
    return min(config.training.batch_size, rows)
