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

    def compiled(
        self, step: Callable[[dict], tf.Tensor], batches: tf.data.Dataset
    ) -> Callable[[dict], tf.Tensor]:
        """Compiles what is done with each of `batches`."""
        function = tf.function(step, input_signature=[batches.element_spec])
        return function.get_concrete_function()


ALONE = Alone()
