"""SIGINT, SIGTERM and SIGHUP: the first ends the work in order, the second at once.

SIGHUP comes when the terminal closes; under nohup, which ignores it, it is ignored.
"""

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager

RESUMABLE = 75  # the exit status of what the same command continues


class StopSignals:
    """What a signal does now.

    The first one raises KeyboardInterrupt; is noted in `asked` inside `deferred`; or
    ends the process inside `at_once`. A second one always ends the process.

    Attributes:
        asked: whether a signal came.
    """

    def __init__(self):
        """Changes nothing before the context is entered."""
        self.asked = False
        self._depth = 0
        self._deferred = False
        self._screen: int | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> "StopSignals":
        """Takes the signals over; contexts may be nested."""
        self._depth += 1
        if self._depth == 1:
            self.asked = False
            kinds = [signal.SIGINT, signal.SIGTERM]
            if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
                kinds.append(signal.SIGHUP)
            self._before = {kind: signal.signal(kind, self._note) for kind in kinds}
        return self

    def __exit__(self, *error: object) -> None:
        """Leaves the signals to whom they belonged."""
        self._depth -= 1
        if self._depth == 0:
            for kind, handler in self._before.items():
                signal.signal(kind, handler)

    def take_back(self) -> None:
        """Takes the signals over anew, after a library has taken them."""
        for kind in self._before if self._depth else ():
            signal.signal(kind, self._note)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Lets the work inside look at `asked`, and stop where all is in order.

        Raises:
            KeyboardInterrupt: it ended without having looked.
        """
        with self._while_deferred(True):
            yield
        self._raise_if_asked()

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Inside `deferred`: work that may be dropped; raises KeyboardInterrupt."""
        with self._while_deferred(False):
            self._raise_if_asked()
            yield

    @contextmanager
    def at_once(self, screen: int) -> Iterator[None]:
        """While there is nothing to put in order: a signal ends the process.

        Args:
            screen: file descriptor for the line that says so.
        """
        self._screen = screen
        try:
            yield
        finally:
            self._screen = None

    @contextmanager
    def _while_deferred(self, deferred: bool) -> Iterator[None]:
        before, self._deferred = self._deferred, deferred
        try:
            yield
        finally:
            self._deferred = before

    def _raise_if_asked(self) -> None:
        if self.asked and not self._deferred:
            raise KeyboardInterrupt

    def _note(self, kind: int, frame: object) -> None:
        if self.asked:
            os._exit(128 + kind)
        self.asked = True
        if kind == signal.SIGHUP:
            _leave_terminal()
        if self._screen is not None:
            os.write(self._screen, b"\ninterrupted; the same command goes on\n")
            os._exit(RESUMABLE)
        if not self._deferred:
            raise KeyboardInterrupt
        print("\nsaving after this step; once more to leave at once", flush=True)


def _leave_terminal() -> None:
    """Prints nowhere from now on: who writes to a closed terminal fails."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):
        if stat.S_ISCHR(os.fstat(output).st_mode):
            os.dup2(nowhere, output)
    os.close(nowhere)


STOP = StopSignals()
