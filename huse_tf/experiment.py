"""From a config to what is trained, and from a run folder back to it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from huse_tf import pipelines
from huse_tf.catalog import SPLITS, Catalog
from huse_tf.checkpoints import Checkpoints
from huse_tf.config import Config, load_config
from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.encoders.images import make_image_encoder
from huse_tf.encoders.texts import (
    class_texts,
    encode_class_names,
    make_text_encoder,
)
from huse_tf.errors import InputError
from huse_tf.features import Features, encode_images, encode_texts
from huse_tf.model import HuseModel, embedding_network
from huse_tf.objectives import Objective, make_objective
from huse_tf.pipelines import Fetch, Pipeline
from huse_tf.run_folder import RunFolder, require_run
from huse_tf.semantic_graph import graph_from_embeddings, graph_from_tree, read_graph

Keep = Callable[[Features], Fetch]


@dataclass(frozen=True)
class Experiment:
    """A catalogue made ready for training.

    Attributes:
        config: the effective config.
        catalog: without the rows that were rejected.
        pipeline: its batches.
        graph: float32 [K, K], A.
        model: untrained.
    """

    config: Config
    catalog: Catalog
    pipeline: Pipeline
    graph: np.ndarray
    model: HuseModel


@dataclass(frozen=True)
class TrainedRun:
    """A trained run, read back from its folder.

    Attributes:
        run: the folder.
        config: as the run was trained with.
        class_names: [K] in label order.
        image_encoder: from picture files to image features.
        text_encoder: from strings to text features.
        model: with the best weights by validation.
        evaluation: what evaluation.json holds, empty before the end of training.
    """

    run: RunFolder
    config: Config
    class_names: tuple[str, ...]
    image_encoder: ImageEncoder
    text_encoder: TextEncoder
    model: HuseModel
    evaluation: dict

    @property
    def fusion_weight(self) -> float:
        """The image's weight in a fused answer, as chosen at the end of training."""
        return float(self.evaluation.get("meta", {}).get("fusion_weight", 0.5))


def images_train_along(config: Config) -> bool:
    """Says whether pictures go through the model instead of stored features."""
    return config.image_encoder.fine_tune != "none" or config.image_encoder.augment


def texts_train_along(config: Config) -> bool:
    """Says whether texts go through the model instead of stored features."""
    return config.text_encoder.fine_tune != "none"


def class_graph(config: Config, class_names: tuple[str, ...]) -> np.ndarray:
    """Builds A as class_encoder.graph says.

    Returns:
        float32 [K, K] in [0, 2].
    """
    graph, separator = config.class_encoder.graph, config.data.class_separator
    if graph == "tree":
        return graph_from_tree(class_names, separator)
    if graph != "names":
        return read_graph(graph, class_names)
    encoder = make_text_encoder(config.class_encoder)
    encoder.adapt(class_texts(class_names, separator))
    return graph_from_embeddings(
        encode_class_names(encoder, class_names, separator), class_names
    )


def make_pipeline(
    config: Config,
    catalog: Catalog,
    image_encoder: ImageEncoder,
    text_encoder: TextEncoder,
    keep: Keep,
) -> tuple[Catalog, Pipeline]:
    """Encodes a catalogue, or makes it ready to be encoded batch by batch.

    Returns:
        The catalogue without the products whose pictures cannot be decoded, and its
        batches.
    """
    along = images_train_along(config)
    if along:
        failed = pipelines.undecodable(catalog, image_encoder)
    else:
        features = encode_images(image_encoder, catalog, config.features)
        failed = features.failed
    kept = np.setdiff1d(np.arange(len(catalog)), list(failed))
    catalog = catalog.without(failed)
    if along:
        seed = config.training.seed
        image = pipelines.pictures(catalog, image_encoder, config.image_encoder, seed)
    else:
        image = keep(features.select(kept))
    if texts_train_along(config):
        text = pipelines.tokens(catalog.texts, text_encoder)
    else:
        text = keep(encode_texts(text_encoder, catalog.texts, config.features))
    return catalog, Pipeline(
        image=image,
        text=text,
        labels=catalog.labels,
        split={name: catalog.indices(name) for name in SPLITS},
        batch_size=config.training.batch_size,
        seed=config.training.seed,
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
        config.towers,
        config.loss.logit_scale,
        config.training.seed,
        config.training.precision,
        objective.classifier,
    )
    return HuseModel(
        network,
        objective,
        image_encoder if images_train_along(config) else None,
        text_encoder if texts_train_along(config) else None,
    )


def restore_run(path: str | Path) -> TrainedRun:
    """Reads a trained run back, without its catalogue.

    Raises:
        InputError: the folder holds no trained run, or its checkpoints are damaged.
    """
    run = require_run(path)
    config = load_config(run.config)
    class_names = run.read_classes()
    image_encoder = make_image_encoder(config.image_encoder)
    text_encoder = make_text_encoder(config.text_encoder)
    text_encoder.restore(run.read_text_state())
    objective = make_objective(config, read_graph(run.graph, class_names), class_names)
    model = build_model(
        config, image_encoder, text_encoder, objective, len(class_names)
    )
    if best_weights(run).restore({"model": model_values(model)}) is None:
        raise InputError(
            f"--run_dir {path}: the run has not been validated yet, so it has no best "
            "weights; let it train to training.validate_epochs"
        )
    return TrainedRun(
        run,
        config,
        class_names,
        image_encoder,
        text_encoder,
        model,
        run.read_evaluation(),
    )


def best_weights(run: RunFolder) -> Checkpoints:
    """The checkpoint of the best model by validation."""
    return Checkpoints(run.best, keep=1)


def model_values(model: HuseModel) -> list:
    """All TensorFlow variables of the model, dropout seeds included."""
    return [variable.value for variable in model.variables]
