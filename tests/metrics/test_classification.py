"""Accuracies and the fusion weight, on probabilities written down by hand."""

import numpy as np
import pytest

from huse_tf.metrics import classification
from huse_tf.metrics.classification import (
    FUSION_WEIGHTS,
    Predictions,
    best_fusion_weight,
    joined,
    mean_over_classes,
    predict,
)
from huse_tf.presence import Present


def logits(*probabilities):
    """The logits whose softmax these rows are."""
    return np.log(np.array(probabilities)).astype(np.float32)


def fusion_accuracy(image_logits, text_logits, labels, weight):
    told = predict(image_logits, text_logits, [weight]).fusion(weight)
    return np.mean(told == labels)


def choose_fusion_weight(image_logits, text_logits, labels):
    return best_fusion_weight(
        predict(image_logits, text_logits, FUSION_WEIGHTS), labels
    )


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
    monkeypatch.setattr(classification, "MAX_PROBABILITIES", 50)  # 10 rows of 5
    assert fusion_accuracy(image, text, labels, 0.3) == pytest.approx(expected)


def rows_that_lack_something(n, classes, seed=1):
    rng = np.random.default_rng(seed)
    image, text = 3 * rng.normal(size=(2, n, classes)).astype(np.float32)
    lacks = rng.integers(0, 5, n)
    return image, text, Present(lacks != 0, lacks != 1), rng.integers(0, classes, n)


def test_predictions_of_batches_are_those_of_loops_over_all_logits():
    """21 weights, 103 rows in batches of 17, a fifth without image, one without text.

    Naive: probabilities in Python's floats, and the weight with the most right answers
    of the rows that have both, the nearest to 0.5 of several.
    """
    image, text, present, labels = rows_that_lack_something(103, 5)
    batches = [slice(start, start + 17) for start in range(0, 103, 17)]
    told = joined(
        predict(image[rows], text[rows], FUSION_WEIGHTS, present.of(rows))
        for rows in batches
    )
    right = dict.fromkeys(FUSION_WEIGHTS, 0)
    for i in range(103):
        shares = []
        for logits in (image[i], text[i]):
            powers = [float(np.exp(np.float64(x - logits.max()))) for x in logits]
            shares.append([power / sum(powers) for power in powers])
        assert told.image[i] == np.argmax(image[i])
        assert told.text[i] == np.argmax(text[i])
        for weight in FUSION_WEIGHTS:
            w = weight
            if not present.text[i]:
                w = 1
            elif not present.image[i]:
                w = 0
            fused = [w * a + (1 - w) * b for a, b in zip(*shares, strict=True)]
            assert told.fusion(weight)[i] == np.argmax(fused)
            if present.both[i]:
                right[weight] += np.argmax(fused) == labels[i]
    best = max(right.values())
    expected = min(
        (weight for weight in right if right[weight] == best),
        key=lambda weight: (abs(weight - 0.5), weight),
    )
    assert expected != 0.5, "the middle would be had without looking"
    assert best_fusion_weight(told, labels, present.both) == expected


def test_no_row_with_both_gives_the_middle():
    image, text, _, labels = rows_that_lack_something(8, 3)
    told = predict(image, text, FUSION_WEIGHTS)
    assert best_fusion_weight(told, labels, np.zeros(8, bool)) == 0.5


def test_logits_that_are_not_finite_tell_no_class():
    image = np.array([[0, 1], [np.nan, 1], [0, 1], [0, 1]], np.float32)
    text = np.array([[0, 1], [0, 1], [np.inf, 1], [1, 0]], np.float32)
    told = predict(image, text, [0.25])
    assert told.image.tolist() == [1, -1, 1, 1]
    assert told.text.tolist() == [1, 1, -1, 0]
    assert told.fused.tolist() == [[1], [-1], [-1], [0]]


def test_another_weight_than_the_predictions_have_is_refused():
    told = Predictions(np.zeros(2), np.zeros(2), (0.25, 0.5), np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"fusion_weight: .* 0.25, 0.5. Received: 0.3"):
        told.fusion(0.3)
