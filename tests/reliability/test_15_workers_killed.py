"""Promise 15: a worker is killed, the others end, and any number of them goes on.

Of 60 products 48 train, in 4 steps of 12 an epoch, 16 in all, which one, two, three and
four workers can share; there is a checkpoint after every step.
"""

import signal

import numpy as np
import pytest
from processes import killed_in_step, records, run, train, values, work_together

STEPS = 16
SETTINGS = {"training.batch_size": "12"}
TOGETHER = {**SETTINGS, "training.distribute": "workers"}


@pytest.fixture(scope="session")
def alone(shop):
    """A training by one process, which nothing disturbs: its folder."""
    status, output = shop.train("alone", SETTINGS)
    assert status == 0, output
    return shop.folder / "alone"


def assert_same_run(actual, expected, tolerance=1e-5):
    """The same checkpoints, and each record once, but for rounding."""
    held, calm = values(actual), values(expected)
    assert held.keys() == calm.keys()
    for name, value in calm.items():
        np.testing.assert_allclose(
            held[name], value, rtol=tolerance, atol=tolerance, err_msg=str(name)
        )
    logged, calm = records(actual), records(expected)
    assert len(logged) == len(calm)
    for record, other in zip(logged, calm, strict=True):
        assert record.pop("split") == other.pop("split")
        assert record == pytest.approx(other, rel=tolerance, abs=tolerance)


@pytest.mark.slow  # promise 16 starts workers too, and takes a quarter of the time
@pytest.mark.parametrize("seed", [0, 1])
def test_either_worker_killed_and_any_number_goes_on(shop, alone, seed):
    """Two with the second killed, three with the first, two with the first, one."""
    name = f"workers {seed}"
    arguments = shop.arguments(name, TOGETHER)
    draw = np.random.default_rng(seed)
    places = np.sort(draw.choice(np.arange(1, STEPS), 3, replace=False)).tolist()
    for count, dying, step in zip((2, 3, 2), (1, 0, 0), places, strict=True):
        works = [(train, *arguments)] * count
        works[dying] = (killed_in_step, step, arguments)
        ends = work_together(works, shop.log(name))
        for i, (status, output) in enumerate(ends):
            if i == dying:
                assert status == -signal.SIGKILL, output
                continue
            assert status == 75, output
            assert "Traceback" not in output
            assert "another worker is gone" in output.strip().splitlines()[-1]
    ((status, output),) = work_together([(train, *arguments)], shop.log(name))
    assert status == 0, output
    assert f"going on after step {places[-1] - 1}" in output
    assert_same_run(shop.folder / name, alone)


@pytest.mark.slow
def test_what_workers_began_one_process_ends(shop, alone):
    """The second of two is killed; training.distribute may be another afterwards."""
    arguments = shop.arguments("begun", TOGETHER)
    works = [(train, *arguments), (killed_in_step, 6, arguments)]
    (status, output), _ = work_together(works, shop.log("begun"))
    assert status == 75, output
    status, output = run(
        train, *shop.arguments("begun", SETTINGS), log=shop.log("begun")
    )
    assert status == 0, output
    assert_same_run(shop.folder / "begun", alone)
