"""Objectives of the user's own, named as package.module:Class."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from huse_tf.errors import InputError
from huse_tf.objectives import Objective, make_objective
from huse_tf.objectives.huse import Huse, HuseP
from huse_tf.objectives.registry import OBJECTIVES

KEYS = {
    "loss.alpha": 2.0,
    "loss.beta": 3.0,
    "loss.gamma": 4.0,
    "loss.margin": 0.7,
    "loss.graph_margin": "none",
    "loss.delta": 5.0,
    "loss.temperature": 0.1,
    "loss.class_margin": 0.3,
}
GRAPH = np.float32([[0, 1], [1, 0]])


class WithTexts(Huse):
    """HUSE and a term: the first number of a text's embedding, squared."""

    names = (*Huse.names, "first_loss")

    def __init__(self, graph, **keys):
        super().__init__(graph, **keys)
        self.weights["first_loss"] = 0.5

    def terms(self, outputs, labels):
        first = tf.reduce_mean(outputs["text_embedding"][:, 0] ** 2)
        return {**super().terms(outputs, labels), "first_loss": first}


class Places(HuseP):
    """Is made of psi, as HUSE-P is."""


class Alone(Objective):
    """Of no registered base: takes A."""

    names = ("loss", "rows_loss")

    def __init__(self, graph):
        super().__init__(rows_loss=1.0)
        self.graph = graph

    def terms(self, outputs, labels):
        return {"rows_loss": tf.cast(tf.shape(labels)[0], tf.float32)}


class Misnamed(Alone):
    names = ("loss", "rows")


class Vector(Alone):
    def terms(self, outputs, labels):
        return {"rows_loss": outputs["text_embedding"][:, 0]}


class Broken(Alone):
    def terms(self, outputs, labels):
        return {"rows_loss": outputs["no such"]}


def config(name, best_metric="loss"):
    return SimpleNamespace(
        objective=SimpleNamespace(name=name),
        towers=SimpleNamespace(embedding_dim=2),
        training=SimpleNamespace(best_metric=best_metric),
        value=KEYS.__getitem__,
    )


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """This module by a name of one word, whatever pytest calls it."""
    monkeypatch.setitem(sys.modules, "shop_terms", sys.modules[__name__])


def make(name, best_metric="loss"):
    chosen = config(f"shop_terms:{name}", best_metric)
    return make_objective(chosen, GRAPH, ("a", "b"))


def test_a_subclass_of_huse_is_made_as_huse_and_adds_its_term():
    """Embeddings (0.6, 0.8) of one text twice: 0.5 * 0.36 on top of HUSE's loss.

    It passes on what it was given, so that the text is no negative of itself.
    """
    rows = {
        "image_embedding": tf.constant([[1.0, 0.0]] * 2),
        "text_embedding": tf.constant([[0.6, 0.8]] * 2),
        "image_logits": tf.zeros([2, 2]),
        "text_logits": tf.zeros([2, 2]),
    }
    given = rows, tf.constant([0, 0]), tf.constant([7, 7], tf.int64)
    own = make("WithTexts", "first_loss")(*given)
    plain = Huse(
        GRAPH, **{key.removeprefix("loss."): value for key, value in KEYS.items()}
    )
    expected = float(plain(*given)["loss"]) + 0.5 * 0.36
    assert float(own["product_loss"]) == 0
    assert float(own["loss"]) == pytest.approx(expected, rel=1e-6)
    assert float(own["first_loss"]) == pytest.approx(0.36, rel=1e-6)


def test_the_nearest_registered_base_decides_what_a_class_is_made_of():
    assert make("Places").weights["gap_loss"] == 4.0
    np.testing.assert_array_equal(make("Alone").graph, GRAPH)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Misnamed", "expected `names` to be loss and terms that end in _loss"),
        ("Vector", "expected a float32 scalar for each of loss, rows_loss; wrong"),
        ("Broken", "its terms of two products failed at test_own_objectives.py, line"),
        ("KEYS", "expected a class derived from huse_tf.objectives.base.Objective"),
        ("Missing", "received nothing of that name"),
    ],
)
def test_a_wrong_objective_is_one_line(name, expected):
    with pytest.raises(InputError) as error:
        make(name)
    assert str(error.value).startswith(f"objective.name = shop_terms:{name}: ")
    assert expected in str(error.value) and "\n" not in str(error.value)


def test_a_term_that_it_lacks_cannot_choose_the_best_model():
    with pytest.raises(InputError, match="best_metric = other_loss: objective.name"):
        make("Alone", "other_loss")


@pytest.mark.parametrize("name", OBJECTIVES)
def test_registered_keys_are_keys_of_the_config(name):
    from huse_tf.config import SECTIONS

    for key in OBJECTIVES[name].keys:
        section, field = key.split(".")
        assert field in SECTIONS[section].__dataclass_fields__
