"""From a config to an untrained experiment."""

import dataclasses
import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from huse_tf.catalog import Catalog
from huse_tf.config import Config, keys_of
from huse_tf.encoders.base import TextEncoder
from huse_tf.model import HuseModel
from huse_tf.objectives import make_objective
from huse_tf.run import changes, starting
from huse_tf.run.folder import RunFolder
from huse_tf.run.material import (
    Keep,
    Material,
    check_best_metric,
    check_terms,
    read_material,
)
from huse_tf.run.network import build_model
from huse_tf.run.pipelines import Pipeline
from huse_tf.run.restore import TrainedRun
from huse_tf.run.together import ALONE, Alone


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
    config: Config,
    run: RunFolder,
    keep: Keep,
    together: Alone = ALONE,
    start_from: Path | None = None,
) -> Experiment:
    """Reads, checks and encodes the catalogue, builds the model, describes the run.

    Args:
        config: the effective config.
        run: claimed; a run that it holds must be of this config and catalogue, but for
            rows that came and went.
        keep: how encoded features are kept: `pipelines.stored_features` or
            `pipelines.features_in_ram`.
        together: whom the run is trained with.
        start_from: the folder of a trained run whose towers a new run begins with.

    Raises:
        InputError: anything about the user's input.
    """
    if together.leads:
        changes.check_config(run, config)
    start = starting.open_start(run, start_from, config)
    check = functools.partial(starting.check_encoders, start) if start else None
    state = _text_state(run, config)
    if state is None and start is not None:
        state = _text_state(start.run, config)
    material = read_material(config, run.rejected_file, keep, together, state, check)
    return make_experiment(material, config, run, together, grows=True, start=start)


def _text_state(run: RunFolder, config: Config) -> dict[str, np.ndarray] | None:
    """Returns what a run's text encoder learned, if it is the one that is asked for.

    New products of a run bring new words; its towers know the features of the old ones.
    """
    if not (run.config_file.exists() and run.text_encoder_file.exists()):
        return None
    same = run.load_config().text_encoder == config.text_encoder
    return run.read_text_state() if same else None


def make_experiment(
    material: Material,
    config: Config,
    run: RunFolder,
    together: Alone = ALONE,
    grows: bool = False,
    start: TrainedRun | None = None,
) -> Experiment:
    """Builds the model for a run and describes the run in its folder.

    Args:
        material: read with a config that may differ in [objective], [loss],
            [towers], [optimizer] and [training] only, batch_size apart.
        config: the run's.
        run: claimed and checked against `config`.
        together: whom the run is trained with; the leading one writes, and all others
            compare what they read with what it has written.
        grows: whether a run goes on where rows of its classes came and went.
        start: the run whose towers the model begins with; None for none.

    Raises:
        InputError: the objective does not fit, or the run was started on another
            catalogue.
    """
    catalog, graph = material.catalog, material.graph
    config = config.settled(catalog.separator)
    with together.scope():
        objective = make_objective(config, graph, catalog.class_names)
    check_terms(config, objective, catalog)
    check_best_metric(config, catalog)
    encoders = changes.encoder_facts(material.image_encoder, material.text_encoder)
    with together.scope():
        model = build_model(
            config,
            material.image_encoder,
            material.text_encoder,
            objective,
            len(catalog.class_names),
        )
    started = None if start is None else starting.take_over(start, catalog, model)
    with together.in_turn():
        if not together.leads:
            changes.check_config(run, config)
        changes.check_catalog(run, catalog, grows)
        changes.check_encoders(run, encoders, graph)
        keys_before = keys_of(run.config_file) if run.config_file.exists() else ()
        if together.leads:
            if started is not None:
                run.start_from(started)
            changes.describe(
                run, config, catalog, graph, material.text_encoder.state(), encoders
            )
    pipeline = dataclasses.replace(material.pipeline, seed=config.training.seed)
    return Experiment(
        config,
        catalog,
        pipeline,
        graph,
        model,
        material.text_encoder,
        keys_before,
    )
