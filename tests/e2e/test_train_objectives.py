"""train.py with other objectives than HUSE."""

import json

import pytest

ACCURACIES = {"image_accuracy", "text_accuracy", "fusion_accuracy"}


@pytest.mark.slow  # the comparison's test trains one by the real command
@pytest.mark.parametrize(
    ("name", "classifies", "term"),
    [
        ("triplet", False, "triplet_loss"),
        ("cme", True, "pair_loss"),
        ("hie", True, "class_embedding_loss"),
    ],
)
def test_an_objective_trains_and_is_evaluated_again(shop, name, classifies, term):
    run = shop.folder / "run"
    status, output, errors = shop.run(
        "train.py",
        "--run_dir",
        run,
        settings={"objective.name": name, "export.at_end": "no"},
    )
    assert status == 0, errors
    first = json.loads((run / "evaluation.json").read_text())
    assert ACCURACIES & set(first) == (ACCURACIES if classifies else set())
    assert first[term] > 0

    status, output, errors = shop.run("evaluate.py", "--run_dir", run)
    assert status == 0, errors
    again = json.loads((run / "evaluation_test.json").read_text())
    for metric in ("loss", term, "image_to_text_R@1", "modal_gap"):
        assert again[metric] == pytest.approx(first[metric], rel=1e-5)


def test_a_metric_that_the_objective_lacks_is_one_line(shop):
    status, _, errors = shop.run(
        "train.py",
        "--run_dir",
        shop.folder / "run",
        settings={"objective.name": "triplet", "training.best_metric": "text_accuracy"},
    )
    assert status == 1
    last = errors.strip().splitlines()[-1]
    assert last.startswith("error: ") and "text_accuracy" in last
    assert "Traceback" not in errors
