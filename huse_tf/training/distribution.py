"""Training on several devices and in several processes, by tf.distribute.

The batch of a step is the same whatever there is to compute it: each replica takes its
rows of it, the objective is that of all rows, see `huse_tf.replicas`, and a checkpoint
knows nothing of how many there were. Of several processes the first one leads: see
`Alone`, which is the one process that needs none of this.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

from huse_tf.errors import InputError, Interrupted, first_line
from huse_tf.features.reading import Features
from huse_tf.run.pipelines import Pipeline
from huse_tf.run.together import ALONE, Alone

# How many devices a processor is, where there is no GPU: to try things out.
CPU_DEVICES = "HUSE_CPU_DEVICES"
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)


def distribute(how: str, batch_size: int) -> Alone:
    """Makes ready what training.distribute says, before TensorFlow does anything else.

    Args:
        how: none | devices | workers.
        batch_size: rows a step.

    Raises:
        InputError: TF_CONFIG does not say which worker this is, TensorFlow is in use
            already, or the replicas cannot share so many rows.
    """
    if how == "none":
        return ALONE
    try:
        _split_processor()
        made = Devices(_mirrored()) if how == "devices" else Workers(_multi_worker())
    except RuntimeError as error:
        raise InputError(
            f"training.distribute = {how}: TensorFlow is in use already "
            f"({first_line(error)}); make this the first that the process does"
        ) from error
    made.check_batch_size(batch_size)
    return made


class Devices(Alone):
    """One process, a replica on each device."""

    def __init__(self, strategy: tf.distribute.Strategy):
        """Takes the strategy."""
        self._strategy = strategy
        self.replicas = strategy.num_replicas_in_sync

    def scope(self, trains: bool = True) -> contextlib.AbstractContextManager:
        """Puts a copy of each variable that is made on every device."""
        return self._strategy.scope() if trains else contextlib.nullcontext()

    def check_batch_size(self, batch_size: int) -> None:
        """Raises InputError where the replicas cannot share so many rows."""
        if batch_size % self.replicas:
            less = batch_size - batch_size % self.replicas
            raise InputError(
                f"training.batch_size = {batch_size}: {self.replicas} replicas cannot "
                "share it; expected a multiple of their number, such as "
                f"{less or self.replicas}"
            )

    def batches(
        self, pipeline: Pipeline, first: int, last: int
    ) -> tf.distribute.DistributedDataset:
        """Returns the steps' batches, each replica's rows on its device, without end.

        An end would have to be asked for among the processes at each step.
        """
        self.check_batch_size(pipeline.batch_size)

        def shares(context: tf.distribute.InputContext) -> tf.data.Dataset:
            here = self.replicas // context.num_input_pipelines
            begin = context.input_pipeline_id * here
            return pipeline.shares(first, self.replicas, range(begin, begin + here))

        return self._strategy.distribute_datasets_from_function(shares)

    def compiled(
        self,
        step: Callable[[dict], tf.Tensor],
        batches: tf.distribute.DistributedDataset,
    ) -> Callable[[dict], tf.Tensor]:
        """Compiles what the replicas do with each of `batches`, which all return."""

        @tf.function(input_signature=[batches.element_spec])
        def together(batch: tf.distribute.DistributedValues) -> tf.Tensor:
            results = self._strategy.run(step, args=(batch,))
            return self._strategy.experimental_local_results(results)[0]

        return together


class Workers(Devices):
    """Several processes, one of which leads, each with a replica on each device."""

    def __init__(self, strategy: tf.distribute.MultiWorkerMirroredStrategy):
        """Takes the strategy, whose cluster is that of TF_CONFIG."""
        super().__init__(strategy)
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
        if not self.leads:  # one of them prints
            sys.stdout = open(os.devnull, "w", encoding="utf-8")

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

    def compiled(
        self,
        step: Callable[[dict], tf.Tensor],
        batches: tf.distribute.DistributedDataset,
    ) -> Callable[[dict], tf.Tensor]:
        """Compiles what the replicas of all processes do with each of `batches`."""
        function = super().compiled(step, batches)

        def together(batch: tf.distribute.DistributedValues) -> tf.Tensor:
            with _nobody_lost():
                return function(batch)

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
        raise Interrupted(
            "another worker is gone, so this one ends too "
            f"({first_line(error)[:120]}); the same command, with as many workers as "
            "there are, goes on after the last checkpoint"
        ) from error


def _split_processor() -> None:
    """Makes of the processor the devices that HUSE_CPU_DEVICES says, if any."""
    wanted = os.environ.get(CPU_DEVICES, "1")
    if not wanted.isdecimal() or not 1 <= int(wanted) <= 64:
        raise InputError(
            f"the environment's {CPU_DEVICES} = {wanted}: expected a whole number from "
            "1 to 64"
        )
    if int(wanted) > 1:
        (processor,) = tf.config.list_physical_devices("CPU")
        device = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(processor, [device] * int(wanted))


def _mirrored() -> tf.distribute.MirroredStrategy:
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    devices = tf.config.list_logical_devices(kind)
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def _multi_worker() -> tf.distribute.MultiWorkerMirroredStrategy:
    text = os.environ.get("TF_CONFIG", "")
    try:
        config = json.loads(text)
        task = config["task"]
        kind, index = task["type"], task["index"]
        config["cluster"][kind][int(index)]
    except (ValueError, TypeError, LookupError):
        kind = None
    if kind not in ("chief", "worker"):
        raise InputError(
            "training.distribute = workers: the environment's TF_CONFIG must say which "
            "worker this is of which; expected "
            '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", '
            f'"index": 0}}}}, received {text or "none"}'
        )
    return tf.distribute.MultiWorkerMirroredStrategy()
