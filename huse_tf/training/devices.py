"""One process that trains on several devices, a replica on each."""

import contextlib
from collections.abc import Callable

import tensorflow as tf

from huse_tf.errors import InputError
from huse_tf.run.pipelines import Pipeline
from huse_tf.run.together import Alone


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
        xla: bool = False,
    ) -> Callable[[dict], tf.Tensor]:
        """Compiles what the replicas do with each of `batches`, which all return."""

        @tf.function(input_signature=[batches.element_spec])
        def together(batch: tf.distribute.DistributedValues) -> tf.Tensor:
            results = self._strategy.run(step, args=(batch,))
            return self._strategy.experimental_local_results(results)[0]

        return together

    def _copied_ahead(
        self, batches: tf.distribute.DistributedDataset
    ) -> tf.distribute.DistributedDataset:
        """Copies are made ahead by the strategy."""
        return batches
