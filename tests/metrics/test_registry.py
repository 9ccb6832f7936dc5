"""Every metric has a direction of its own, declared."""

import math

import pytest

from huse_tf.metrics.registry import CHOOSING, METRICS, is_better, metric
from huse_tf.objectives.registry import OBJECTIVES
from huse_tf.registry import imported


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("image_to_text_R@1", "higher"),
        ("text_to_text_HP@5", "higher"),
        ("text_to_image_instance_R@10", "higher"),
        ("fusion_accuracy", "higher"),
        ("macro_text_accuracy", "higher"),
        ("balanced_retrieval", "higher"),
        ("words_to_product_P@10", "higher"),
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


def test_what_a_metric_needs():
    needing = {}
    for name, found in METRICS.items():
        for what in found.needs:
            needing.setdefault(what, set()).add(name)
    of = [f"{name}_accuracy" for name in ("image", "text", "fusion")]
    assert needing["classifier"] == {*of, *(f"macro_{name}" for name in of)}
    ways = {f"words_to_{name}_P@10" for name in ("image", "text", "product")}
    assert needing["words"] == ways | {"words_chance"}
    of_products = {"balanced_retrieval", "modal_gap", "words_to_image_P@10"}
    instances = {name for name in METRICS if "_instance_" in name}
    assert needing["both"] == of_products | instances
    for one in ("image", "text"):
        found = {n for n in METRICS if f"{one}_to_" in n or f"_to_{one}_" in n}
        found -= instances | {f"words_to_{one}_P@10"}
        assert needing[one] == found | {f"{one}_accuracy", f"macro_{one}_accuracy"}


def test_a_fact_is_neither_better_nor_chooses():
    assert set(METRICS) - set(CHOOSING) == {"words_chance"}
    with pytest.raises(ValueError, match="words_chance is a fact"):
        is_better("words_chance", 0.2, 0.1)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_term_of_an_objective_is_a_metric_that_it_reports_itself(name):
    for term in imported(OBJECTIVES[name].maker).names:
        assert METRICS[term].maker == ""
