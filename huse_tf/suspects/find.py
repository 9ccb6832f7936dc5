"""All suspects of a trained run's catalogue."""

import dataclasses
from pathlib import Path

import numpy as np
import tensorflow as tf

from huse_tf.catalog import Catalog
from huse_tf.run.material import images_train_along
from huse_tf.run.pipelines import NOT_TRAINING, Pipeline
from huse_tf.run.products import product_vectors
from huse_tf.run.restore import TrainedRun
from huse_tf.suspects.apart import far_apart
from huse_tf.suspects.duplicates import Describe, across_splits
from huse_tf.suspects.labels import contradicted
from huse_tf.suspects.suspect import (
    Suspect,
    beside,
    counts,
    in_order,
    write_suspects,
)


def write_beside(
    report: Path, trained: TrainedRun, catalog: Catalog, pipeline: Pipeline
) -> list[Suspect]:
    """Finds the suspects and writes their table beside a report.

    Args:
        report: the file of the report.
        trained: the run.
        catalog: with the run's class names.
        pipeline: of the catalogue.

    Returns:
        As `find_suspects`; none where the run's evaluation.suspects says no.
    """
    if not trained.config.evaluation.suspects:
        return []
    suspects = find_suspects(trained, catalog, pipeline)
    path = beside(report)
    write_suspects(path, suspects, catalog)
    print(f"{path}: {counts([one.kind for one in suspects])}")
    return suspects


def find_suspects(
    trained: TrainedRun, catalog: Catalog, pipeline: Pipeline
) -> list[Suspect]:
    """Embeds a catalogue and looks for rows that are wrong, or in two splits.

    Args:
        trained: the run.
        catalog: with the run's class names.
        pipeline: of the catalogue.

    Returns:
        As `in_order` sorts them; positions are rows of the catalogue.
    """
    first = catalog.first_rows
    found = list(product_vectors(trained, pipeline, first, "Looking for wrong rows"))
    image = np.concatenate([vectors.image for vectors in found])
    text = np.concatenate([vectors.text for vectors in found])
    of_products = [
        *contradicted(image, text, catalog.labels[first], catalog.class_names),
        *far_apart(image, text, catalog.split[first]),
    ]
    suspects = [
        dataclasses.replace(one, position=int(first[one.position]))
        for one in of_products
    ]
    suspects += across_splits(catalog, _describing(trained, pipeline))
    return in_order(suspects)


def _describing(trained: TrainedRun, pipeline: Pipeline) -> Describe | None:
    """Returns what reads the image encoder's features; None where it trains along."""
    if images_train_along(trained.config):
        return None
    step = tf.constant(NOT_TRAINING, tf.int64)
    return lambda rows: pipeline.image(tf.constant(rows, tf.int64), step).numpy()
