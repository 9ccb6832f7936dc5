"""Promise 8: the same seed gives the same result, whatever the threads."""

import pytest
from processes import Noted, records, rows, run, train, weights


def with_threads(count, train_arguments):
    """Trains with so many tf.data threads, and as many maps at a time."""
    import tensorflow as tf

    start = Noted.__init__

    def limited(noted, batches, *arguments):
        options = tf.data.Options()
        options.threading.private_threadpool_size = count
        options.threading.max_intra_op_parallelism = 1
        start(noted, batches.with_options(options), *arguments)

    Noted.__init__ = limited
    train(*train_arguments)


def test_threads_do_not_matter(shop, calm):
    """One thread for everything, encoding anew, against the calm run's default."""
    settings = {"features.folder": shop.folder / "features again"}
    status, output = run(
        with_threads, 1, shop.arguments("threads", settings), log=shop.log("threads")
    )
    assert status == 0, output
    assert "60 to encode" in output
    assert weights(shop.folder / "threads") == weights(calm)
    assert records(shop.folder / "threads") == records(calm)
    assert rows(shop.folder / "threads")[0] == rows(calm)[0]


@pytest.mark.slow
def test_another_seed_is_another_model(calm, shop):
    other = {"training.seed": "8", "training.epochs": "1"}
    status, output = shop.train("seed", other)
    assert status == 0, output
    assert rows(shop.folder / "seed")[0][0] != rows(calm)[0][0]


@pytest.mark.slow
def test_threads_do_not_matter_to_augmentation(shop):
    settings = {"image_encoder.fine_tune": "all", "image_encoder.augment": "yes"}
    for count in (1, 16):
        name = f"augmented_{count}"
        status, output = run(
            with_threads, count, shop.arguments(name, settings), log=shop.log(name)
        )
        assert status == 0, output
    one, many = (shop.folder / f"augmented_{count}" for count in (1, 16))
    assert rows(one) == rows(many)
    assert weights(one) == weights(many)
