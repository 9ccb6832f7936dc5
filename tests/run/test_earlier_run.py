"""A run of an earlier version goes on as if no key had been added since.

earlier_run/ was trained by version 0.1.0 of 25 November 2026 (commit 2fa823a), whose
checkpoints digest every line of the config: 2 epochs of 3 steps over the products
below, best validation loss 4.6026 of epoch 2.
"""

import json
import shutil

import pytest
from earlier import EARLIER, trainer_of

from huse_tf.config import SECTIONS, LossConfig, load_config
from huse_tf.config import ini as ini_module
from huse_tf.config import values as kinds
from huse_tf.config.declaring import key, section
from huse_tf.errors import InputError
from huse_tf.run import changes
from huse_tf.run.folder import RunFolder
from huse_tf.run.world import world

# what all runs did before there were the keys that its config.ini lacks
THEN = load_config(EARLIER / "config.ini", of_run=True).to_lines()
NOW = load_config(EARLIER / "config.ini").to_lines()
BEFORE = [
    line
    for key, line in sorted(THEN.items())
    if line != NOW[key] and not line.startswith(changes.MAY_CHANGE)
]


@pytest.fixture
def run(tmp_path):
    shutil.copytree(EARLIER, tmp_path / "run")
    return RunFolder(tmp_path / "run")


def saved(run):
    newest = max(run.checkpoints_folder.glob("step-*"))
    return json.loads((newest / "state.json").read_text())


def test_it_goes_on_and_keeps_its_best(run):
    """Its best is kept at once, too: a process killed now has forgotten nothing."""
    before = saved(run)
    trainer = trainer_of(run, "training.epochs=3")
    assert (trainer.state["step"], trainer.state["best_epoch"]) == (6, 2)
    assert trainer.state["best"] == before["best"]
    assert saved(run)["world"] == trainer.state["world"] != before["world"]
    again = trainer_of(run, "training.epochs=3")
    assert again.state["best"] == before["best"]
    again.train()
    after = saved(run)
    assert after["step"] == 9 and after["best"] <= before["best"]


def test_another_world_still_forgets_the_best(run):
    run.accept_changes = True
    trainer = trainer_of(run, "loss.beta=2.5")
    assert trainer.state["step"] == 6 and trainer.state["best"] is None


def test_it_has_no_product_loss(run):
    """The key came later, and is on by default: the run goes on without it."""
    with pytest.raises(InputError) as error:
        changes.check_config(run, load_config(run.config_file))
    assert "loss.delta: 0.0 here, 1.0 there" in str(error.value)
    assert "loss.delta=0.0" in BEFORE
    shown = " and ".join(f"`set` {line}" for line in BEFORE)
    assert f"go on with {shown}, or train on" in str(error.value)
    changes.check_config(run, load_config(run.config_file, BEFORE))
    trainer_of(run, "training.epochs=3").train()
    log = run.metrics_file.read_text()
    assert "gap_loss" in log and "product_loss" not in log


def test_a_best_of_another_metric_is_not_compared_with(run):
    """The default chooses by another metric now; the run keeps the one it had."""
    config = load_config(run.config_file, ["training.best_metric=balanced_retrieval"])
    with pytest.raises(InputError, match="best_metric: loss here, balanced_retrieval"):
        changes.check_config(run, config)
    run.accept_changes = True
    trainer = trainer_of(
        run, "training.best_metric=balanced_retrieval", "training.epochs=3"
    )
    assert trainer.state["best"] is None and trainer.state["best_epoch"] == 0
    trainer.train()
    assert trainer.state["best_epoch"] == 3 and 0 <= trainer.state["best"] <= 1
    assert trainer.state["best_loss"] is not None


def test_a_key_with_a_new_default_changes_no_earlier_run(run):
    """An ini without the keys of early stopping and of the best model, as they were."""
    text = run.config_file.read_text()
    lines = text.replace("best_metric = loss\n", "")
    run.config_file.write_text(lines.replace("early_stopping_epochs = 0\n", ""))
    then = run.read_config().training
    assert then.best_metric == "image_to_text_R@1" and then.early_stopping_epochs == 0
    now = load_config(run.config_file).training
    assert now.best_metric == "balanced_retrieval" and now.early_stopping_epochs > 0


def test_it_stops_where_nothing_gets_better_and_goes_on_when_told(run):
    """Epoch 4 is as accurate as epoch 3 and has a lower loss; 5, 6 and 7 are worse."""
    told = {3: (0.5, 2.0), 4: (0.5, 1.5), 5: (0.4, 1.0), 6: (0.5, 1.6), 7: (0.4, 1.5)}

    def trainer_that_stops_after(patience):
        trainer = trainer_of(
            run,
            "training.best_metric=fusion_accuracy",
            "training.validate_epochs=1",
            "training.epochs=9",
            f"training.early_stopping_epochs={patience}",
        )

        def metrics(pipeline, split):
            accuracy, loss = told.get(trainer.state["step"] // 3, (0.1, 9.0))
            return {"fusion_accuracy": accuracy, "loss": loss}

        trainer.scorer.metrics = metrics
        return trainer

    run.accept_changes = True
    trainer = trainer_that_stops_after(3)
    trainer.train()
    assert trainer.finished and trainer.state["step"] == 3 * 7
    assert trainer.restore_best()["epoch"] == 4
    why = trainer.why_stopped_early
    assert "after epoch 7 of 9: no better fusion_accuracy than 0.5000 of epoch 4" in why
    run.accept_changes = False
    assert trainer_that_stops_after(3).finished
    further = trainer_that_stops_after(0)
    assert not further.finished and not further.why_stopped_early
    further.train()
    assert further.state["step"] == 3 * 9 and further.restore_best()["epoch"] == 4
    assert not further.why_stopped_early


@pytest.fixture
def newer(monkeypatch):
    """Adds a key to [loss], as a later version may."""

    def add(default, **earlier):
        @section
        class Newer(LossConfig):
            softness: float = key(kinds.number(0), "made up", default, **earlier)

        monkeypatch.setitem(SECTIONS, "loss", Newer)
        assert ini_module.SECTIONS["loss"] is Newer

    return add


def test_a_key_that_is_added_changes_no_digest(run, newer):
    """Nor is it a difference, as long as it does what was done before."""
    before = world(run, load_config(run.config_file, BEFORE))
    newer(0.0)
    after = load_config(run.config_file, BEFORE)
    assert after.loss.softness == 0 and world(run, after) == before
    changes.check_config(run, after)
    assert trainer_of(run).state["best"] == saved(run)["best"] is not None


def test_an_added_key_with_another_default_is_a_difference(run, newer):
    """The config of the run does what it did; a new one is told how to go on."""
    before = world(run, load_config(run.config_file, BEFORE))
    newer(0.3, earlier=0.0)
    then = run.read_config()
    assert then.loss.softness == 0 and world(run, then) == before
    now = load_config(run.config_file, BEFORE)
    assert now.loss.softness == 0.3 and world(run, now) != before
    with pytest.raises(InputError) as error:
        changes.check_config(run, now)
    assert "loss.softness: 0.0 here, 0.3 there" in str(error.value)
    assert "go on with `set` loss.softness=0.0, or train on" in str(error.value)
    softness = "loss.softness=0.0"
    changes.check_config(run, load_config(run.config_file, [*BEFORE, softness]))
    other = load_config(run.config_file, ["loss.beta=9"])
    with pytest.raises(InputError, match=r"go on with `config` .*config.ini and `set`"):
        changes.check_config(run, other)


def test_a_default_spelled_out_is_a_default_left_out(run, tmp_path):
    short = tmp_path / "short.ini"
    short.write_text("[data]\ncsv = a.csv\nimages = b\n")
    config = load_config(short)
    config.save(tmp_path / "long.ini")
    spelled = load_config(tmp_path / "long.ini")
    assert world(run, config) == world(run, spelled)
    for line in ("loss.beta=4", "text_encoder.name=tfidf", "data.csv=c.csv"):
        other = load_config(short, [line])
        assert world(run, other) != world(run, config), line
    free = load_config(short, ["training.epochs=7", "features.dtype=float16"])
    assert world(run, free) == world(run, config)


def test_texts_that_cannot_be_read_stop_no_earlier_run(run):
    """It went on whatever it read; its keys of today's config are free to change."""
    then = run.read_config()
    assert then.text_encoder.max_unreadable.limit(40) == 40
    assert then.class_encoder.max_unreadable.limit(40) == 40
    now = load_config(run.config_file, [*BEFORE, "text_encoder.max_unreadable=3"])
    assert now.class_encoder.max_unreadable.limit(40) == 8
    assert world(run, now) == world(run, then)
    changes.check_config(run, now)
