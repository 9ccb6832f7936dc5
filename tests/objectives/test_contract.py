"""What a subclass keeps to, and how an objective goes into a config and back."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from huse_tf.errors import InputError
from huse_tf.objectives import (
    AdaMine,
    Clip,
    Devise,
    Huse,
    HuseP,
    Objective,
    Siglip,
    Triplet,
)
from huse_tf.presence import Present

GRAPH = np.float32([[0, 0.25, 1], [0.25, 0, 0.5], [1, 0.5, 0]])
PSI = np.float32([[1, 0], [0, 1], [0.6, 0.8]])
ROWS = np.float32([[1, 0], [0.6, 0.8], [0, -1]])
LABELS = tf.constant([0, 2, 1])
OUTPUTS = {
    "image_embedding": tf.constant(ROWS),
    "text_embedding": tf.constant(ROWS[::-1].copy()),
    "image_logits": tf.constant(ROWS @ np.float32([[1, 2, 3], [0, 1, -1]])),
    "text_logits": tf.zeros([3, 3]),
}


@keras.saving.register_keras_serializable("tests")
class Mine(Huse):
    """One term more: the mean of the first coordinate of the pictures."""

    names = (*Huse.names, "my_loss")

    def __init__(self, graph, *, epsilon=1.0, **settings):
        super().__init__(graph, **settings)
        self.weights["my_loss"] = epsilon

    def terms(self, outputs, labels):
        mine = tf.reduce_mean(outputs["image_embedding"][:, 0])
        return {**super().terms(outputs, labels), "my_loss": mine}


def test_a_term_more_adds_its_share_to_the_loss():
    """The mean of 1, 0.6 and 0 is 1.6 / 3, weighed by 3."""
    theirs = Huse(GRAPH, beta=2.0)(OUTPUTS, LABELS)
    mine = Mine(GRAPH, epsilon=3.0, beta=2.0)(OUTPUTS, LABELS)
    assert tuple(mine) == (*Mine.names, "product_loss")
    assert float(mine["my_loss"]) == pytest.approx(1.6 / 3)
    assert float(mine["loss"]) == pytest.approx(float(theirs["loss"]) + 1.6)


def test_without_an_argument_for_it_products_must_have_both():
    present = Present(tf.constant([True, True, False]), tf.constant([True] * 3))
    assert Huse(GRAPH).takes_missing and not Mine(GRAPH).takes_missing
    with pytest.raises(
        ValueError, match=r"Mine.terms must have .*: \(outputs, labels\)"
    ):
        Mine(GRAPH)(OUTPUTS, LABELS, None, present)

    class Takes(Mine):
        def terms(self, outputs, labels, present=None):
            theirs = Huse.terms(self, outputs, labels, present)
            images = tf.boolean_mask(outputs["image_embedding"], present.image)
            return {**theirs, "my_loss": tf.reduce_mean(images[:, 0])}

    found = Takes(GRAPH)(OUTPUTS, LABELS, None, present)
    expected = Huse(GRAPH)(OUTPUTS, LABELS, None, present)
    assert float(found["my_loss"]) == pytest.approx((1 + 0.6) / 2)
    assert float(found["gap_loss"]) == float(expected["gap_loss"])


def broken(**changes):
    """Triplet with other class attributes."""
    return type("Broken", (Triplet,), changes)()


def without_weight():
    return broken(names=("loss", "triplet_loss", "other"))


def without_term():
    objective = broken(names=("loss", "triplet_loss", "other"))
    objective.weights["other"] = 1.0
    return objective


def unnamed_weight():
    objective = broken()
    objective.weights["other"] = 1.0
    return objective


def without_loss():
    return broken(names=("triplet_loss",))


def own_loss():
    return broken(terms=lambda self, outputs, labels: {"loss": tf.constant(0.0)})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (without_weight, r"Broken.weights must hold .*\(other, triplet_loss\).*: trip"),
        (without_term, r"Broken.terms\(\) must hold .*\(other, triplet_loss\).*: trip"),
        (unnamed_weight, r"Broken.weights must hold .*: other, triplet_loss"),
        (without_loss, 'Broken.names must be "loss",.*Received: .*triplet_loss'),
        (own_loss, 'Broken.names must be "loss",.*returning loss'),
    ],
)
def test_a_broken_contract_is_one_line(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()(OUTPUTS, LABELS)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "objective",
    [
        Mine(GRAPH, epsilon=0.5, gamma=0.25, graph_margin="hinge"),
        HuseP(tf.constant(PSI), alpha=0.0),
        AdaMine(class_weight=0.7),
        Devise(PSI, margin=0.4),
        Huse(GRAPH, delta=0.3, temperature=0.1, class_margin=0.0),
        Clip(),
        Siglip(),
    ],
    ids=lambda objective: type(objective).__name__,
)
def test_from_a_config_it_computes_the_same(objective):
    config = keras.saving.serialize_keras_object(objective)
    again = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))
    assert type(again) is type(objective)
    assert again.weights == objective.weights
    assert again.classifier == objective.classifier
    for name, value in objective(OUTPUTS, LABELS).items():
        np.testing.assert_array_equal(again(OUTPUTS, LABELS)[name], value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Huse(GRAPH, alpha=-3), "alpha must be a number >= 0. Received: -3"),
        (lambda: Huse(GRAPH, beta="5"), "beta must be a number >= 0. Received: '5'"),
        (lambda: Huse(GRAPH, graph_margin="bogus"), "graph_margin .*'bogus'"),
        (lambda: Huse(GRAPH, delta=-1), "delta must be a number >= 0. Received: -1"),
        (lambda: Huse(GRAPH, temperature=0), r"temperature .* in \(0, 1\].*: 0"),
        (lambda: HuseP(PSI, gamma=float("nan")), "gamma must be .* Received: nan"),
        (lambda: HuseP(2 * PSI), "class_embeddings .* row 0 of length 2"),
        (lambda: Devise(PSI[0]), r"class_embeddings must be \[K, D\].*\[2\]"),
        (lambda: Objective(a=1, b=-1), "b must be a number >= 0. Received: -1"),
    ],
)
def test_what_is_wrong_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (GRAPH[:2], r"graph: expected \[K, K\], received \[2, 3\]"),
        (GRAPH + 1, "graph: expected 0 from a class to itself, received 1.0 for '0'"),
        (3 * GRAPH, r"graph: expected numbers in \[0, 2\], received 3.0 for '0' and"),
        (np.triu(GRAPH), "graph: expected a symmetric matrix"),
    ],
)
def test_what_is_no_graph_is_refused(graph, message):
    with pytest.raises(InputError, match=message):
        Huse(graph)
