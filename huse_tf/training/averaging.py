"""A running average of the weights: what is validated, kept as best and exported."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras
import tensorflow as tf

from huse_tf import arguments


class WeightAverage:
    """Exponential moving average of variables (Polyak averaging).

    Formula: a = d a + (1 - d) w after each step, d = min(decay, (1 + n) / (10 + n)) at
    the n-th step from 0, so that a short training is not averaged with its start; as
    tf.train.ExponentialMovingAverage does it with num_updates.
    """

    def __init__(self, weights: Sequence[tf.Variable], *, decay: float = 0.99):
        """Starts at the weights as they are.

        Args:
            weights: the variables that training changes.
            decay: in [0, 1); 0 averages nothing, and `swapped` changes nothing.

        Raises:
            ValueError: `decay` is outside of its range.
        """
        arguments.number("decay", decay, 0, 1, "[)")
        self._weights = list(weights) if decay else []
        self._decay = decay
        self._steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._averages = [tf.Variable(w, trainable=False) for w in self._weights]

    @property
    def variables(self) -> list[tf.Variable]:
        """What a checkpoint must hold to go on."""
        return [self._steps, *self._averages] if self._weights else []

    def update(self) -> None:
        """Takes the weights after a step in."""
        if not self._weights:
            return
        steps = tf.cast(self._steps, tf.float32)
        decay = tf.minimum(self._decay, (1.0 + steps) / (10.0 + steps))
        for average, weight in zip(self._averages, self._weights, strict=True):
            share = tf.cast(1.0 - decay, weight.dtype)
            average.assign_sub(share * (average - weight))
        self._steps.assign_add(1)

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """Puts the averages in the place of the weights, and the weights back."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def _exchange(self) -> None:
        for average, weight in zip(self._averages, self._weights, strict=True):
            kept = tf.identity(weight)
            weight.assign(average)
            average.assign(kept)


def changing_variables(model: keras.Model) -> list[tf.Variable]:
    """Returns what training changes: weights, and statistics of batch norm."""
    statistics = [
        v
        for v in model.non_trainable_variables
        if v.name in ("moving_mean", "moving_variance")
    ]
    return [v.value for v in (*model.trainable_variables, *statistics)]
