"""From a config to an encoded catalogue, which may serve several experiments."""

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from huse_tf.catalog import SPLITS, Catalog, read_catalog
from huse_tf.catalog.groups import linked, numbered
from huse_tf.config import Config, ImageEncoderConfig, TextEncoderConfig
from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.encoders.images.factory import make_image_encoder
from huse_tf.encoders.texts.factory import (
    adapted_text_encoder,
    class_texts,
    encode_class_names,
    restored_text_encoder,
)
from huse_tf.encoders.texts.unread import check_class_names, check_texts
from huse_tf.errors import InputError
from huse_tf.features.encode import Stores, encode_images, encode_texts
from huse_tf.features.keys import text_ids
from huse_tf.features.reading import Features
from huse_tf.metrics.registry import metric
from huse_tf.objectives import Objective, make_objective
from huse_tf.presence import Present
from huse_tf.run import pipelines
from huse_tf.run.pipelines import Fetch, Pipeline
from huse_tf.run.together import ALONE, Alone
from huse_tf.semantic_graph import graph_from_embeddings, graph_from_tree, read_graph

Keep = Callable[[Features], Fetch]

_WORDED = {"image": "a picture", "text": "a text", "both": "both picture and text"}


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


def read_material(
    config: Config,
    rejected: Path,
    keep: Keep,
    together: Alone = ALONE,
    text_state: dict[str, np.ndarray] | None = None,
    check: Callable[[ImageEncoder, TextEncoder], None] | None = None,
) -> Material:
    """Reads, checks and encodes the catalogue.

    Args:
        config: the effective config.
        rejected: the CSV to write of the rows that cannot be used.
        keep: see `prepare`.
        together: whom the encoding is shared with; the leading one alone writes.
        text_state: what the text encoder learned before; None lets it learn from the
            training texts.
        check: takes the encoders before anything is encoded, and raises InputError
            where they will not do.

    Raises:
        InputError: anything about the catalogue, the encoders or the objective.
    """
    catalog = read_catalog(config.data)
    config = config.settled(catalog.separator)
    if together.leads:
        catalog.write_rejected(rejected)
    limit = config.data.max_bad_rows.limit(len(catalog) + len(catalog.rejected))
    catalog.check_bad_rows(limit)
    with together.scope(texts_train_along(config)):
        if text_state is None:
            learned_from = catalog.texts[catalog.indices("train")]
            text_encoder = adapted_text_encoder(config.text_encoder, learned_from)
        else:
            text_encoder = restored_text_encoder(config.text_encoder, text_state)
    with together.scope(images_train_along(config)):
        image_encoder = make_image_encoder(config.image_encoder)
    if check is not None:
        check(image_encoder, text_encoder)
    graph = class_graph(config, catalog.class_names)
    # Made anew with each experiment; here it says what is wrong before any encoding.
    objective = make_objective(config, graph, catalog.class_names)
    check_terms(config, objective, catalog)
    check_best_metric(config, catalog)

    catalog, pipeline = make_pipeline(
        config, catalog, image_encoder, text_encoder, keep, together
    )
    print(catalog.summary())
    if together.leads:
        catalog.write_rejected(rejected)
    catalog.check_bad_rows(limit)
    pipeline = dataclasses.replace(pipeline, batch_size=_batch_size(config, catalog))
    _check_fine_tuning("image_encoder", config.image_encoder, image_encoder)
    _check_fine_tuning("text_encoder", config.text_encoder, text_encoder)
    return Material(catalog, pipeline, graph, image_encoder, text_encoder)


def make_pipeline(
    config: Config,
    catalog: Catalog,
    image_encoder: ImageEncoder,
    text_encoder: TextEncoder,
    keep: Keep,
    together: Alone = ALONE,
    stores: Stores | None = None,
) -> tuple[Catalog, Pipeline]:
    """Encodes a catalogue, or makes it ready to be encoded batch by batch.

    Args:
        config: the effective config.
        catalog: what to encode.
        image_encoder: frozen, or to train along.
        text_encoder: likewise, adapted.
        keep: see `prepare`.
        together: who encodes, where several processes train.
        stores: of these encoders, where they are open already.

    Returns:
        The catalogue without the products whose pictures cannot be decoded, and its
        batches.

    Raises:
        InputError: features cannot be kept, or too many texts cannot be read.
    """
    along = images_train_along(config)
    if along:
        failed = pipelines.undecodable(catalog, image_encoder)
    else:
        encode = functools.partial(
            encode_images, image_encoder, catalog, config.features
        )
        if stores is not None:
            encode = functools.partial(stores.images.features, catalog.images)
        features = together.encoded(encode)
        failed = features.failed
    kept = np.setdiff1d(np.arange(len(catalog)), list(failed))
    catalog = catalog.without(failed)
    if along:
        seed = config.training.seed
        image = pipelines.pictures(catalog, image_encoder, config.image_encoder, seed)
    else:
        image = keep(features.select(kept))
    texts, rows = catalog.texts, catalog.rows
    if texts_train_along(config):
        unread = check_texts(config.text_encoder, text_encoder, texts, rows)
        text = pipelines.tokens(texts, text_encoder)
    else:
        encode = functools.partial(encode_texts, text_encoder, texts, config.features)
        if stores is not None:
            encode = functools.partial(stores.texts.features, texts)
        features = together.encoded(encode)
        unread = check_texts(
            config.text_encoder, text_encoder, texts, rows, features.chunks()
        )
        text = keep(features)
    if unread:
        print(unread)
    return catalog, Pipeline(
        image=image,
        text=text,
        labels=catalog.labels,
        text_ids=_text_ids(catalog),
        split={name: catalog.indices(name) for name in SPLITS},
        batch_size=config.training.batch_size,
        seed=config.training.seed,
        present=_present(catalog),
        products=catalog.products if catalog.has_several else None,
    )


def _text_ids(catalog: Catalog) -> np.ndarray:
    """Numbers texts; pictures of one product have one number, whatever their texts."""
    ids = text_ids(catalog.texts)
    if not catalog.has_several:
        return ids
    texts = np.where(catalog.has_text, numbered(catalog.texts), -1)
    return ids[linked(texts, catalog.products)]


def check_terms(config: Config, objective: Objective, catalog: Catalog) -> None:
    """Raises InputError where products lack a modality and an objective needs both."""
    alone = np.flatnonzero(~(catalog.has_image & catalog.has_text))
    if len(alone) and not objective.takes_missing:
        raise InputError(
            f"objective.name = {config.objective.name}: its `terms` need the picture "
            f"and the text of every product, and {len(alone):,} products lack one "
            f"(first: row {catalog.rows[alone[0]]}); give `terms` an argument "
            "`present`, which says of each product what it has, or set "
            "data.allow_missing = no"
        )


def check_best_metric(config: Config, catalog: Catalog) -> None:
    """Raises InputError where no validation row has what best_metric is about."""
    rows, name = catalog.indices("validation"), config.training.best_metric
    present = Present(catalog.has_image, catalog.has_text).of(rows)
    for what, worded in _WORDED.items():
        if (
            len(rows)
            and what in metric(name).needs
            and not getattr(present, what).any()
        ):
            other = "image" if present.image.any() else "text"
            raise InputError(
                f"training.best_metric = {name}: none of the {len(rows):,} validation "
                f"rows has {worded}; choose another, such as {other}_to_{other}_R@1 or "
                "loss"
            )


def _present(catalog: Catalog) -> Present | None:
    present = Present(catalog.has_image, catalog.has_text)
    return None if present.both.all() else present


def class_graph(
    config: Config,
    class_names: tuple[str, ...],
    warn: Callable[[str], None] = print,
) -> np.ndarray:
    """Builds A as class_encoder.graph says.

    Args:
        config: the effective config.
        class_names: K paths.
        warn: takes the line about names that the encoder cannot read, if any.

    Returns:
        float32 [K, K] in [0, 2].

    Raises:
        InputError: the encoder, tree or file does not fit the classes, or the encoder
            cannot read more of their names than class_encoder.max_unreadable.
    """
    graph, separator = config.class_encoder.graph, config.data.class_separator
    if graph == "tree":
        return graph_from_tree(class_names, separator)
    if graph != "names":
        return read_graph(graph, class_names)
    texts = class_texts(class_names, separator)
    encoder = adapted_text_encoder(config.class_encoder, texts, "class_encoder")
    features = encode_class_names(encoder, class_names, separator)
    unread = check_class_names(config.class_encoder, class_names, separator, features)
    if unread:
        warn(unread)
    return graph_from_embeddings(features, class_names)


def images_train_along(config: Config) -> bool:
    """Says whether pictures go through the model instead of stored features."""
    return config.image_encoder.fine_tune != "none" or config.image_encoder.augment


def texts_train_along(config: Config) -> bool:
    """Says whether texts go through the model instead of stored features."""
    return config.text_encoder.fine_tune != "none"


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
