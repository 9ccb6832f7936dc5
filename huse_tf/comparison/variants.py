"""What is compared: the methods of section 4.2, or variants of HUSE."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from huse_tf.config import Config
from huse_tf.config.values import nearest
from huse_tf.errors import InputError
from huse_tf.objectives.registry import OBJECTIVES

# HUSE as the paper has it (loss.delta = 0), as the config has it, and the others.
METHODS = ("huse", "huse_product", *(name for name in OBJECTIVES if name != "huse"))

# What all retrieval and the choice of the best epoch rest on differs here: there is no
# space that images and texts share.
TWO_SPACES = ("separate",)


@dataclass(frozen=True)
class Variant:
    """One row of the tables.

    Attributes:
        name: of the row and of its folder.
        changes: "section.key" -> value, against the config of the comparison.
    """

    name: str
    changes: Mapping[str, Any]

    @property
    def shares_space(self) -> bool:
        """Whether images and texts can be compared with each other."""
        return self.name not in TWO_SPACES


def _method(name: str) -> Variant:
    changes = {"objective.name": name}
    if name == "huse":
        changes["loss.delta"] = 0.0
    if name == "huse_product":
        changes["objective.name"] = "huse"
    if name in TWO_SPACES:
        changes["training.best_metric"] = "fusion_accuracy"
    return Variant(name, changes)


def _of_huse(**variants: dict[str, Any]) -> tuple[Variant, ...]:
    return tuple(
        Variant(name, {"objective.name": "huse", **changes})
        for name, changes in variants.items()
    )


def _values(key: str, *values: float | str, **others: Any) -> tuple[Variant, ...]:
    short = key.split(".")[1]
    return _of_huse(
        **{
            f"{short}_{value}": {
                key: value,
                **{name.replace("__", "."): other for name, other in others.items()},
            }
            for value in values
        }
    )


PRESETS = {
    "terms": _of_huse(
        all_terms={},
        no_classification={"loss.alpha": 0.0},
        no_graph={"loss.beta": 0.0},
        no_gap={"loss.gamma": 0.0},
        no_product={"loss.delta": 0.0},
    ),
    "graph_margin": _values("loss.graph_margin", "none", "hinge", "printed"),
    "margin": _values(
        "loss.margin", 0.3, 0.5, 0.7, 0.9, 1.1, loss__graph_margin="hinge"
    ),
    "logit_scale": _values("loss.logit_scale", 1.0, 4.0, 8.0, 16.0, 32.0, "learned"),
    "graph": _values("class_encoder.graph", "names", "tree"),
}


def methods(names: str) -> tuple[Variant, ...]:
    """Returns the methods of a list such as "huse,cme".

    Raises:
        InputError: one is unknown or comes twice, or there is none.
    """
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in METHODS:
            raise InputError(
                f"`methods` {names}: unknown method {name!r}; the nearest is "
                f"{nearest(name, METHODS)}; known are {','.join(METHODS)}"
            )
    if len(set(wanted)) < len(wanted):
        raise InputError(f"`methods` {names}: a method comes twice; name each once")
    return tuple(map(_method, wanted))


def preset(name: str) -> tuple[Variant, ...]:
    """Returns the variants of a preset.

    Raises:
        InputError: there is no such preset.
    """
    if name not in PRESETS:
        raise InputError(
            f"`preset` {name}: unknown preset; the nearest is {nearest(name, PRESETS)};"
            f" known are {', '.join(PRESETS)}"
        )
    return PRESETS[name]


def changed(config: Config, changes: Mapping[str, Any]) -> Config:
    """Returns the config with other values of some "section.key"."""
    for key, value in changes.items():
        section, name = key.split(".")
        part = dataclasses.replace(getattr(config, section), **{name: value})
        config = dataclasses.replace(config, **{section: part})
    return config
