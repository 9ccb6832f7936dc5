"""A catalogue that grows, and one whose rows all train, by the real commands."""

import json

import pytest
from small_runs import write_rows


def split(rows, *names):
    """Gives the rows the splits in turn."""
    return [row | {"split": names[i % len(names)]} for i, row in enumerate(rows)]


@pytest.mark.slow
def test_training_on_all_rows_ends_in_an_export(shop):
    """Said before the first step; exit status 0; the newest weights are exported."""
    shop.write(split(shop.rows, "train"))
    run = shop.folder / "run"
    status, output, errors = shop.run("train.py", "--run_dir", run)
    assert status == 0, errors
    before, after = output.split("Training", 1)
    assert "no validation rows: the last weights are kept" in before
    assert "nor test rows: nothing is measured" in before
    assert f"exported {run / 'export' / '1'}" in after
    assert (run / "export/1/saved_model.pb").exists()
    assert not (run / "report.html").exists()
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert list(evaluation) == ["meta"] and evaluation["meta"]["epoch"] == 3
    status, _, errors = shop.run("evaluate.py", "--run_dir", run)
    assert status == 1 and "no row has split 'test'" in errors
    status, output, errors = shop.run(
        "search.py", "--run_dir", run, "--text", shop.rows[0]["text"], "-k", "1"
    )
    assert status == 0 and "rank" in output, errors


@pytest.mark.slow
def test_new_products_continue_and_new_classes_start_anew(shop):
    names = sorted({row["class"] for row in shop.rows})
    old = [row for row in shop.rows if row["class"] != names[0]]
    settings = {"export.at_end": "no"}
    run, new = shop.folder / "run", shop.folder / "new"
    shop.write(old[:-6])
    status, _, errors = shop.run("train.py", "--run_dir", run, settings=settings)
    assert status == 0, errors
    more = shop.folder / "of_next_week.csv"
    write_rows(more, old)
    grown = settings | {"data.csv": more, "training.epochs": "5"}
    status, output, errors = shop.run("train.py", "--run_dir", run, settings=grown)
    assert status == 0, errors
    assert f"6 of {len(old) - 6} rows new; no other row changed, and none" in output
    assert "going on after step" in output
    lines = (run / "metrics.jsonl").read_text().splitlines()
    epochs = [r["epoch"] for r in map(json.loads, lines) if r["split"] == "train"]
    assert epochs == [1, 2, 3, 4, 5]
    shop.write(shop.rows)
    status, _, errors = shop.run("train.py", "--run_dir", run, settings=settings)
    assert status == 1 and f"begin a new run with --start_from {run}" in errors
    status, output, errors = shop.run(
        "large_ram_train.py", "--run_dir", new, "--start_from", run, settings=settings
    )
    assert status == 0, errors
    assert f"starts from {run}: its towers" in output
    assert f"1 new: {names[0]}; none gone" in output
