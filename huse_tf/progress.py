"""One progress bar for everything that takes long: rate, time left, current values."""

import shutil
import sys
from collections import deque
from time import perf_counter
from types import TracebackType

REDRAW_SECONDS = 0.1
LINE_SECONDS = 10.0
RATE_SECONDS = 30.0
BAR_CELLS = 24


class Progress:
    """A bar on a terminal; elsewhere a plain line every ten seconds and at the end.

    Example:
        with Progress(len(rows), "Encoding", unit="images") as bar:
            for batch in batches:
                bar.update(len(batch), loss=0.12)

    Args:
        total: how many units there are to do.
        label: what is being done.
        unit: what is counted, plural.
        quiet: whether to print nothing at all.
    """

    def __init__(
        self, total: int, label: str, unit: str = "images", quiet: bool = False
    ) -> None:
        """Sets the bar up; time counts from entering it."""
        self.total = total
        self.label = label
        self.unit = unit
        self.quiet = quiet or total == 0
        self.done = 0
        self._scalars: dict[str, float] = {}

    def __enter__(self) -> "Progress":
        """Starts the clock."""
        self._stream = sys.stdout
        self._terminal = self._stream.isatty()
        self._cells = "━─" if _can_print(self._stream.encoding, "━─") else "#-"
        self._start = self._drawn = perf_counter()
        self._samples = deque([(self._start, 0)])
        return self

    def update(self, n: int, **scalars: float) -> None:
        """Counts `n` more units as done and shows the latest values of `scalars`."""
        self.done += n
        self._scalars.update(scalars)
        now = perf_counter()
        wait = REDRAW_SECONDS if self._terminal else LINE_SECONDS
        if not self.quiet and now - self._drawn >= wait:
            self._drawn = now
            self._draw(now)

    def message(self, line: str) -> None:
        """Prints a line of its own, above the bar; `quiet` does not silence it."""
        if self.quiet or not self._terminal:
            print(line, flush=True)
            return
        width = max(shutil.get_terminal_size().columns - 1, 1)
        self._stream.write("\r" + line.ljust(width) + "\n")
        self._draw(perf_counter())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Draws the last state, with the time it took, and ends the line."""
        if self.quiet:
            return
        taken = perf_counter() - self._start
        rate = self.done / taken if taken > 0 else 0.0
        end = f"in {clock(taken)}"
        self._write(rate, end if kind is None else f"stopped after {clock(taken)}")
        if self._terminal:
            self._stream.write("\n")
            self._stream.flush()

    def _draw(self, now: float) -> None:
        """Draws with the rate of the last half minute and the time left at it."""
        while len(self._samples) > 1 and now - self._samples[1][0] > RATE_SECONDS:
            self._samples.popleft()
        then, before = self._samples[0]
        self._samples.append((now, self.done))
        rate = (self.done - before) / (now - then) if now > then else 0.0
        left = f"{clock((self.total - self.done) / rate)} left" if rate > 0 else ""
        self._write(rate, left)

    def _write(self, rate: float, time: str) -> None:
        share = min(1.0, self.done / self.total)
        count = f"{self.done:,}/{self.total:,}"
        parts = [f"{_short(rate)} {self.unit}/s", time]
        parts += [f"{name} {_value(value)}" for name, value in self._scalars.items()]
        rest = "  ".join(part for part in parts if part)
        if self._terminal:
            full = round(BAR_CELLS * share)
            bar = self._cells[0] * full + self._cells[1] * (BAR_CELLS - full)
            line = f"{self.label} {bar} {share:4.0%}  {count}  {rest}"
            width = max(shutil.get_terminal_size().columns - 1, 1)
            self._stream.write("\r" + line[:width].ljust(width))
        else:
            self._stream.write(f"{self.label}: {count} {share:.0%}  {rest}\n")
        self._stream.flush()


def clock(seconds: float) -> str:
    """Formats seconds as h:mm:ss, days included in the hours."""
    minutes, second = divmod(round(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02d}:{second:02d}"


def _short(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def _value(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _can_print(encoding: str | None, text: str) -> bool:
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
