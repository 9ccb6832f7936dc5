"""Settings tried for a method, and what chooses among them: validation rows only."""

import zlib
from collections.abc import Mapping

import numpy as np

from huse_tf.comparison.variants import Variant
from huse_tf.config import Config
from huse_tf.metrics.registry import DIRECTIONS

# A value is drawn log-uniformly from the config's / FACTOR to the config's * FACTOR.
FACTOR = 4.0

# The learning rate and the weights and margins that are the method's own; the highest
# value that the config takes. alpha stays: it is the unit of the other weights.
_RATE = {"optimizer.learning_rate": 10.0}
_SCALE = {"loss.logit_scale": 1000.0}
_HUSE = {"loss.beta": np.inf, "loss.gamma": np.inf, **_SCALE}
SPACE = {
    "huse": _HUSE,
    "huse_product": {
        **_HUSE,
        "loss.delta": np.inf,
        "loss.temperature": 1.0,
        "loss.class_margin": 2.0,
    },
    "huse_p": _HUSE,
    "triplet": {"objective.triplet_margin": 4.0},
    "cme": {
        "objective.cme_margin": 1.0,
        "objective.cme_positive_share": 1.0,
        "objective.cme_classification_weight": np.inf,
        **_SCALE,
    },
    "adamine": {
        "objective.adamine_margin": 2.0,
        "objective.adamine_class_weight": np.inf,
    },
    "devise": {"objective.devise_margin": 2.0},
    "hie": {"objective.hie_classification_weight": np.inf, **_SCALE},
    "separate": _SCALE,
    "clip": {},
    "siglip": {},
}

ONE_SPACE_SCORE = (
    *(f"{query}_to_{items}_R@1" for query, items in DIRECTIONS),
    *(f"{q}_to_{i}_instance_R@10" for q, i in DIRECTIONS if q != i),
)
TWO_SPACES_SCORE = ("image_to_image_R@1", "text_to_text_R@1", "fusion_accuracy")


def keys(method: str) -> tuple[str, ...]:
    """Returns the "section.key" that a method's sweep varies."""
    return (*_RATE, *SPACE[method])


def draw(config: Config, variant: Variant, trial: int) -> dict[str, float]:
    """Draws the settings of a trial.

    Args:
        config: of the comparison; training.seed decides what is drawn.
        variant: a method.
        trial: from 0, which is the config as it is.

    Returns:
        "section.key" -> value, of three digits; what is no number in the config
        ("learned") is not varied.
    """
    if trial == 0:
        return {}
    name = zlib.crc32(variant.name.encode())
    random = np.random.default_rng([config.training.seed, name, trial])
    drawn = {}
    for key, highest in (_RATE | SPACE[variant.name]).items():
        factor = FACTOR ** random.uniform(-1.0, 1.0)
        value = config.value(key)
        if not isinstance(value, str):
            drawn[key] = float(f"{min(value * factor, highest):.3g}")
    return drawn


def score(variant: Variant, metrics: Mapping[str, float]) -> float:
    """Returns what chooses among trials, of validation rows; higher is better.

    The mean of R@1 of the class in the four directions and of R@10 of the very product
    in the two across modalities: of the classes alone it would take from the product
    loss what it is there for. Where images and texts have a space each, the mean of
    R@1 in the two directions that there are and of the fusion accuracy. What no row
    has the modalities for is left out.
    """
    names = ONE_SPACE_SCORE if variant.shares_space else TWO_SPACES_SCORE
    return float(np.mean([metrics[name] for name in names if name in metrics]))
