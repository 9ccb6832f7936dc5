"""The real command: two methods, a sweep, tables; stopped, it goes on."""

import json
import signal
import time

import pytest


def finished(run):
    """What must not be made again: evaluation and metrics, with their times."""
    files = [*run.glob("*/seed-*/*.json*"), *run.glob("*/trials/*/*.json*")]
    runs = {file.parent for file in files if file.name == "evaluation.json"}
    return {
        file: (file.stat().st_mtime_ns, file.read_bytes())
        for file in files
        if file.parent in runs
    }


def wait_for(path, process):
    deadline = time.monotonic() + 200
    while not path.exists() and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def test_a_stopped_comparison_goes_on_and_repeats_nothing(shop):
    """Two methods, two trials, one seed; SIGINT after the first method's end."""
    run = shop.folder / "comparison"
    arguments = ["compare.py", "--run_dir", run, "--methods", "huse,triplet"]
    arguments += ["--seeds", "1", "--trials", "2"]
    process = shop.start(*arguments)
    wait_for(run / "huse" / "seed-7" / "evaluation.json", process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 75, errors
    assert "the same command goes on" in errors
    before = finished(run)
    assert len({file.parent for file in before}) >= 3
    assert not (run / "triplet" / "seed-7" / "evaluation.json").exists()

    status, output, errors = shop.run(*arguments)
    assert status == 0, errors
    after = finished(run)
    assert len({file.parent for file in after}) == 6
    for file, content in before.items():
        assert after[file] == content, file
    assert "huse, trial" not in output and "6 of 6 runs" in output

    text = (run / "comparison.md").read_text()
    assert "| triplet | – | – | – |" in text and "±" not in text.split("## ")[1]
    for name in ("table1.png", "table2.png", "table3.png", "losses.png"):
        assert (run / name).read_bytes().startswith(b"\x89PNG")
        assert name in text
    content = json.loads((run / "comparison.json").read_text())
    huse = content["variants"]["huse"]
    scores = [trial["validation_score"] for trial in huse["trials"]]
    chosen = huse["trials"][scores.index(max(scores))]
    assert chosen["settings"] == huse["settings"]
    trial = json.loads((run / "huse/trials/0/evaluation.json").read_text())
    assert trial["meta"]["split"] == "validation"
    seed = json.loads((run / "huse/seed-7/evaluation.json").read_text())
    assert seed.pop("meta")["split"] == "test"
    assert huse["seeds"]["7"] == seed

    status, _, errors = shop.run(*arguments[:-1], "3")
    (line,) = errors.splitlines()
    assert status == 1 and "trials: 2 then, 3 now" in line


@pytest.mark.slow
def test_all_methods_train_and_each_seed_is_an_ordinary_run(shop):
    run = shop.folder / "comparison"
    status, output, errors = shop.run(
        "compare.py", "--run_dir", run, "--trials", "0", "--seeds", "2"
    )
    assert status == 0, errors
    assert "22 of 22 runs" in output
    text = (run / "comparison.md").read_text()
    assert text.count("**holds**") + text.count("**does not hold**") == 3
    for name in ("devise", "separate"):
        folder = run / name / "seed-8"
        status, _, errors = shop.run("evaluate.py", "--run_dir", folder)
        assert status == 0, errors
        first = json.loads((folder / "evaluation.json").read_text())
        again = json.loads((folder / "evaluation_test.json").read_text())
        assert again["text_to_text_R@1"] == first["text_to_text_R@1"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "rows"),
    [
        (
            "terms",
            ["all_terms", "no_classification", "no_graph", "no_gap", "no_product"],
        ),
        ("graph", ["graph_names", "graph_tree"]),
    ],
)
def test_a_preset(shop, preset, rows):
    run = shop.folder / "comparison"
    arguments = ["compare.py", "--run_dir", run, "--preset", preset, "--seeds", "1"]
    status, _, errors = shop.run(*arguments)
    assert status == 0, errors
    content = json.loads((run / "comparison.json").read_text())
    assert list(content["variants"]) == rows
    graphs = {(run / row / "seed-7" / "semantic_graph.csv").read_text() for row in rows}
    assert len(graphs) == (2 if preset == "graph" else 1)
    status, _, errors = shop.run(*arguments, "--methods", "huse")
    assert status == 1 and "--preset" in errors
