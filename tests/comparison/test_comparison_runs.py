"""What a comparison refuses, and how it chooses and copies runs."""

import pytest

from huse_tf.comparison import compare, runner
from huse_tf.comparison.outcomes import Trial
from huse_tf.comparison.runner import Budget
from huse_tf.comparison.variants import changed, methods
from huse_tf.config import load_config
from huse_tf.errors import InputError
from huse_tf.run.folder import RunFolder

BUDGET = Budget(seeds=1, trials=2, trial_epochs=3)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.ini"
    path.write_text("[data]\ncsv = a.csv\nimages = b\n")
    return load_config(path)


@pytest.mark.parametrize(
    "changes", [{"image_encoder.augment": True}, {"text_encoder.fine_tune": "all"}]
)
def test_encoders_that_train_along_are_refused(config, tmp_path, changes):
    with pytest.raises(InputError, match=r"compare\.py holds features.*augment = no"):
        compare.compare(
            changed(config, changes), tmp_path / "run", methods("huse"), BUDGET
        )
    assert not (tmp_path / "run").exists()


def test_huse_twice_is_refused(config, tmp_path):
    config = changed(config, {"loss.delta": 0.0})
    with pytest.raises(
        InputError, match=r"loss\.delta = 0 makes huse_product the same.*`methods`"
    ):
        compare.compare(
            config, tmp_path / "run", methods("cme,huse,huse_product"), BUDGET
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "budget", "message"),
    [
        ({}, Budget(1, 3, 3), "trials: 2 then, 3 now"),
        ({}, Budget(1, 2, 4), "trial_epochs: 3 then, 4 now"),
        ({"training.epochs": 7}, BUDGET, "training.epochs: 100 then, 7 now"),
    ],
)
def test_a_folder_keeps_to_its_plan(config, tmp_path, changes, budget, message):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    compare.check_plan(folder, config, BUDGET)
    compare.check_plan(folder, config, Budget(5, 2, 3))  # more seeds are welcome
    with pytest.raises(InputError, match=message):
        compare.check_plan(folder, changed(config, changes), budget)


def test_a_run_that_is_no_comparison_is_left_alone(config, tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    config.save(folder.config_file)
    with pytest.raises(InputError, match="holds a run that is no comparison"):
        compare.check_plan(folder, config, BUDGET)


def test_the_best_trial():
    """The highest score, the first of equals; None is a training that diverged."""
    trials = [Trial({}, score) for score in (None, 0.4, 0.6, 0.6)]
    assert runner.best_trial(trials) == 2
    assert runner.best_trial(trials[:1]) == 0


def test_a_copied_run_lacks_evaluation_and_lock(tmp_path):
    source, target = tmp_path / "trial", tmp_path / "seed-0"
    (source / "checkpoints").mkdir(parents=True)
    for name in ("checkpoints/state", "config.ini", "evaluation.json", "lock"):
        (source / name).write_text(name)
    (tmp_path / ".seed-0.unfinished").mkdir()
    (tmp_path / ".seed-0.unfinished" / "half").write_text("")
    runner.copy_run(source, target)
    found = {str(f.relative_to(target)) for f in target.rglob("*") if f.is_file()}
    assert found == {"checkpoints/state", "config.ini"}
    (source / "config.ini").write_text("other")
    runner.copy_run(source, target)
    assert (target / "config.ini").read_text() == "config.ini"
