"""The objectives that a config can name; importing this imports no TensorFlow."""

import dataclasses
from typing import Literal

from huse_tf.registry import Entry

_HUSE = "huse_tf.objectives.huse:"
_BASELINES = "huse_tf.objectives.baselines:"
_PAIRS = "huse_tf.objectives.pairs:"
_WEIGHTS = ("loss.alpha", "loss.beta", "loss.gamma")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ObjectiveEntry(Entry):
    """An objective, made of where the classes are and of its keys.

    Attributes:
        classes: how it knows the classes: by their distances A, float32 [K, K], by
            their places psi, float32 [K, D], or not at all.
    """

    classes: Literal["graph", "embeddings", ""] = ""


OBJECTIVES = {
    "huse": ObjectiveEntry(
        maker=_HUSE + "Huse",
        keys=(
            *_WEIGHTS,
            "loss.margin",
            "loss.graph_margin",
            "loss.delta",
            "loss.temperature",
            "loss.class_margin",
        ),
        classes="graph",
    ),
    "huse_p": ObjectiveEntry(
        maker=_HUSE + "HuseP", keys=_WEIGHTS, classes="embeddings"
    ),
    "triplet": ObjectiveEntry(
        maker=_BASELINES + "Triplet", keys=("objective.triplet_margin",)
    ),
    "cme": ObjectiveEntry(
        maker=_BASELINES + "Cme",
        keys=(
            "objective.cme_margin",
            "objective.cme_positive_share",
            "objective.cme_classification_weight",
        ),
    ),
    "adamine": ObjectiveEntry(
        maker=_BASELINES + "AdaMine",
        keys=("objective.adamine_margin", "objective.adamine_class_weight"),
    ),
    "devise": ObjectiveEntry(
        maker=_BASELINES + "Devise",
        keys=("objective.devise_margin",),
        classes="embeddings",
    ),
    "hie": ObjectiveEntry(
        maker=_BASELINES + "Hie",
        keys=("objective.hie_classification_weight",),
        classes="embeddings",
    ),
    "separate": ObjectiveEntry(maker=_BASELINES + "Separate"),
    "clip": ObjectiveEntry(maker=_PAIRS + "Clip"),
    "siglip": ObjectiveEntry(maker=_PAIRS + "Siglip"),
}
