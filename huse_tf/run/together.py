"""What the processes and devices of a training do each, and what together."""

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import tensorflow as tf

from huse_tf.features.reading import Features
from huse_tf.run.pipelines import Pipeline


class Alone:
    """One process on one device: it does everything itself and waits for nobody.

    The others are in training.distribution. Of several processes
    all go the same way through a program: where one asks for something here, all do.

    Attributes:
        leads: whether it is this process that writes to the run folder, prints,
            validates, and whose clock counts.
        replicas: how many share the rows of a step.
    """

    leads = True
    replicas = 1

    def scope(self, trains: bool = True) -> AbstractContextManager:
        """Makes what is built inside ready for this kind of training.

        Args:
            trains: whether what is built there trains; what does not is each process's
                own.
        """
        return contextlib.nullcontext()

    def check_batch_size(self, batch_size: int) -> None:
        """Raises InputError where the replicas cannot share so many rows."""

    def encoded(self, encode: Callable[..., Features]) -> Features:
        """Calls `encode`, which takes `part`, so that each row is encoded once."""
        return encode()

    def in_turn(self) -> AbstractContextManager:
        """Lets the one that leads go through what is inside first."""
        return contextlib.nullcontext()

    def told(self, value: Any) -> Any:
        """Returns the leading one's value, of what JSON knows."""
        return value

    def agreed(self, anyone: bool, *leading: bool) -> tuple[bool, ...]:
        """Decides alike everywhere.

        Args:
            anyone: counts where it is true in any process.
            leading: count as the leading one says.
        """
        return anyone, *leading

    def part(self) -> None:
        """Waits until all have done what they had to."""

    def batches(self, pipeline: Pipeline, first: int, last: int) -> tf.data.Dataset:
        """Returns the batches of the steps from `first` to before `last`, or more."""
        return pipeline.training(first, last)

    def taking(
        self,
        step: Callable[[dict], tf.Tensor],
        batches: tf.data.Dataset,
        at_once: int = 1,
        xla: bool = False,
    ) -> Callable[[int], tf.Tensor]:
        """Compiles steps.

        Args:
            step: from a batch to float32 [terms].
            batches: from `batches`.
            at_once: steps that are taken in one call, at most.
            xla: whether XLA compiles a step.

        Returns:
            Takes so many steps and returns float32 [steps, terms].
        """
        one = self.compiled(step, batches, xla)
        if at_once == 1:
            taken = iter(self._copied_ahead(batches))
            return lambda count: one(next(taken))[tf.newaxis]
        taken = iter(batches)

        @tf.function(input_signature=[tf.TensorSpec([], tf.int32)])
        def several(count: tf.Tensor) -> tf.Tensor:
            results = tf.TensorArray(tf.float32, count)
            for i in tf.range(count):
                results = results.write(i, one(next(taken)))
            return results.stack()

        return several

    def compiled(
        self,
        step: Callable[[dict], tf.Tensor],
        batches: tf.data.Dataset,
        xla: bool = False,
    ) -> Callable[[dict], tf.Tensor]:
        """Compiles what is done with each of `batches`."""
        function = tf.function(
            step, input_signature=[batches.element_spec], jit_compile=xla or None
        )
        return function.get_concrete_function()

    def _copied_ahead(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Copies a batch to the GPU, where there is one, while a step is computed."""
        if not tf.config.list_logical_devices("GPU"):
            return batches
        return batches.apply(tf.data.experimental.prefetch_to_device("GPU:0", 2))


ALONE = Alone()
