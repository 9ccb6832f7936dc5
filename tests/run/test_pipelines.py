"""The order of rows: every one at most once an epoch, a function of seed and step."""

import numpy as np
import tensorflow as tf

from huse_tf.run.pipelines import Pipeline, rows_of_step


def pipeline(train=10, batch=4, seed=3, offset=0):
    rows = np.arange(100, dtype=np.float32)

    def fetch(positions, step):
        return tf.gather(rows, positions)[:, None]

    split = {
        "train": np.arange(offset, offset + train),
        "validation": np.arange(50, 57),
        "test": np.arange(60, 60),
    }
    labels = np.arange(100, dtype=np.int32)
    text_ids = 2**40 + np.arange(100) // 3
    return Pipeline(fetch, fetch, labels, text_ids, split, batch, seed)


def rows_of_epoch(epoch, rows=10, batch=4, seed=3):
    steps = rows // batch
    return [
        row
        for within in range(steps)
        for row in rows_of_step(
            tf.constant(epoch * steps + within, tf.int64), rows, batch, seed
        ).numpy()
    ]


def test_no_row_comes_twice_in_an_epoch():
    for epoch in range(20):
        rows = rows_of_epoch(epoch)
        assert len(set(rows)) == len(rows) == 8
        assert set(rows) <= set(range(10))


def test_rows_left_over_change_from_epoch_to_epoch():
    """Of 10 rows 2 are left over; all 10 have their turn within 100 epochs.

    A row that is left over by chance, 1 epoch in 5, escapes 100 times in 0.8**100.
    """
    left = [frozenset(range(10)) - set(rows_of_epoch(e)) for e in range(100)]
    assert len(set(left)) > 5
    assert set().union(*left) == set(range(10))


def test_order_depends_on_seed_and_epoch():
    assert rows_of_epoch(0) != rows_of_epoch(1)
    assert rows_of_epoch(0, seed=3) != rows_of_epoch(0, seed=4)
    assert rows_of_epoch(0) == rows_of_epoch(0)


def test_training_can_start_at_any_step():
    whole = [b["label"].numpy().tolist() for b in pipeline().training(0, 9)]
    assert len(whole) == 9
    late = [b["label"].numpy().tolist() for b in pipeline().training(5, 9)]
    assert late == whole[5:]


def test_batches_hold_the_positions_that_are_reported():
    made = pipeline(offset=20)
    for step, batch in enumerate(made.training(0, 6)):
        expected = made.positions(step)
        np.testing.assert_array_equal(batch["label"], expected)
        np.testing.assert_array_equal(batch["image"][:, 0], expected)
        np.testing.assert_array_equal(batch["text_id"], 2**40 + expected // 3)
        assert expected.min() >= 20 and expected.max() < 30


def test_evaluation_takes_every_row_once_in_order():
    batches = list(pipeline().evaluation("validation"))
    assert [len(b["label"]) for b in batches] == [4, 3]
    rows = np.concatenate([b["label"] for b in batches])
    np.testing.assert_array_equal(rows, np.arange(50, 57))
