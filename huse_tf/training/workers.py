"""Several processes that train together, of which the first one leads."""

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

from huse_tf.errors import Interrupted
from huse_tf.features.reading import Features
from huse_tf.interruption import RESUMABLE, STOP
from huse_tf.training.devices import Devices

_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)
_GONE = (
    "another worker is gone, so this one ends too; the same command, with as many "
    "workers as there are, goes on after the last checkpoint"
)
# A leading process that cannot be reached so many times, so far apart, is gone.
UNHEARD, ASK_SECONDS = 4, 5.0


class Workers(Devices):
    """Several processes, one of which leads, each with a replica on each device."""

    def __init__(self, strategy: tf.distribute.MultiWorkerMirroredStrategy):
        """Takes the strategy, whose cluster is that of TF_CONFIG."""
        super().__init__(strategy)
        STOP.take_back()  # TensorFlow's servers listen for SIGTERM, and do nothing
        resolver = strategy.cluster_resolver
        cluster = resolver.cluster_spec()
        tasks = [
            (job, index)
            for job in ("chief", "worker")
            if job in cluster.jobs
            for index in cluster.task_indices(job)
        ]
        self._count = len(tasks)
        self._index = tasks.index((resolver.task_type, resolver.task_id))
        self._devices = self.replicas // self._count
        self._summed = tf.function(
            self._sum, input_signature=[tf.TensorSpec([None], tf.float32)]
        )
        self.leads = self._index == 0
        if not self.leads:
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # one of them prints
            leader = cluster.task_address(*tasks[0])
            threading.Thread(target=_follow, args=(leader,), daemon=True).start()

    def encoded(self, encode: Callable[..., Features]) -> Features:
        """Encodes a part of the rows, and then, where folders differ, all others."""
        encode(part=(self._index + 1, self._count))
        self.part()
        return encode()

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Lets the one that leads go through what is inside first."""
        if not self.leads:
            self.part()
        yield
        if self.leads:
            self.part()

    def told(self, value: object) -> object:
        """Returns the leading one's value, of what JSON knows."""
        message = json.dumps(value).encode() if self.leads else b""
        size = int(self._total([len(message)])[0])
        letters = np.zeros(size, np.float32)
        letters[: len(message)] = list(message)
        return json.loads(self._total(letters).astype(np.uint8).tobytes())

    def agreed(self, anyone: bool, *leading: bool) -> tuple[bool, ...]:
        """Decides alike everywhere: see `Alone`."""
        votes = [anyone, *(vote and self.leads for vote in leading)]
        return tuple(bool(total) for total in self._total(votes))

    def part(self) -> None:
        """Waits until all have done what they had to."""
        self._total([0.0])

    def taking(
        self,
        step: Callable[[dict], tf.Tensor],
        batches: tf.distribute.DistributedDataset,
        at_once: int = 1,
        xla: bool = False,
    ) -> Callable[[int], tf.Tensor]:
        """Compiles steps that all processes take together: see `Alone`."""
        take = super().taking(step, batches, at_once, xla)

        def together(count: int) -> tf.Tensor:
            with _nobody_lost():
                return take(count)

        return together

    def _total(self, values: Sequence[float]) -> np.ndarray:
        """Sums float32 values, as many in each process, over the processes.

        Raises:
            Interrupted: one of them is gone.
        """
        with _nobody_lost():
            return self._summed(tf.constant(values, tf.float32)).numpy()

    def _sum(self, values: tf.Tensor) -> tf.Tensor:
        def of_replica(values: tf.Tensor) -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            counts = context.replica_id_in_sync_group % self._devices == 0
            mine = tf.where(counts, values, tf.zeros_like(values))
            return context.all_reduce(tf.distribute.ReduceOp.SUM, mine)

        total = self._strategy.run(of_replica, args=(values,))
        return self._strategy.experimental_local_results(total)[0]


@contextmanager
def _nobody_lost() -> Iterator[None]:
    """Turns what a process sees of another that died into the end of a run.

    Raises:
        Interrupted: another process is gone, and with it the rows that it had.
    """
    try:
        yield
    except _LOST as error:
        raise Interrupted(_GONE) from error


def _follow(leader: str) -> None:
    """Ends this process once the leading one is gone.

    TensorFlow, which asks the leading process how the others are, takes a minute to
    notice that it has nobody to ask.

    Args:
        leader: host:port where it listens.
    """
    host, _, port = leader.rpartition(":")
    unheard = 0
    while unheard < UNHEARD:
        time.sleep(ASK_SECONDS)
        try:
            socket.create_connection((host.strip("[]"), int(port)), ASK_SECONDS).close()
            unheard = 0
        except OSError:
            unheard += 1
    os.write(2, f"\n{_GONE}\n".encode())
    os._exit(RESUMABLE)
