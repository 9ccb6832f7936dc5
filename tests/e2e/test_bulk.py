"""The real commands: every product's vectors, and its class."""

import csv
import json

import pytest
from small_runs import EXAMPLE, products, write_rows


def test_embed_and_predict(small_run, shop, tmp_path):
    """24 products without classes; what cannot be used is one line, status 1."""
    write_rows(
        tmp_path / "new.csv",
        [{"image": r["image"], "text": r["text"]} for r in products()],
    )
    asking = ["--run_dir", small_run, "--csv", tmp_path / "new.csv"]
    asking += ["--images", EXAMPLE / "images", "--to"]
    status, output, errors = shop.run(
        "embed.py", *asking, tmp_path / "v", "--format=npy"
    )
    assert status == 0, errors
    assert "24 products are in" in output
    about = json.loads((tmp_path / "v" / "embeddings.json").read_text())
    assert about["files"] == ["part-1-of-1-00000"] and about["dim"] == 16
    assert (tmp_path / "v" / "part-1-of-1-00000.embedding.npy").exists()

    status, output, errors = shop.run("predict.py", *asking, tmp_path / "told.csv")
    assert status == 0, errors
    with open(tmp_path / "told.csv", encoding="utf-8", newline="") as file:
        told = [row["class"] for row in csv.DictReader(file)]
    right = [row["class"] for row in products()]
    assert sum(a == b for a, b in zip(told, right, strict=True)) > 12  # of four classes

    for script, to, flag in (
        ("embed.py", tmp_path / "v", "--to"),
        ("predict.py", tmp_path / "told.xlsx", "--to"),
    ):
        status, _, errors = shop.run(script, *asking, to)
        (line,) = errors.splitlines()
        assert status == 1 and line.startswith(f"error: {flag} ")


@pytest.mark.parametrize("script", ["embed.py", "predict.py"])
def test_where_to_is_needed(shop, script):
    status, _, errors = shop.run(script, "--run_dir", shop.folder)
    assert status == 1 and errors.startswith("error: --to is missing")
