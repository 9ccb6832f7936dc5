"""A whole run: prepare, train, evaluate, export."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from huse_tf.config import Config
from huse_tf.errors import InputError, first_line
from huse_tf.evaluation import write_evaluation
from huse_tf.metrics.table import format_table
from huse_tf.reports.answers import gather
from huse_tf.reports.report import write_report
from huse_tf.run.build import Experiment, prepare
from huse_tf.run.folder import RunFolder
from huse_tf.run.material import Keep, images_train_along, texts_train_along
from huse_tf.run.pipelines import features_in_ram
from huse_tf.run.restore import TrainedRun, restore_run
from huse_tf.serving.export import export_run, published_before
from huse_tf.suspects.find import write_beside
from huse_tf.training.distribution import distribute
from huse_tf.training.trainer import Trainer


def fit(
    config: Config,
    run_dir: str | Path,
    keep: Keep,
    accept_changes: bool = False,
    start_from: Path | None = None,
) -> None:
    """Trains in a run folder, or goes on there, evaluates and exports.

    Args:
        config: the effective config.
        run_dir: the run's folder.
        keep: `pipelines.stored_features` or `pipelines.features_in_ram`.
        accept_changes: whether to go on with a run of other data or settings.
        start_from: the folder of a trained run whose towers a new run begins with.

    Raises:
        InputError: the user's input is wrong.
        Interrupted: a signal came; the same call goes on.
    """
    if keep is features_in_ram:
        check_encoders_are_frozen(config, "large_ram_train.py")
    settings = config.training
    together = distribute(
        settings.distribute, settings.batch_size, settings.deterministic
    )
    print(config.brief() + "\n")
    run = RunFolder(run_dir, accept_changes)
    if together.leads:
        run.claim()
    experiment = prepare(config, run, keep, together, start_from)
    if together.leads:
        for line in what_follows(config, experiment.pipeline.split):
            print(line)
    trainer = Trainer(experiment, run, together)
    ended = run.is_ended(trainer.state["step"], config.export.at_end)
    if together.told(trainer.finished and ended):
        extend = f"more epochs (training.epochs = {2 * config.training.epochs})"
        if trainer.state["stopped_early"]:
            extend = "a larger training.early_stopping_epochs, or 0"
        print(
            f"{run.path} holds a finished run of {trainer.state['step']:,} steps: "
            f"extend it with {extend}{_for_new_rows(trainer)}, or train another in "
            "another folder"
        )
        return
    if together.leads:
        _to_the_end(experiment, trainer, run)
    elif not trainer.finished:
        trainer.train()
    together.part()


def _to_the_end(experiment: Experiment, trainer: Trainer, run: RunFolder) -> None:
    """Trains, evaluates, exports and reports."""
    config = experiment.config
    split = evaluated_split(experiment.pipeline.split)
    metrics, meta = train_and_evaluate(experiment, trainer, split)
    if metrics:
        print(
            f"\n{split} rows, weights of epoch {meta['epoch']}\n"
            f"{format_table(metrics)}\n"
        )
    with run.writing(run.evaluation_file):
        write_evaluation(run.evaluation_file, metrics, meta)
    # what its config names has just been trained
    trained = restore_run(run.path, allow_code=True)
    if config.export.at_end:
        before = published_before(trained, run.export_folder)
        if before:
            print(f"{before} holds this very model already")
        else:
            print(f"exported {export_run(trained, run.export_folder)}")
    _draw_report(experiment, trainer, trained, metrics, meta)
    run.end(trainer.state["step"], config.export.at_end)
    if trainer.why_stopped_early:
        print(trainer.why_stopped_early)


def train_and_evaluate(
    experiment: Experiment, trainer: Trainer, split: str | None
) -> tuple[dict[str, float], dict[str, object]]:
    """Trains to the end, wherever the run stands, and evaluates the best weights.

    Args:
        experiment: the trainer's.
        trainer: as built.
        split: whose rows are evaluated; None where the catalogue has none for it.

    Returns:
        metrics: name -> value; empty where `split` is None.
        meta: split, fusion_weight, epoch, step and the catalogue's fingerprint.

    Raises:
        InputError: the loss is not finite.
        Interrupted: a signal came; everything is saved.
    """
    if trainer.state["step"]:
        print(f"going on after step {trainer.state['step']:,}")
    if not trainer.finished:
        trainer.train()
    best = trainer.restore_best()
    weight = trainer.scorer.fusion_weight(experiment.pipeline)
    metrics = {}
    if split is not None:
        metrics = trainer.scorer.metrics(experiment.pipeline, split, weight)
    return metrics, {
        "split": split,
        "fusion_weight": weight,
        "epoch": best["epoch"],
        "step": best["step"],
        "catalog": experiment.catalog.fingerprint,
    }


def evaluated_split(rows: Mapping[str, np.ndarray]) -> str | None:
    """Returns the split that a training evaluates at its end, None where it has none.

    Args:
        rows: positions by the name of the split.
    """
    return next((name for name in ("test", "validation") if len(rows[name])), None)


def what_follows(config: Config, rows: Mapping[str, np.ndarray]) -> list[str]:
    """Says what follows where a split has no rows, a line each.

    Args:
        config: of the run.
        rows: positions by the name of the split.
    """
    lines = []
    if not len(rows["validation"]):
        kept = "the last weights are kept, whatever training.best_metric says"
        if config.training.early_stopping_epochs:
            kept += ", and training.early_stopping_epochs stops nothing"
        lines.append(f"no validation rows: {kept}")
    split = evaluated_split(rows)
    if split == "validation":
        lines.append(
            "no test rows: the validation rows are evaluated at the end, by which the "
            "weights were chosen, so that the figures flatter"
        )
    elif split is None:
        lines.append(
            "nor test rows: nothing is measured and no report is drawn; evaluate.py "
            "takes other rows by `csv` and `images`"
        )
    return lines


def _for_new_rows(trainer: Trainer) -> str:
    return " to train on the rows of today" if trainer.has_new_rows else ""


def _draw_report(
    experiment: Experiment,
    trainer: Trainer,
    trained: TrainedRun,
    metrics: dict,
    meta: dict,
) -> None:
    """Draws report.html and finds suspects; what goes wrong does not fail the run."""
    run = trained.run
    try:
        suspects = write_beside(
            run.report_file, trained, experiment.catalog, experiment.pipeline
        )
        if not metrics:
            return
        answers = gather(
            run,
            experiment.config,
            experiment.catalog,
            experiment.pipeline,
            trainer.scorer,
            metrics,
            meta,
            suspects,
        )
        write_report(run.report_file, answers)
        print(f"report: {run.report_file}")
    except Exception as error:
        print(
            "the run is whole, but its report could not be drawn "
            f"({first_line(error)}); evaluating {run.path} with a report tries again"
        )


def check_encoders_are_frozen(config: Config, command: str) -> None:
    """Raises InputError where encoders train along: `command` holds features."""
    if images_train_along(config) or texts_train_along(config):
        raise InputError(
            f"{command} holds features, which fine_tune and augment change at "
            "every step: use train.py, or set fine_tune = none and augment = no"
        )
