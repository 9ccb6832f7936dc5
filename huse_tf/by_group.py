"""One optimizer over groups of variables, each with an optimizer of its own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

Optimizer = keras.optimizers.Optimizer


@keras.saving.register_keras_serializable("huse_tf")
class Scaled(keras.optimizers.schedules.LearningRateSchedule):
    """A learning-rate schedule times a factor."""

    def __init__(self, schedule: Callable, factor: float):
        """Takes a Keras schedule and the factor on it."""
        self.schedule = schedule
        self.factor = factor

    def __call__(self, step):
        """Returns the learning rate of a step."""
        return self.factor * self.schedule(step)

    def get_config(self) -> dict[str, Any]:
        """Returns what rebuilds the schedule."""
        serialize = keras.saving.serialize_keras_object
        return {"schedule": serialize(self.schedule), "factor": self.factor}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Scaled":
        """Builds what `get_config` was asked about."""
        schedule = keras.saving.deserialize_keras_object(config["schedule"])
        return cls(schedule, config["factor"])


@keras.saving.register_keras_serializable("huse_tf")
class ByGroup(Optimizer):
    """Applies to each group of variables the optimizer that is the group's.

    Inside of a `keras.optimizers.LossScaleOptimizer` all groups share one scale of the
    loss and one decision: an overflow in any of them skips the step of all. The state
    is that of the optimizers, one after the other; iterations and learning rate are
    those of the first.
    """

    def __init__(
        self,
        optimizers: Mapping[str, Optimizer],
        multipliers: Mapping[str, float],
        sizes: Mapping[str, int],
        name: str = "by_group",
    ):
        """Takes the optimizers of the groups.

        Args:
            optimizers: by the name of the group.
            multipliers: of the first group's learning rate, where that is set anew,
                by the name of the group.
            sizes: how many variables a group has, by its name.
            name: of the optimizer.
        """
        super().__init__(learning_rate=0.0, name=name)
        self.optimizers = dict(optimizers)
        self.multipliers = dict(multipliers)
        self.sizes = dict(sizes)

    @property
    def _first(self) -> Optimizer:
        return next(iter(self.optimizers.values()))

    def _parts(self, values: Sequence) -> list[Sequence]:
        """Cuts what there is one of for each variable into what is each group's."""
        parts, start = [], 0
        for size in self.sizes.values():
            parts.append(values[start : start + size])
            start += size
        return parts

    def build(self, variables: list[keras.Variable]) -> None:
        """Builds each group's optimizer.

        Args:
            variables: those of all groups, one group after the other.
        """
        super().build(variables)
        for optimizer, group in zip(
            self.optimizers.values(), self._parts(variables), strict=True
        ):
            optimizer.build(group)

    def apply(self, grads, trainable_variables=None) -> None:
        """Applies the gradients of all groups, one group after the other."""
        variables = trainable_variables or self._trainable_variables
        for optimizer, gradients, group in zip(
            self.optimizers.values(),
            self._parts(list(grads)),
            self._parts(list(variables)),
            strict=True,
        ):
            optimizer.apply(gradients, group)

    @property
    def variables(self) -> list[keras.Variable]:
        """The state of the groups' optimizers."""
        return [v for held in self.optimizers.values() for v in held.variables]

    @property
    def iterations(self):
        """Steps taken."""
        return self._first.iterations

    @property
    def learning_rate(self):
        """The first group's."""
        return self._first.learning_rate

    @learning_rate.setter
    def learning_rate(self, rate) -> None:
        """Sets every group's, in the ratio of the multipliers."""
        for name, optimizer in self.optimizers.items():
            optimizer.learning_rate = rate * self.multipliers[name]

    def finalize_variable_values(self, var_list: list[keras.Variable]) -> None:
        """Lets each optimizer end its own way, as those that average weights do."""
        for optimizer, group in zip(
            self.optimizers.values(), self._parts(var_list), strict=True
        ):
            optimizer.finalize_variable_values(group)

    def get_config(self) -> dict[str, Any]:
        """Returns what rebuilds the optimizer."""
        return {
            "optimizers": {
                name: keras.saving.serialize_keras_object(optimizer)
                for name, optimizer in self.optimizers.items()
            },
            "multipliers": dict(self.multipliers),
            "sizes": dict(self.sizes),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects=None) -> "ByGroup":
        """Builds what `get_config` was asked about."""
        optimizers = {
            name: keras.saving.deserialize_keras_object(held, custom_objects)
            for name, held in config["optimizers"].items()
        }
        return cls(**{**config, "optimizers": optimizers})


def grouped(
    optimizer: Any, multipliers: Mapping[str, float], sizes: Mapping[str, int]
) -> Optimizer:
    """Makes of what a user gave one optimizer over all groups.

    Args:
        optimizer: a name or an instance, of which each further group takes a copy with
            its learning rate multiplied; or an optimizer for each group by its name.
        multipliers: of the learning rate, by the names of the groups, whose order is
            that of the variables.
        sizes: how many variables a group has.

    Returns:
        The optimizer as it came where there is one group, otherwise a `ByGroup`; either
        in a LossScaleOptimizer where `optimizer` was one.

    Raises:
        ValueError: other groups were named than there are, or one of them has a scale
            of the loss to itself.
    """
    if isinstance(optimizer, Mapping) and "class_name" not in optimizer:
        if set(optimizer) != set(multipliers):
            raise ValueError(
                "optimizer must be one for all groups or one for each of "
                f"{', '.join(multipliers)}. Received: {', '.join(optimizer)}"
            )
        each = {name: keras.optimizers.get(optimizer[name]) for name in multipliers}
        for name, held in each.items():
            if isinstance(held, keras.optimizers.LossScaleOptimizer):
                raise ValueError(
                    "optimizer must leave the scale of the loss to compile, for one "
                    "overflow has to skip the step of all groups. Received: a "
                    f"LossScaleOptimizer for {name}"
                )
        return _joined(each, multipliers, sizes)
    optimizer = keras.optimizers.get(optimizer)
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        inner = grouped(optimizer.inner_optimizer, multipliers, sizes)
        if inner is optimizer.inner_optimizer:
            return optimizer
        return type(optimizer)(
            inner,
            initial_scale=optimizer.initial_scale,
            dynamic_growth_steps=optimizer.dynamic_growth_steps,
        )
    if isinstance(optimizer, ByGroup):
        if dict(optimizer.sizes) != dict(sizes):
            raise ValueError(
                f"optimizer must be of the groups {dict(sizes)}, variables by name. "
                f"Received: one of {dict(optimizer.sizes)}"
            )
        return optimizer
    first, *others = multipliers
    copies = {name: _copy(optimizer, multipliers[name]) for name in others}
    return _joined({first: optimizer, **copies}, multipliers, sizes)


def _joined(
    optimizers: dict[str, Optimizer],
    multipliers: Mapping[str, float],
    sizes: Mapping[str, int],
) -> Optimizer:
    if len(optimizers) == 1:
        return next(iter(optimizers.values()))
    return ByGroup(optimizers, multipliers, sizes)


def _copy(optimizer: Optimizer, multiplier: float) -> Optimizer:
    """Returns an optimizer of the same settings, its learning rate multiplied."""
    config = optimizer.get_config()
    rate = keras.saving.deserialize_keras_object(config["learning_rate"])
    scaled = Scaled(rate, multiplier) if callable(rate) else multiplier * rate
    return type(optimizer).from_config({**config, "learning_rate": scaled})
