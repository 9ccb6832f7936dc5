"""Which epoch is the best so far, and when to wait no longer for a better one.

Of two validations the one with the better training.best_metric is better; of two that
are equal in it, the one with the lower loss.
"""

from collections.abc import Mapping
from typing import Any

from huse_tf.config import TrainingConfig
from huse_tf.errors import InputError
from huse_tf.metrics.registry import is_better, metric
from huse_tf.metrics.words import AT_LEAST
from huse_tf.run.pipelines import Pipeline
from huse_tf.run.scoring import Scorer

# What a checkpoint's state says of it before any validation, or in another world.
NONE_YET = {"best": None, "best_loss": None, "best_epoch": 0, "stopped_early": False}


def check_best_metric(name: str, scorer: Scorer, pipeline: Pipeline) -> None:
    """Raises InputError where the validation rows cannot have a metric."""
    rows = len(pipeline.split["validation"])
    if not rows or "words" not in metric(name).needs:
        return
    if not scorer.queries(pipeline, "validation"):
        raise InputError(
            f"training.best_metric = {name}: the {rows:,} validation rows answer no "
            "query of a word and a class (a word in the titles of at least "
            f"{AT_LEAST} and at most half of a class's rows); choose another, such as "
            "balanced_retrieval"
        )


def is_best(name: str, metrics: Mapping[str, float], state: Mapping[str, Any]) -> bool:
    """Says whether a validation is better than the best one so far.

    Args:
        name: of the metric that chooses.
        metrics: of the validation, with "loss".
        state: "best" and "best_loss", None before the first validation; the loss is
            unknown in runs of versions that did not compare it.
    """
    value, best = metrics[name], state["best"]
    if best is None:
        return True
    if value == best:
        loss = state["best_loss"]
        return loss is not None and is_better("loss", metrics["loss"], loss)
    return is_better(name, value, best)


def line(epoch: int, name: str, metrics: Mapping[str, float], is_best: bool) -> str:
    """Says on one line how a validation went: the loss, what chooses, an accuracy."""
    shown = [n for n in ("loss", "fusion_accuracy", name) if n in metrics]
    values = ", ".join(f"{n} {metrics[n]:.4f}" for n in dict.fromkeys(shown))
    return f"epoch {epoch}: validation {values}" + (" (best)" if is_best else "")


def is_due(
    config: TrainingConfig,
    state: Mapping[str, Any],
    pipeline: Pipeline,
    last_step: int,
) -> bool:
    """Says whether it is time to validate: at the end, and every validate_epochs."""
    step = state["step"]
    if step == 0 or state["validated"] == step:
        return False
    if step >= last_step:
        return True
    return (
        len(pipeline.split["validation"]) > 0
        and pipeline.ends_epoch(step)
        and not pipeline.epoch(step) % config.validate_epochs
    )


def has_waited(config: TrainingConfig, state: Mapping[str, Any], epoch: int) -> bool:
    """Says whether early_stopping_epochs have gone by since the best epoch."""
    patience = config.early_stopping_epochs
    return 0 < patience <= epoch - state["best_epoch"]


def why_stopped(config: TrainingConfig, state: Mapping[str, Any], epoch: int) -> str:
    """Says why a run stopped early, and how it goes on.

    Args:
        config: of the run.
        state: of its end.
        epoch: at which it ended.
    """
    name, patience = config.best_metric, config.early_stopping_epochs
    tied = "" if name == "loss" else ", nor one as good with a lower loss,"
    return (
        f"stopped early, after epoch {epoch:,} of {config.epochs:,}: no better {name} "
        f"than {state['best']:.4f} of epoch {state['best_epoch']:,}{tied} in "
        f"{patience:,} epochs; the same command goes on with "
        "training.early_stopping_epochs = 0, or a larger one"
    )
