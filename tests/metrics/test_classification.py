"""Accuracies and the fusion weight, on probabilities written down by hand."""

import numpy as np
import pytest

from huse_tf.metrics import classification
from huse_tf.metrics.classification import (
    choose_fusion_weight,
    fused_classes,
    mean_over_classes,
)


def logits(*probabilities):
    """The logits whose softmax these rows are."""
    return np.log(np.array(probabilities)).astype(np.float32)


def fusion_accuracy(image_logits, text_logits, labels, weight):
    return np.mean(fused_classes(image_logits, text_logits, weight) == labels)


def test_every_class_counts_the_same():
    """Class 0: 8 of 8; class 2: 1 of 2; class 1 has no rows. (1 + 1/2) / 2."""
    labels = np.array([0] * 8 + [2] * 2)
    hits = np.array([True] * 9 + [False])
    assert hits.mean() == 0.9 and mean_over_classes(hits, labels) == 0.75


def test_fusion_by_hand():
    """Image (.7, .3), text (.4, .6): class 0 gets .4 + .3 w, so it wins above 1/3."""
    image, text = logits([0.7, 0.3]), logits([0.4, 0.6])
    labels = np.array([0])
    assert fusion_accuracy(image, text, labels, 0.34) == 1
    assert fusion_accuracy(image, text, labels, 0.33) == 0
    # Averaging the logits would set the limit at .405 / (.405 + .847) = .324
    assert fusion_accuracy(image, text, labels, 0.0) == 0
    assert fusion_accuracy(image, text, labels, 1.0) == 1


def test_the_best_weights_may_include_the_middle():
    """Class 0, the right one, must have more than a half of the probability.

    Row 1: .4 + .3 w > .5 for w > 1/3. Row 2: .65 - .45 w > .5 for w < 1/3.
    Row 3: .45 + .15 w > .5 for w > 1/3. So two of three are right above 1/3, one
    below, and of the best weights 0.5 is the nearest to itself.
    """
    image = logits([0.7, 0.3], [0.2, 0.8], [0.6, 0.4])
    text = logits([0.4, 0.6], [0.65, 0.35], [0.45, 0.55])
    labels = np.zeros(3, int)
    assert choose_fusion_weight(image, text, labels) == 0.5


def test_the_only_good_weights_win_over_the_middle():
    """Two rows are right for .52 - .22 w > .5, so w < 1/11; one for w > 1/9.

    On the grid 0 and .05 give two right answers, all others at most one; .05 is the
    nearer to .5.
    """
    image = logits([0.9, 0.1], [0.3, 0.7], [0.3, 0.7])
    text = logits([0.45, 0.55], [0.52, 0.48], [0.52, 0.48])
    labels = np.zeros(3, int)
    assert choose_fusion_weight(image, text, labels) == 0.05
    assert fusion_accuracy(image, text, labels, 0.05) == pytest.approx(2 / 3)


def test_all_weights_equal_gives_the_middle():
    values = logits([0.9, 0.1], [0.2, 0.8])
    assert choose_fusion_weight(values, values, np.array([0, 0])) == 0.5


def test_two_weights_as_near_give_the_smaller():
    """Row 1 is right for .95 (1 - w) > .5, w < .474; row 2 for .975 w > .5, w > .513.

    One right answer on either side, none at 0.5: 0.45 and 0.55 are equally near.
    """
    image = logits([1e-9, 1.0], [0.975, 0.025])
    text = logits([0.95, 0.05], [1e-9, 1.0])
    labels = np.zeros(2, int)
    hits = [fusion_accuracy(image, text, labels, w) for w in (0.45, 0.5, 0.55)]
    assert hits == [0.5, 0, 0.5]
    assert choose_fusion_weight(image, text, labels) == 0.45


def test_the_grid_has_21_plain_decimals():
    assert classification.FUSION_WEIGHTS == tuple(round(0.05 * i, 2) for i in range(21))


def test_large_logits_do_not_overflow_and_stay_comparable():
    """Two sure answers; the surer one (gap 30 against 25) wins at equal weights."""
    image = np.array([[500, 530], [530, 500]], np.float32)
    text = np.array([[525, 500], [500, 525]], np.float32)
    assert fusion_accuracy(image, text, np.array([1, 0]), 0.5) == 1
    assert fusion_accuracy(text, image, np.array([1, 0]), 0.5) == 1


def test_chunks_do_not_change_the_result(monkeypatch):
    rng = np.random.default_rng(0)
    image, text = rng.normal(size=(2, 103, 5)).astype(np.float32)
    labels = rng.integers(0, 5, 103)

    def softmax(x):
        return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)

    fused = 0.3 * softmax(image) + 0.7 * softmax(text)
    expected = np.mean(fused.argmax(axis=1) == labels)
    monkeypatch.setattr(classification, "CHUNK", 10)
    assert fusion_accuracy(image, text, labels, 0.3) == pytest.approx(expected)
