"""A part and its key in the config: the same default, and the same values refused."""

import inspect

import numpy as np
import pytest
from keras import Variable

from huse_tf.config import SECTIONS
from huse_tf.objectives import AdaMine, Cme, Devise, Hie, Huse, HuseP, Triplet
from huse_tf.towers import embedding_network
from huse_tf.training.averaging import WeightAverage
from huse_tf.training.optimizers import make_optimizer

GRAPH = np.float32(1 - np.eye(2))
PSI = np.eye(2, dtype=np.float32)
# A part, the arguments without a default, and "section.key" by argument.
PARTS = [
    (
        embedding_network,
        {"image_dim": 2, "text_dim": 2, "classes": 2},
        {
            "image_layers": "towers.image_layers",
            "text_layers": "towers.text_layers",
            "units": "towers.units",
            "embedding_dim": "towers.embedding_dim",
            "dropout": "towers.dropout",
            "logit_scale": "loss.logit_scale",
            "seed": "training.seed",
            "precision": "training.precision",
        },
    ),
    (
        Huse,
        {"graph": GRAPH},
        {
            name: f"loss.{name}"
            for name in (
                *("alpha", "beta", "gamma", "margin", "graph_margin"),
                *("delta", "temperature", "class_margin"),
            )
        },
    ),
    (
        HuseP,
        {"class_embeddings": PSI},
        {name: f"loss.{name}" for name in ("alpha", "beta", "gamma")},
    ),
    (Triplet, {}, {"margin": "objective.triplet_margin"}),
    (
        Cme,
        {},
        {
            name: f"objective.cme_{name}"
            for name in ("margin", "positive_share", "classification_weight")
        },
    ),
    (
        AdaMine,
        {},
        {
            "margin": "objective.adamine_margin",
            "class_weight": "objective.adamine_class_weight",
        },
    ),
    (
        Devise,
        {"class_embeddings": PSI},
        {"margin": "objective.devise_margin"},
    ),
    (
        Hie,
        {"class_embeddings": PSI},
        {"classification_weight": "objective.hie_classification_weight"},
    ),
    (
        make_optimizer,
        {"total_steps": 5},
        {
            name: f"optimizer.{name}"
            for name in (
                "name",
                "learning_rate",
                "momentum",
                "schedule",
                "warmup_steps",
            )
        },
    ),
    (
        WeightAverage,
        {"weights": [Variable(1.0).value]},
        {"decay": "optimizer.average_decay"},
    ),
]
ALL = [
    pytest.param(part, needed, argument, key, id=f"{part.__name__}.{argument}")
    for part, needed, keys in PARTS
    for argument, key in keys.items()
]


def field(key):
    section, name = key.split(".")
    return SECTIONS[section].__dataclass_fields__[name]


@pytest.mark.parametrize(("part", "needed", "argument", "key"), ALL)
def test_one_default(part, needed, argument, key):
    assert inspect.signature(part).parameters[argument].default == field(key).default


@pytest.mark.parametrize(("part", "needed", "argument", "key"), ALL)
def test_one_range(part, needed, argument, key):
    """Values about every bound that there is: both take them, or both refuse."""
    texts = ["-1", "0", "1e-9", "0.5", "1", "1.5", "2", "3", "4", "5", "10", "11"]
    texts += ["-2", "100", "101", "1000", "1001", "nan", "inf", "cosine", "hinge"]
    texts += ["learned", "adam", "mixed_float16", "no such word"]
    default = field(key).default
    accepted = 0
    for text in texts:
        try:
            value = field(key).metadata["kind"].parse(text, None)
        except ValueError:
            value = None
        given = _read(text, default) if value is None else value
        if value is not None:
            part(**needed, **{argument: value})
            accepted += 1
            continue
        with pytest.raises(ValueError, match=f"^{argument} must be "):
            part(**needed, **{argument: given})
    assert 0 < accepted < len(texts)


def _read(text, default):
    """The text as what it most likely is meant as, a number if it is one."""
    try:
        return int(text) if isinstance(default, int) else float(text)
    except ValueError:
        return text
