"""Parts shared out among workers of a Ray cluster, which is started here."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from huse_tf.cluster import Cluster
from huse_tf.cluster.joining import cpus_each
from huse_tf.errors import InputError, Interrupted


@pytest.fixture
def ray(monkeypatch):
    """Ray, whose workers can import this module."""
    pytest.importorskip("ray.data", reason="needs ray: pip install 'huse_tf[ray]'")
    places = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))


def squares():
    tensorflow = sys.modules["tensorflow"]  # started, before this module was imported
    threads = tensorflow.config.threading.get_intra_op_parallelism_threads()
    return lambda part: {"square": part["number"] ** 2, "threads": threads}


def counts():
    return lambda part: {"products": 1, "square": part["number"] ** 2}


def squares_after_one_death():
    """The worker that is given 3 kills itself, unless one did before."""

    def work(part):
        if part["number"] == 3 and not os.path.exists(part["marker"]):
            open(part["marker"], "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.2)
        return {"square": part["number"] ** 2}

    return work


def deaths():
    def work(part):
        os.kill(os.getpid(), signal.SIGKILL)

    return work


def refuses():
    def work(part):
        raise InputError(f"row {part['number']}: no such row")

    return work


def parts(**more):
    return [{"number": number, **more} for number in range(6)]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Ray's own
class TestShareOut:
    def test_every_part_is_done_once(self, ray):
        answers = list(Cluster(2).share_out(squares, parts()))
        assert sorted(answer["square"] for answer in answers) == [0, 1, 4, 9, 16, 25]
        assert all(answer["threads"] >= 1 for answer in answers)

    def test_the_part_of_a_dead_worker_is_done_by_another(self, ray, tmp_path, capsys):
        marker = str(tmp_path / "died")
        answers = Cluster(2).share_out(squares_after_one_death, parts(marker=marker))
        assert sorted(a["square"] for a in answers) == [0, 1, 4, 9, 16, 25]
        assert os.path.exists(marker)
        assert "1 parts were begun again" in capsys.readouterr().out

    def test_a_part_that_kills_its_workers_ends(self, ray, monkeypatch):
        with pytest.raises(InputError, match="4 workers died over one part.*number 0"):
            list(Cluster(1).share_out(deaths, parts()[:1]))

    def test_what_is_wrong_with_a_part_is_said_as_without_an_engine(self, ray):
        with pytest.raises(InputError, match="row [0-5]: no such row"):
            list(Cluster(2).share_out(refuses, parts()))

    def test_what_a_worker_cannot_import_is_said(self, ray, monkeypatch):
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        with pytest.raises(InputError, match="cannot import what it needs.*test_clus"):
            list(Cluster(1).share_out(squares, parts()))

    def test_an_address_where_nobody_answers(self, ray, monkeypatch):
        with pytest.raises(InputError, match="`address` 127.0.0.1:9: no Ray cluster"):
            list(Cluster(1, "127.0.0.1:9").share_out(squares, parts()))

    def test_what_parts_gave_is_added_up(self, ray, capsys):
        """0 + 1 + 4 + 9 + 16 + 25 = 55."""
        total = Cluster(2).add_up(counts, parts(), 6, "Squaring")
        assert total == {"products": 6, "square": 55}
        assert "Squaring: 6/6 100%" in capsys.readouterr().out

    def test_signals_stay_with_whom_they_belonged(self, ray):
        seen = []
        before = signal.signal(signal.SIGTERM, lambda *_: seen.append(1))
        try:
            for _ in Cluster(1).share_out(squares, parts()[:2]):
                os.kill(os.getpid(), signal.SIGTERM)
        finally:
            signal.signal(signal.SIGTERM, before)
        assert seen == [1, 1]


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'huse_tf\[ray\]'"):
        next(Cluster(2).share_out(squares, parts()))


def test_a_signal_says_how_much_is_done():
    class Stopped(Cluster):
        def share_out(self, make, parts):
            yield {"products": 2}
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="2 of 6 products done.*same command"):
        Stopped(1).add_up(counts, parts(), 6, "Squaring")


def test_parts_are_of_10_000_rows_at_most_and_several_a_worker():
    """2,000 rows and 2 workers: 16 parts of 125; 1e6 rows: 100 of 10,000."""
    shares = Cluster(2).shares(2_000)
    assert [s.stop - s.start for s in shares] == [125] * 16
    assert len(Cluster(2).shares(1_000_000)) == 100
    for rows in (1, 17, 33, 100_001):
        shares = Cluster(3).shares(rows)
        covered = [row for share in shares for row in range(share.start, share.stop)]
        assert covered == list(range(rows))


def test_cpus_of_a_worker_are_of_one_machine_and_one_stays_free():
    assert cpus_each([3], 2) == 1
    assert cpus_each([17], 2) == 8
    assert cpus_each([4, 4], 2) == 3, "4 each would leave none"
    assert cpus_each([8, 3], 2) == 4, "both on the first machine, or on either"
    assert cpus_each([2], 2) == 0
    assert cpus_each([], 1) == 0
