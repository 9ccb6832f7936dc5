"""The optimizers by name, and the learning rate over a training."""

import dataclasses
from collections.abc import Mapping

import keras
import tensorflow as tf

from huse_tf import arguments
from huse_tf.config import OptimizerConfig

LearningRate = float | keras.optimizers.schedules.LearningRateSchedule


@keras.saving.register_keras_serializable("huse_tf")
class FusedRMSprop(keras.optimizers.RMSprop):
    """keras.optimizers.RMSprop, each variable updated by one kernel.

    Formula: v = rho v + (1 - rho) g^2; m = momentum m + lr g / sqrt(v + epsilon);
    w = w - m. The same as Keras's, which takes nine operations for it.
    """

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Updates one variable in place."""
        index = self._get_variable_index(variable)
        kind = variable.dtype

        def scalar(value):
            return tf.cast(value, kind)

        tf.raw_ops.ResourceApplyRMSProp(
            var=variable.handle,
            ms=self._velocities[index].value.handle,
            mom=self._momentums[index].value.handle,
            lr=scalar(learning_rate),
            rho=scalar(self.rho),
            momentum=scalar(self.momentum),
            epsilon=scalar(self.epsilon),
            grad=tf.cast(gradient, kind),
        )


@keras.saving.register_keras_serializable("huse_tf")
class WarmedCosine(keras.optimizers.schedules.CosineDecay):
    """keras.optimizers.schedules.CosineDecay, computed without a branch.

    Keras asks at each step whether warm-up is over, which a GPU asks its host.
    """

    def __call__(self, step):
        """Returns the learning rate of a step."""
        if self.warmup_target is None:
            return super().__call__(step)
        first, peak, warmup, decay = (
            _unfolded(value)
            for value in (
                self.initial_learning_rate,
                self.warmup_target,
                self.warmup_steps,
                self.decay_steps,
            )
        )
        step = tf.minimum(tf.cast(step, tf.float32), decay + warmup)
        return tf.where(
            step < warmup,
            self._warmup_function(step, warmup, peak, first),
            self._decay_function(step - warmup, decay, peak, tf.float32),
        )


def _unfolded(value: float) -> tf.Tensor:
    """A float32 that graph optimisation does not take for a constant.

    Otherwise a division by it becomes a multiplication, which rounds otherwise than in
    the branches that Keras has.
    """
    return tf.compat.v1.placeholder_with_default(tf.constant(value, tf.float32), [])


def make_optimizer(
    name: str = "rmsprop",
    *,
    learning_rate: float = 4e-4,
    momentum: float = 0.9,
    schedule: str = "constant",
    warmup_steps: int = 30,
    total_steps: int | None = None,
    multiplier: float = 1.0,
) -> keras.optimizers.Optimizer:
    """Builds an optimizer and its learning-rate schedule.

    Args:
        name: rmsprop | adam | sgd.
        learning_rate: the highest one, in (0, 10].
        momentum: of rmsprop and sgd, in [0, 1).
        schedule: constant | cosine, after warm-up.
        warmup_steps: the learning rate rises from 0 in this many steps, at least 0.
        total_steps: steps of the whole training; the cosine ends at 0 there, and
            warm-up before it.
        multiplier: factor on the learning rate, for encoders that are fine-tuned, in
            (0, 10].

    Returns:
        A Keras optimizer.

    Raises:
        ValueError: an argument is outside of its range, or a cosine has no end.
    """
    arguments.choice("name", name, _KINDS)
    arguments.number("momentum", momentum, 0, 1, "[)")
    rate = learning_rate_schedule(
        learning_rate, schedule, warmup_steps, total_steps, multiplier
    )
    return _KINDS[name](rate, momentum)


def optimizers_by_group(
    config: OptimizerConfig, multipliers: Mapping[str, float], total_steps: int
) -> dict[str, keras.optimizers.Optimizer]:
    """Builds the optimizer of each group of a model's variables.

    Args:
        config: [optimizer].
        multipliers: of the learning rate, by group.
        total_steps: steps of the whole training.
    """
    settings = dataclasses.asdict(config)
    del settings["average_decay"]
    return {
        group: make_optimizer(**settings, total_steps=total_steps, multiplier=factor)
        for group, factor in multipliers.items()
    }


def learning_rate_schedule(
    learning_rate: float,
    schedule: str,
    warmup_steps: int,
    total_steps: int | None,
    multiplier: float = 1.0,
) -> LearningRate:
    """Returns the learning rate by step, or the number that it always is.

    Args:
        learning_rate: as in `make_optimizer`, and so are the others.
        schedule: constant | cosine.
        warmup_steps: at least 0.
        total_steps: needed by the cosine.
        multiplier: factor on the learning rate.

    Raises:
        ValueError: an argument is outside of its range, or a cosine has no end.
    """
    arguments.number("learning_rate", learning_rate, 0, 10, "(]")
    arguments.choice("schedule", schedule, ("constant", "cosine"))
    arguments.integer("warmup_steps", warmup_steps, 0)
    arguments.number("multiplier", multiplier, 0, 10, "(]")
    if total_steps is not None or schedule == "cosine":
        arguments.integer("total_steps", total_steps, 1)
    peak = float(learning_rate) * multiplier
    if not warmup_steps and schedule != "cosine":
        return peak
    # Without an end the decay, from the peak to the peak, may be of any length.
    end = warmup_steps + 1 if total_steps is None else total_steps
    warmup = min(warmup_steps, end - 1)
    return WarmedCosine(
        initial_learning_rate=0.0 if warmup else peak,
        decay_steps=max(1, end - warmup),
        alpha=0.0 if schedule == "cosine" else 1.0,
        warmup_target=peak if warmup else None,
        warmup_steps=warmup,
    )


def moved_cosine(config: OptimizerConfig, step: int, before: int, now: int) -> str:
    """Says what a new end of training does to a cosine's learning rate.

    Args:
        config: [optimizer], with a cosine.
        step: steps taken.
        before: steps of the whole training, as they were when it began.
        now: as they are.
    """
    then, later = (
        float(
            learning_rate_schedule(
                config.learning_rate, "cosine", config.warmup_steps, last
            )(step)
        )
        for last in (before, now)
    )
    return (
        f"the cosine of the learning rate now ends at step {now:,}, not {before:,}: "
        f"after step {step:,} it is {later:.3g} instead of {then:.3g}"
    )


def _rmsprop(rate, momentum: float) -> keras.optimizers.Optimizer:
    # The fused kernel wants a momentum slot, which Keras leaves out at 0.
    kind = FusedRMSprop if momentum else keras.optimizers.RMSprop
    return kind(rate, momentum=momentum)


_KINDS = {
    "rmsprop": _rmsprop,
    "adam": lambda rate, momentum: keras.optimizers.Adam(rate),
    "sgd": lambda rate, momentum: keras.optimizers.SGD(rate, momentum=momentum),
}
