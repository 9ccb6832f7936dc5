"""Promise 6: a loss or an update that is not finite stops the run, and is not kept."""

import csv

import numpy as np
import pytest
from processes import Noted, at_step, records, run, train, weights

from huse_tf.config import load_config
from huse_tf.run.folder import RunFolder

BAD = 8  # the step, counted from 1


def poisoned(what, train_arguments):
    """Trains; one feature of step 8's batch is NaN, or one weight after step 8."""

    def poison(trainer):
        weight = trainer._values["model"][0]
        weight.assign(np.full(weight.shape, np.inf, np.float32))

    if what == "update":
        at_step(BAD, poison)
    else:
        batches = Noted.__iter__

        def with_nan(noted):
            for step, batch in enumerate(batches(noted), noted._first):
                if step == BAD - 1:
                    batch = {**batch, "image": batch["image"] * np.float32("nan")}
                yield batch

        Noted.__iter__ = with_nan
    train(*train_arguments)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("feature", "the loss is not finite"),
        pytest.param("update", "its update is not finite", marks=pytest.mark.slow),
    ],
)
def test_the_run_stops_before_anything_is_kept(shop, calm, what, said):
    """Without the poison the same command then goes on to the calm model."""
    arguments = shop.arguments(what)
    status, output = run(poisoned, what, arguments, log=shop.log(what))
    assert status == 1, output
    last = output.strip().splitlines()[-1]
    assert f"error: step {BAD}: {said}" in last
    path = shop.folder / what / f"not_finite_step_{BAD}.csv"
    assert str(path) in last
    assert named_rows(path) == rows_of(shop, calm, BAD)
    newest = sorted((shop.folder / what / "checkpoints").glob("step-*"))[-1]
    assert newest.name == f"step-{BAD - 1:010d}"
    status, output = run(train, *arguments, log=shop.log(what))
    assert status == 0, output
    assert weights(shop.folder / what) == weights(calm)
    assert records(shop.folder / what) == records(calm)


def named_rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return [(int(row["row"]), row["image"]) for row in csv.DictReader(file)]


def rows_of(shop, calm, step):
    """The CSV's rows of a step, from the index shuffle itself.

    Row 1 is the header; every row of this CSV is used.
    """
    import tensorflow as tf

    from huse_tf.catalog import read_catalog
    from huse_tf.run.pipelines import rows_of_step

    config = load_config(RunFolder(calm).config_file)
    with open(shop.settings["data.csv"], encoding="utf-8", newline="") as file:
        products = list(csv.DictReader(file))
    image = next(name for name in products[0] if name == "image")
    train_rows = read_catalog(config.data).indices("train")
    chosen = rows_of_step(
        tf.constant(step - 1, tf.int64), len(train_rows), 16, config.training.seed
    )
    return [(i + 2, products[i][image]) for i in train_rows[chosen.numpy()].tolist()]
