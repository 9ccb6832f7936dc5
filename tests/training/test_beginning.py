"""A run goes on with rows that came and went: its steps, its epochs, its best."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from small_runs import ROOT

from huse_tf.catalog import Catalog
from huse_tf.config import load_config
from huse_tf.run.build import make_experiment
from huse_tf.run.folder import RunFolder
from huse_tf.run.material import Material
from huse_tf.run.pipelines import Begun, Pipeline
from huse_tf.training import beginning
from huse_tf.training.trainer import Trainer

CLASSES, BATCH = ("bag", "hat", "mug"), 3


def catalogue(each):
    """`each` products a class to train on, and one to validate; new ones at the end."""
    order = [(n, label) for n in range(each + 1) for label in range(len(CLASSES))]
    names = [f"{CLASSES[label]} {n}" for n, label in order]
    return Catalog(
        images=np.array([f"{name}.png" for name in names], object),
        texts=np.array(names, object),
        labels=np.array([label for _, label in order], np.int32),
        class_names=CLASSES,
        split=np.array(["train" if n else "validation" for n, _ in order], object),
        rows=np.arange(len(order)) + 2,
        image_root=ROOT,
        rejected=(),
        ids=np.array(names, object),
    )


def material(each):
    """The features of a row depend on its name alone."""
    catalog = catalogue(each)
    vectors = tf.constant(
        [
            np.random.default_rng(list(text.encode())).normal(size=[2, 4])
            for text in catalog.texts
        ],
        tf.float32,
    )
    image, text = vectors[:, 0], vectors[:, 1]
    pipeline = Pipeline(
        image=lambda positions, step: tf.gather(image, positions),
        text=lambda positions, step: tf.gather(text, positions),
        labels=catalog.labels,
        text_ids=np.arange(len(catalog)),
        split={n: catalog.indices(n) for n in ("train", "validation", "test")},
        batch_size=BATCH,
        seed=0,
    )
    encoder = SimpleNamespace(
        identity={"name": "made up"}, origin={}, dim=4, state=dict
    )
    return Material(catalog, pipeline, np.float32(1 - np.eye(3)), encoder, encoder)


def trainer(folder, each, epochs):
    settings = {
        "towers.units": 8,
        "towers.embedding_dim": 4,
        "training.validate_epochs": 1,
        "training.epochs": epochs,
        "optimizer.warmup_steps": 0,
    }
    lines = [f"{key}={value}" for key, value in settings.items()]
    run = RunFolder(folder)
    run.path.mkdir(exist_ok=True)
    config = load_config(ROOT / "config.ini", lines)
    return Trainer(make_experiment(material(each), config, run, grows=True), run)


def log(folder, split):
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    records = map(json.loads, lines)
    return [(r["epoch"], r["step"]) for r in records if r["split"] == split]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (None, Begun(0, 0)),
        ({"step": 7}, Begun(0, 0)),  # of an earlier version
        ({"step": 7, "rows": ("same", 3, (0, 0))}, Begun(0, 0)),
        ({"step": 7, "rows": ("other", 3, (0, 0))}, Begun(7, 2)),
        ({"step": 6, "rows": ("other", 3, (0, 0))}, Begun(6, 2)),
        ({"step": 14, "rows": ("same", 4, (6, 2))}, Begun(6, 2)),
        ({"step": 15, "rows": ("other", 4, (6, 2))}, Begun(15, 4)),
    ],
)
def test_where_the_training_of_rows_begins(state, expected):
    """7 steps of 3 an epoch are 2 epochs; 9 more of 4 are 2 further ones."""
    catalog = SimpleNamespace(fingerprint="same")
    if state and "rows" in state:
        names = ("catalog", "steps_per_epoch", "begun")
        state = {**state, "rows": dict(zip(names, state["rows"], strict=True))}
    assert beginning.begun(state, catalog) == expected


def test_the_epochs_of_rows_that_began_late():
    """From step 6 on, 2 epochs done, 4 steps an epoch: epochs end at 10, 14 and 18."""
    made = material(4).pipeline
    late = Pipeline(**{**vars(made), "begun": Begun(6, 2)})
    assert made.steps_per_epoch == 4
    assert [made.last_step(e) for e in (0, 1, 3)] == [0, 4, 12]
    assert [late.last_step(e) for e in (1, 2, 3, 5)] == [6, 6, 10, 18]
    assert [late.epoch(s) for s in (6, 9, 10, 13, 14)] == [2, 2, 3, 3, 4]
    assert [s for s in range(6, 20) if late.ends_epoch(s)] == [10, 14, 18]
    for step in range(6, 14):  # as the third epoch of those who trained on nothing else
        same = made.positions(step - 6 + 2 * 4)
        np.testing.assert_array_equal(late.positions(step), same)


def test_a_run_goes_on_with_new_rows(tmp_path):
    """2 epochs of 3 steps; with 3 more rows 2 epochs of 4, each all of its 12 rows."""
    first = trainer(tmp_path / "run", each=3, epochs=2)
    first.train()
    assert first.finished and not first.has_new_rows
    idle = trainer(tmp_path / "run", each=4, epochs=2)
    assert idle.finished and idle.has_new_rows and idle.last_step == 6
    grown = trainer(tmp_path / "run", each=4, epochs=4)
    assert grown.last_step == 14 and grown.state["best"] is None
    rows = np.concatenate([grown._pipeline.positions(step) for step in range(6, 10)])
    assert sorted(rows.tolist()) == list(range(3, 15))
    grown.train()
    assert log(tmp_path / "run", "train") == [(1, 3), (2, 6), (3, 10), (4, 14)]
    assert log(tmp_path / "run", "validation") == [(1, 3), (2, 6), (3, 10), (4, 14)]
    assert grown.restore_best()["epoch"] > 2
    fewer = trainer(tmp_path / "run", each=3, epochs=5)
    assert fewer.last_step == 14 + 3


def test_a_grown_run_is_resumed_exactly(tmp_path):
    """Stopped between two epochs of the new rows, it ends as the one that was not."""
    for name, stops in (("calm", (4,)), ("broken", (3, 4))):
        trainer(tmp_path / name, each=3, epochs=2).train()
        for epochs in stops:
            trainer(tmp_path / name, each=4, epochs=epochs).train()
    calm, broken = (
        trainer(tmp_path / name, each=4, epochs=4) for name in ("calm", "broken")
    )
    assert calm.state["step"] == broken.state["step"] == 14
    pairs = zip(calm._values["model"], broken._values["model"], strict=True)
    for expected, actual in pairs:
        np.testing.assert_allclose(actual.numpy(), expected.numpy(), rtol=1e-5)


def test_an_epoch_under_way_ends_where_rows_change(tmp_path):
    """Saved after step 4 of 3 an epoch: 1 epoch is done, its second begins anew."""
    first = trainer(tmp_path / "run", each=3, epochs=2)
    after_step = first._after_step

    def stop_after_four(log, bar):
        after_step(log, bar)
        if first.state["step"] == 4:
            first.state["summed"] = 1
            first._standing.save()
            raise InterruptedError

    first._after_step = stop_after_four
    with pytest.raises(InterruptedError):
        first.train()
    grown = trainer(tmp_path / "run", each=4, epochs=2)
    assert (grown.state["step"], grown.state["summed"]) == (4, 0)
    assert grown.last_step == 4 + 4
    grown.train()
    assert log(tmp_path / "run", "train") == [(1, 3), (2, 8)]
