"""Evaluation of a trained run on a split of its catalogue, or on another CSV."""

import dataclasses
from pathlib import Path

import numpy as np

from huse_tf.catalog import Catalog, read_catalog
from huse_tf.errors import InputError
from huse_tf.reports.answers import gather
from huse_tf.reports.report import write_report
from huse_tf.run import changes
from huse_tf.run.material import make_pipeline
from huse_tf.run.pipelines import stored_features
from huse_tf.run.restore import TrainedRun
from huse_tf.run.scoring import Scorer
from huse_tf.suspects.find import write_beside


def evaluate_split(
    trained: TrainedRun, split: str, report: Path | None = None
) -> tuple[dict, dict]:
    """Computes the metrics of a split of the catalogue that a run was trained on.

    Args:
        trained: the run.
        split: train, validation or test.
        report: where to draw a report of these rows, if at all.

    Returns:
        metrics: name -> value.
        meta: split, fusion_weight and the catalogue's fingerprint.

    Raises:
        InputError: the catalogue cannot be read, is not the run's any more, or has
            no row of that split.
    """
    config = trained.config
    catalog = read_catalog(config.data)
    return _evaluate(trained, catalog, split, report)


def evaluate_csv(
    trained: TrainedRun, csv: Path, images: Path, report: Path | None = None
) -> tuple[dict, dict]:
    """Computes the metrics of all rows of another CSV.

    Args:
        trained: the run; rows of classes that it does not know are rejected.
        csv: columns as in a catalogue; a split column is not read.
        images: the folder of its pictures.
        report: where to draw a report of these rows, if at all.

    Returns:
        As `evaluate_split`.

    Raises:
        InputError: the CSV cannot be read, or no row is of a class that the run knows.
    """
    data = dataclasses.replace(
        trained.config.data,
        csv=csv,
        images=images,
        min_class_size=1,
        validation_fraction=0.0,
        test_fraction=0.0,
    )
    catalog = _known_classes(read_catalog(data), trained.class_names)
    return _evaluate(trained, catalog, "test", report)


def _evaluate(
    trained: TrainedRun, catalog: Catalog, split: str, report: Path | None
) -> tuple[dict, dict]:
    config = trained.config
    catalog, pipeline = make_pipeline(
        config, catalog, trained.image_encoder, trained.text_encoder, stored_features
    )
    print(catalog.summary())
    if catalog.csv == config.data.csv:
        changes.check_catalog(trained.run, catalog)
    if not len(pipeline.split[split]):
        raise InputError(f"{catalog.csv}: no row has split '{split}'")
    scorer = Scorer(trained.model, config, catalog, trained.text_encoder)
    weight = trained.fusion_weight
    metrics = scorer.metrics(pipeline, split, weight, progress=True)
    meta = {
        "split": split,
        "csv": str(catalog.csv),
        "fusion_weight": weight,
        "catalog": catalog.fingerprint,
    }
    if report:
        found = write_beside(report, trained, catalog, pipeline)
        run = trained.run
        answers = gather(run, config, catalog, pipeline, scorer, metrics, meta, found)
        write_report(report, answers)
    return metrics, meta


def _known_classes(catalog: Catalog, class_names: tuple[str, ...]) -> Catalog:
    """Numbers the classes as the run does; all rows become the test split."""
    number = {name: i for i, name in enumerate(class_names)}
    unknown = {
        i: "class is not one of the run's"
        for i, label in enumerate(catalog.labels)
        if catalog.class_names[label] not in number
    }
    catalog = catalog.without(unknown)
    if not len(catalog):
        raise InputError(
            f"{catalog.csv}: no row is of a class that the run was trained on, such as "
            f"'{class_names[0]}'"
        )
    labels = [number[catalog.class_names[label]] for label in catalog.labels]
    return dataclasses.replace(
        catalog,
        labels=np.array(labels, np.int32),
        class_names=class_names,
        split=np.full(len(catalog), "test", object),
    )
