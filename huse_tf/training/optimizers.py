"""The optimizer that a config names."""

import keras
import tensorflow as tf

from huse_tf.config import OptimizerConfig


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


def make_optimizer(
    config: OptimizerConfig,
    total_steps: int,
    multiplier: float = 1.0,
    precision: str = "float32",
) -> keras.optimizers.Optimizer:
    """Builds the optimizer and its learning-rate schedule.

    Args:
        config: name, learning_rate, momentum, schedule, warmup_steps.
        total_steps: steps of the whole training; the cosine ends at 0 there.
        multiplier: factor on the learning rate, for encoders that are fine-tuned.
        precision: of the towers; mixed_float16 needs its loss scaled.

    Returns:
        A Keras optimizer.
    """
    rate = _learning_rate(config, total_steps, multiplier)
    optimizer = _KINDS[config.name](rate, config.momentum)
    if precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def learning_rate_at(config: OptimizerConfig, total_steps: int, step: int) -> float:
    """Returns the learning rate after `step` of `total_steps` steps."""
    rate = _learning_rate(config, total_steps, 1.0)
    return float(rate(step)) if callable(rate) else rate


def _learning_rate(
    config: OptimizerConfig, total_steps: int, multiplier: float
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    peak = config.learning_rate * multiplier
    if not config.warmup_steps and config.schedule != "cosine":
        return peak
    warmup = min(config.warmup_steps, total_steps - 1)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else peak,
        decay_steps=max(1, total_steps - warmup),
        alpha=0.0 if config.schedule == "cosine" else 1.0,
        warmup_target=peak if warmup else None,
        warmup_steps=warmup,
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
