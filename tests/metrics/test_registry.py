"""Every metric has a direction of its own, declared."""

import math

import pytest

from huse_tf.metrics.registry import METRICS, is_better, metric
from huse_tf.objectives.registry import OBJECTIVES
from huse_tf.registry import imported


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("image_to_text_R@1", "higher"),
        ("text_to_text_HP@5", "higher"),
        ("text_to_image_instance_R@10", "higher"),
        ("fusion_accuracy", "higher"),
        ("image_to_text_instance_median_rank", "lower"),
        ("modal_gap", "lower"),
        ("loss", "lower"),
        ("gap_loss", "lower"),
        ("product_loss", "lower"),
        ("my_own_loss", "lower"),
    ],
)
def test_better(name, direction):
    assert metric(name).better == direction
    assert is_better(name, 0.2, 0.1) == (direction == "higher")
    assert is_better(name, 0.1, 0.2) == (direction == "lower")
    assert not is_better(name, 0.1, 0.1)
    assert not is_better(name, math.nan, 0.1)


def test_a_name_that_nobody_declared_has_no_direction():
    with pytest.raises(KeyError):
        is_better("image_to_text_R@2", 0.2, 0.1)


def test_only_accuracies_need_a_classifier():
    needing = {name for name, found in METRICS.items() if found.of_classifier}
    assert needing == {f"{name}_accuracy" for name in ("image", "text", "fusion")}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_term_of_an_objective_is_a_metric_that_it_reports_itself(name):
    for term in imported(OBJECTIVES[name].maker).names:
        assert METRICS[term].maker == ""
