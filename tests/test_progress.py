"""The progress bar, on a terminal and in a log."""

import io

import pytest

from huse_tf import progress
from huse_tf.progress import Progress, clock


class Screen(io.StringIO):
    """Standard output that says what it is."""

    def __init__(self, terminal, encoding="utf-8"):
        super().__init__()
        self._terminal = terminal
        self._encoding = encoding

    @property
    def encoding(self):
        return self._encoding

    def isatty(self):
        return self._terminal


@pytest.fixture
def seconds(monkeypatch):
    """A clock that stands still until the test moves it."""
    now = [100.0]
    monkeypatch.setattr(progress, "perf_counter", lambda: now[0])
    monkeypatch.setenv("COLUMNS", "200")
    return now


def use(monkeypatch, screen):
    monkeypatch.setattr("sys.stdout", screen)
    return screen


def test_a_log_gets_a_line_every_ten_seconds_and_at_the_end(monkeypatch, seconds):
    """100 images, 10 a second: lines at 10 s (end of the wait) and when done."""
    screen = use(monkeypatch, Screen(terminal=False))
    with Progress(120, "Encoding") as bar:
        for _ in range(12):
            seconds[0] += 1.0
            bar.update(10, loss=0.25)
    assert screen.getvalue().splitlines() == [
        "Encoding: 100/120 83%  10 images/s  0:00:02 left  loss 0.25",
        "Encoding: 120/120 100%  10 images/s  in 0:00:12  loss 0.25",
    ]


def test_a_terminal_gets_one_line_redrawn(monkeypatch, seconds):
    screen = use(monkeypatch, Screen(terminal=True))
    with Progress(4, "Training", unit="examples") as bar:
        for _ in range(4):
            seconds[0] += 0.5
            bar.update(1)
    text = screen.getvalue()
    assert text.count("\n") == 1 and text.endswith("\n")
    states = text.strip().split("\r")
    assert len(states) == 5, "four updates half a second apart and the end"
    assert states[1].startswith("Training " + "━" * 12 + "─" * 12 + "  50%  2/4")
    assert "2 examples/s  0:00:01 left" in states[1]
    assert "in 0:00:02" in states[-1]


def test_a_terminal_is_not_redrawn_more_than_ten_times_a_second(monkeypatch, seconds):
    screen = use(monkeypatch, Screen(terminal=True))
    with Progress(1000, "Encoding") as bar:
        for _ in range(1000):
            seconds[0] += 0.001
            bar.update(1)
    assert 8 <= screen.getvalue().count("\r") <= 11


def test_a_narrow_terminal_never_wraps(monkeypatch, seconds):
    monkeypatch.setenv("COLUMNS", "20")
    screen = use(monkeypatch, Screen(terminal=True))
    with Progress(10, "Encoding") as bar:
        seconds[0] += 1
        bar.update(10)
    assert max(map(len, screen.getvalue().strip("\n").split("\r"))) == 19


def test_ascii_where_the_terminal_has_no_more(monkeypatch, seconds):
    screen = use(monkeypatch, Screen(terminal=True, encoding="ascii"))
    with Progress(2, "Encoding") as bar:
        seconds[0] += 1
        bar.update(1)
    assert "#" * 12 + "-" * 12 in screen.getvalue()


def test_the_rate_is_of_the_last_half_minute(monkeypatch, seconds):
    """A slow first minute (1 a second), then 100 a second for 60 s."""
    screen = use(monkeypatch, Screen(terminal=False))
    with Progress(100_000, "Encoding") as bar:
        for step in range(120):
            seconds[0] += 1.0
            bar.update(1 if step < 60 else 100)
    last_but_one, last = screen.getvalue().splitlines()[-2:]
    assert " 100 images/s" in last_but_one
    assert " 50 images/s" in last, "6,060 in 120 s"


def test_whole_numbers_are_written_whole(monkeypatch, seconds):
    screen = use(monkeypatch, Screen(terminal=False))
    with Progress(1, "Training") as bar:
        seconds[0] += 1
        bar.update(1, epoch=12345, loss=0.123456)
    assert screen.getvalue().endswith("  epoch 12,345  loss 0.1235\n")


def test_a_message_stands_above_the_bar(monkeypatch, seconds):
    monkeypatch.setenv("COLUMNS", "60")
    screen = use(monkeypatch, Screen(terminal=True))
    with Progress(2, "Training") as bar:
        seconds[0] += 1
        bar.update(1)
        bar.message("epoch 1: better")
        seconds[0] += 1
        bar.update(1)
    above, below = screen.getvalue().rstrip("\n").split("\n")
    assert above.split("\r")[-1] == "epoch 1: better".ljust(59), "covers the bar"
    assert below.startswith("\rTraining ") and " 50%" in below.split("\r")[1]


@pytest.mark.parametrize("quiet", [False, True])
def test_a_message_in_a_log_is_a_line(monkeypatch, seconds, quiet):
    screen = use(monkeypatch, Screen(terminal=False))
    with Progress(2, "Training", quiet=quiet) as bar:
        bar.message("epoch 1: better")
        assert screen.getvalue() == "epoch 1: better\n"


def test_an_exception_ends_the_line_and_passes_on(monkeypatch, seconds):
    screen = use(monkeypatch, Screen(terminal=False))
    with pytest.raises(KeyboardInterrupt):
        with Progress(10, "Encoding") as bar:
            seconds[0] += 3
            bar.update(3)
            raise KeyboardInterrupt
    assert screen.getvalue() == (
        "Encoding: 3/10 30%  1 images/s  stopped after 0:00:03\n"
    )


@pytest.mark.parametrize("total, quiet", [(0, False), (5, True)])
def test_nothing_to_do_or_to_say_prints_nothing(capsys, total, quiet):
    with Progress(total, "Encoding", quiet=quiet) as bar:
        bar.update(total)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "duration, text", [(0, "0:00:00"), (59.6, "0:01:00"), (90_061, "25:01:01")]
)
def test_clock(duration, text):
    assert clock(duration) == text
