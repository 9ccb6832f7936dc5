"""TensorBoard sees every step once, however often a run was interrupted."""

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from huse_tf.run.folder import RunFolder
from huse_tf.training.scalars import ScalarLog


def test_a_resumed_run_replaces_the_steps_it_takes_again(tmp_path):
    """Written to step 12, gone on with after step 6: the loss is 1 there, 2 after."""
    run = RunFolder(tmp_path)
    for value, after, steps in ((1.0, 0, (3, 6, 9, 12)), (2.0, 6, (9, 12, 15))):
        with ScalarLog(run, after) as log:
            for step in steps:
                log.write("train", step, step // 3, {"loss": value, "gap_loss": value})
    board = EventAccumulator(str(tmp_path / "tensorboard" / "train")).Reload()
    for name in ("loss", "gap_loss"):
        assert [(e.step, e.value) for e in board.Scalars(name)] == [
            (3, 1.0),
            (6, 1.0),
            (9, 2.0),
            (12, 2.0),
            (15, 2.0),
        ]


@pytest.mark.parametrize("split", ["train", "validation"])
def test_each_split_is_a_curve_of_the_same_name(tmp_path, split):
    with ScalarLog(RunFolder(tmp_path), 0) as log:
        log.write(split, 3, 1, {"loss": 0.5})
    board = EventAccumulator(str(tmp_path / "tensorboard" / split)).Reload()
    assert [e.value for e in board.Scalars("loss")] == [0.5]
