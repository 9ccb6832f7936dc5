"""All suspects of a trained run's catalogue."""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from huse_tf.catalog import Catalog
from huse_tf.progress import Progress
from huse_tf.run.material import images_train_along
from huse_tf.run.pipelines import NOT_TRAINING, Pipeline
from huse_tf.run.products import product_vectors
from huse_tf.run.restore import TrainedRun
from huse_tf.suspects.apart import far_apart, gaps
from huse_tf.suspects.duplicates import Describe, across_splits
from huse_tf.suspects.labels import Points, contradicted, drawn
from huse_tf.suspects.suspect import (
    Suspect,
    beside,
    counts,
    in_order,
    write_suspects,
)

CHUNK = 4096  # products that ask for their neighbours at a time
POOL_BAR, BAR = "Embedding products", "Looking for wrong rows"


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
    labels, split = catalog.labels[first], catalog.split[first]
    members = drawn(len(first))
    held = _joined(_embedded(trained, pipeline, first, members, POOL_BAR))
    pool = held.judged()
    of_products: list[Suspect] = []
    distances = np.empty(len(first), np.float32)
    for points in _asked(trained, pipeline, first, held):
        distances[points.places] = gaps(points.image, points.text)
        of_products += contradicted(points, pool, labels, catalog.class_names)
    of_products += far_apart(distances, split)
    suspects = [
        dataclasses.replace(one, position=int(first[one.position]))
        for one in of_products
    ]
    suspects += across_splits(catalog, _describing(trained, pipeline))
    return in_order(suspects)


def _asked(
    trained: TrainedRun, pipeline: Pipeline, first: np.ndarray, held: Points
) -> Iterator[Points]:
    """Yields all products, some thousands at a time; `held` is all where it can be.

    Only its vectors are held, however many products there are.
    """
    if len(held.places) == len(first):
        with Progress(len(first), BAR, unit="products") as bar:
            for start in range(0, len(first), CHUNK):
                part = Points(*(values[start : start + CHUNK] for values in held))
                yield part
                bar.update(len(part.places))
        return
    parts: list[Points] = []
    for points in _embedded(trained, pipeline, first, np.arange(len(first)), BAR):
        parts.append(points)
        if sum(len(part.places) for part in parts) >= CHUNK:
            yield _joined(parts)
            parts = []
    if parts:
        yield _joined(parts)


def _embedded(
    trained: TrainedRun,
    pipeline: Pipeline,
    first: np.ndarray,
    places: np.ndarray,
    label: str,
) -> Iterator[Points]:
    """Yields products where they lie, batch by batch."""
    done = 0
    for found in product_vectors(trained, pipeline, first[places], label):
        theirs = places[done : done + len(found.positions)]
        done += len(theirs)
        yield Points(theirs, found.image, found.text)


def _joined(parts: Iterable[Points]) -> Points:
    return Points(*map(np.concatenate, zip(*parts, strict=True)))


def _describing(trained: TrainedRun, pipeline: Pipeline) -> Describe | None:
    """Returns what reads the image encoder's features; None where it trains along."""
    if images_train_along(trained.config):
        return None
    step = tf.constant(NOT_TRAINING, tf.int64)
    return lambda rows: pipeline.image(tf.constant(rows, tf.int64), step).numpy()
