"""The library's example and its page do what they say."""

import re
import runpy

import numpy as np
import pytest
from small_runs import EXAMPLE, ROOT, products

import huse_tf


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_the_example_trains_and_asks(small_run, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["library.py", str(small_run)])
    runpy.run_path(str(ROOT / "examples" / "library.py"), run_name="__main__")
    printed = capsys.readouterr().out
    recall = float(re.search(r"R@1 of own features: (\S+)", printed)[1])
    assert recall > 0.3  # chance: 1 class of 25
    assert "2 texts, 16 numbers each" in printed
    found = re.findall(r"^\d\.\d{3}  .+: (.+)$", printed, re.MULTILINE)
    assert len(found) == 5 and set(found) <= {row["text"] for row in products()}
    again = huse_tf.load(small_run).search(text="red dress", k=5)
    assert found == [answer["text"] for answer in again]


def test_every_block_of_the_page_runs(small_run, tmp_path, monkeypatch, capsys):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "huse").symlink_to(small_run)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "example").symlink_to(EXAMPLE)
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    programs = blocks(page)
    assert len(programs) == page.count("```python")
    names = {"__name__": "python_md"}
    for program in programs:
        exec(compile(program, "docs/python.md", "exec"), names)  # noqa: S102
    assert names["vectors"].shape == (2, 16)
    assert names["same"][0] == pytest.approx(
        names["trained"].embed(images=names["photos"])[0], abs=1e-6
    )
    assert names["kept"].tolist() == [True, False]
    assert "images[1]: undecodable picture: HTML" in capsys.readouterr().out
    assert 0 <= names["metrics"]["image_to_text_R@1"] <= 1
    assert set(names["outputs"]) == {
        "image_embedding",
        "text_embedding",
        "image_logits",
        "text_logits",
    }
    assert 0 <= names["history"]["spread_loss"][0] <= 1
    expected = np.log1p([[9, 2], [9, 2]])
    assert names["features"].numpy() == pytest.approx(expected)
