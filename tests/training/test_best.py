"""Which validation is the best, and when nobody waits for a better one."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from huse_tf.config import TrainingConfig
from huse_tf.errors import InputError
from huse_tf.training import best

METRIC = "image_to_text_R@1"


def state(value, loss, epoch=10):
    return {"best": value, "best_loss": loss, "best_epoch": epoch}


@pytest.mark.parametrize(
    ("value", "loss", "is_best"),
    [
        (0.6, 9.0, True),  # the metric decides, whatever the loss
        (0.4, 0.1, False),
        (0.5, 1.9, True),  # as good: the lower loss
        (0.5, 2.0, False),
        (0.5, 2.1, False),
        (0.5, math.nan, False),
        (math.nan, 0.1, False),
    ],
)
def test_equals_are_told_apart_by_the_loss(value, loss, is_best):
    metrics = {METRIC: value, "loss": loss}
    assert best.is_best(METRIC, metrics, state(0.5, 2.0)) == is_best


def test_the_first_is_the_best():
    assert best.is_best(METRIC, {METRIC: 0.0, "loss": 9.0}, best.NONE_YET)


def test_of_an_earlier_version_the_loss_is_unknown():
    """It compared no losses: an equal later epoch was not better, and is not now."""
    assert not best.is_best(METRIC, {METRIC: 0.5, "loss": 0.1}, state(0.5, None))


def test_a_loss_that_chooses_is_lower():
    assert best.is_best("loss", {"loss": 1.9}, state(2.0, 2.0))
    assert not best.is_best("loss", {"loss": 2.0}, state(2.0, 2.0))


@pytest.mark.parametrize(
    ("patience", "epoch", "waited"),
    [(0, 9999, False), (20, 29, False), (20, 30, True), (20, 31, True)],
)
def test_patience_counts_from_the_best_epoch(patience, epoch, waited):
    config = TrainingConfig(early_stopping_epochs=patience)
    assert best.has_waited(config, state(0.5, 2.0, epoch=10), epoch) == waited


def test_the_line_says_why_and_how_to_go_on():
    config = TrainingConfig(
        epochs=1500, early_stopping_epochs=20, best_metric="fusion_accuracy"
    )
    line = best.why_stopped(config, state(0.51239, 2.0), 30)
    assert "after epoch 30 of 1,500: no better fusion_accuracy than 0.5124" in line
    assert "of epoch 10, nor one as good with a lower loss, in 20 epochs" in line
    assert "training.early_stopping_epochs = 0, or a larger one" in line


@pytest.mark.parametrize(
    ("name", "rows", "queries", "refused"),
    [
        ("words_to_text_P@10", 5, 0, True),
        ("words_to_text_P@10", 5, 3, False),
        ("words_to_text_P@10", 0, 0, False),  # nothing is validated at all
        ("balanced_retrieval", 5, 0, False),
    ],
)
def test_a_metric_that_no_validation_can_have(name, rows, queries, refused):
    scorer = SimpleNamespace(queries=lambda pipeline, split: ["a query"] * queries)
    pipeline = SimpleNamespace(split={"validation": np.arange(rows)})
    if not refused:
        best.check_best_metric(name, scorer, pipeline)
        return
    with pytest.raises(InputError, match="= words_to_text_P@10: the 5 validation rows"):
        best.check_best_metric(name, scorer, pipeline)
