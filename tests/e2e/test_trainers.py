"""The real commands, from a CSV to an evaluated, exported run."""

import json
import signal
import time

import pytest
from readme_table import unnamed


def records(run):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def losses(run, split):
    return [
        [r[n] for n in ("loss", "classification_loss", "graph_loss", "gap_loss")]
        for r in records(run)
        if r["split"] == split
    ]


def test_both_trainers_from_csv_to_export(shop):
    run = shop.folder / "streaming"
    status, output, errors = shop.run("train.py", "--run_dir", run)
    assert status == 0, errors
    assert "fusion" in output and "R@1" in output
    for name in (
        "config.ini",
        "classes.txt",
        "semantic_graph.csv",
        "rejected.csv",
        "metrics.jsonl",
        "checkpoints",
        "tensorboard/train",
        "tensorboard/validation",
        "evaluation.json",
        "export/1/saved_model.pb",
    ):
        assert (run / name).exists(), name
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert 0 <= evaluation["image_to_text_R@1"] <= 1
    assert evaluation["meta"]["split"] == "test"

    other = shop.folder / "in_ram"
    status, output, errors = shop.run("large_ram_train.py", "--run_dir", other)
    assert status == 0, errors
    assert "Encoding" not in output, "the second run encoded again"
    for split in ("train", "validation"):
        for a, b in zip(losses(run, split), losses(other, split), strict=True):
            assert a == pytest.approx(b, rel=1e-5)

    status, output, errors = shop.run("train.py", "--run_dir", run)
    assert status == 0, errors
    assert "finished run" in output and "another folder" in output

    status, output, errors = shop.run("evaluate.py", "--run_dir", run)
    assert status == 0, errors
    again = json.loads((run / "evaluation_test.json").read_text())
    assert not unnamed(run)
    assert again["image_to_text_R@1"] == evaluation["image_to_text_R@1"]
    assert again["fusion_accuracy"] == evaluation["fusion_accuracy"]

    status, output, errors = shop.run(
        "train.py", "--run_dir", run, settings={"loss.beta": "0.5"}
    )
    assert status == 1
    assert "loss.beta: " in errors and "0.5 there" in errors


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"losss.beta": "1"}, "losss"),
        ({"data.csv": "nowhere.csv"}, "nowhere.csv"),
        ({"data.images": "nowhere"}, "nowhere"),
    ],
)
def test_wrong_settings_are_one_line(shop, settings, message):
    status, _, errors = shop.run(
        "train.py", "--run_dir", shop.folder / "run", settings=settings
    )
    (line,) = errors.splitlines()
    assert status == 1
    assert message in line and line.startswith("error: ")


def test_a_wrong_catalogue_is_one_line(shop):
    """tests/catalog has the other kinds."""
    shop.csv.write_text("image,text\na.jpg,b\n")
    status, _, errors = shop.run("train.py", "--run_dir", shop.folder / "run")
    assert status == 1, errors
    (line,) = errors.splitlines()
    assert "class" in line and line.startswith("error: ")


@pytest.mark.slow  # tests/reliability fine-tunes too
def test_fine_tuning_and_a_lowered_batch(shop):
    status, _, errors = shop.run(
        "large_ram_train.py",
        "--run_dir",
        shop.folder / "run",
        settings={"image_encoder.fine_tune": "all"},
    )
    assert status == 1 and "use train.py" in errors
    status, output, errors = shop.run(
        "train.py",
        "--run_dir",
        shop.folder / "run",
        "-b",
        "5000",
        "-e",
        "1",
        settings={
            "image_encoder.fine_tune": "last_2",
            "image_encoder.augment": "yes",
            "export.at_end": "no",
        },
    )
    assert status == 0, errors
    assert "batch_size 5000 is lowered to the" in output


@pytest.mark.slow  # tests/reliability has the same of a smaller run
def test_an_interrupted_run_goes_on_and_repeats_nothing(shop):
    """SIGINT saves and exits with 75; the same command then ends the 60 epochs.

    Losses of the calm run and of the interrupted one agree at every epoch.
    """
    settings = {"training.epochs": "60", "training.validate_epochs": "60"}
    settings["export.at_end"] = "no"
    calm, broken = shop.folder / "calm", shop.folder / "broken"
    status, _, errors = shop.run("train.py", "--run_dir", calm, settings=settings)
    assert status == 0, errors
    process = shop.start("train.py", "--run_dir", broken, settings=settings)
    deadline = time.monotonic() + 120
    while not (broken / "metrics.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 75, errors
    assert "saved; the same command goes on" in errors
    assert len(losses(broken, "train")) < 60
    status, output, errors = shop.run(
        "train.py", "--run_dir", broken, settings=settings
    )
    assert status == 0, errors
    assert "going on after step" in output
    steps = [r["step"] for r in records(broken) if r["split"] == "train"]
    assert steps == [r["step"] for r in records(calm) if r["split"] == "train"]
    pairs = zip(losses(calm, "train"), losses(broken, "train"), strict=True)
    for expected, actual in pairs:
        assert actual == pytest.approx(expected, rel=1e-4)
