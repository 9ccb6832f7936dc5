"""Retrieval that a sample of the products asks, against loops over that sample."""

import numpy as np
import pytest
from test_evaluation_of_missing import naive, shop

from huse_tf.config import load_config
from huse_tf.evaluation import evaluate
from huse_tf.metrics import measures
from huse_tf.metrics.hierarchy import Taxonomy
from huse_tf.metrics.table import format_table
from huse_tf.presence import Present


def asking(made, most):
    """Who asks, by modality, as the metrics see it."""
    measured = measures.Measured(
        {name: made[f"{name}_embeddings"] for name in ("image", "text")},
        None,
        made["labels"],
        Taxonomy(made["class_names"], "<"),
        0.5,
        1024,
        present=Present(made["has_image"], made["has_text"]),
        max_queries=most,
    )
    return {what: measured.asked(what) for what in ("image", "text", "both")}


@pytest.mark.parametrize("most", [7, 70])
def test_so_many_ask_and_all_are_answers(most):
    """70 of 78 that have a modality; of the 66 that have both all ask."""
    made = shop()
    asks, metrics = asking(made, most), evaluate(**made, max_queries=most)
    assert [len(asks[name]) for name in asks] == [most, most, min(most, 66)]
    for what, rows in asks.items():
        has = {"image": made["has_image"], "text": made["has_text"]}
        there = has["image"] & has["text"] if what == "both" else has[what]
        assert (np.diff(rows) > 0).all() and there[rows].all()
    expected = naive(made, asks)
    for name, value in expected.items():
        assert metrics[name] == pytest.approx(value), name
    exact = evaluate(**made)
    assert any(abs(metrics[name] - exact[name]) > 0.01 for name in expected)
    assert metrics["n_queries"] == most and metrics["n"] == 90
    for name in ("image_accuracy", "modal_gap", "words_to_product_P@10"):
        assert metrics[name] == exact[name], "of all products, sampled or not"
    assert f"{most} of them, drawn, ask below" in format_table(metrics)


def test_few_enough_products_all_ask():
    made = shop()
    exact = evaluate(**made)
    assert evaluate(**made, max_queries=78) == exact
    assert "n_queries" not in exact and "drawn" not in format_table(exact)


def test_the_same_products_ask_each_time_from_all_of_the_catalogue():
    made = shop()
    one, again = asking(made, 20)["image"], asking(made, 20)["image"]
    np.testing.assert_array_equal(one, again)
    assert one[0] < 30 and one[-1] > 60 and len(np.unique(made["labels"][one])) == 3


def test_a_negative_number_is_refused():
    with pytest.raises(ValueError, match="max_queries: expected a whole number >= 0"):
        evaluate(**shop(), max_queries=-1)


def test_a_run_that_was_begun_before_the_key_asks_all(tmp_path):
    path = tmp_path / "config.ini"
    path.write_text("[data]\ncsv = a.csv\nimages = images\n")
    assert load_config(path).evaluation.max_queries == 10_000
    assert load_config(path, of_run=True).evaluation.max_queries == 0
