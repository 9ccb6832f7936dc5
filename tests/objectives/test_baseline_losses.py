"""The baselines' losses by hand: mining, and both sides of every margin."""

import numpy as np
import pytest
import tensorflow as tf

from huse_tf.losses import class_embedding_loss
from huse_tf.objectives.baseline_losses import (
    class_triplet_loss,
    cosine_embedding_loss,
    hinge_rank_loss,
    instance_triplet_loss,
    semi_hard_negatives,
    triplet_loss,
)


def at(*degrees):
    """Unit vectors of the plane at these angles."""
    angles = np.radians(degrees)
    return tf.constant(np.stack([np.cos(angles), np.sin(angles)], 1), tf.float32)


def d(degrees):
    """The cosine distance of two vectors at this angle."""
    return 1 - np.cos(np.radians(degrees))


def test_semi_hard_negatives_of_a_matrix_by_hand():
    """Classes 0, 0, 1, 1, 1; each line says anchor, positive -> negative.

    0, 1 (0.3): of 0.2, 0.4, 0.5 the nearest beyond 0.3 is 0.4, column 3.
    1, 0 (0.3): of 0.1, 0.25, 0.2 none is beyond 0.3: the furthest, column 3.
    2, 3 (0.1): of 0.2, 0.1 only 0.2 is beyond (0.1 is not), column 0.
    2, 4 (0.15): again 0.2, column 0.
    3, 2 (0.1): of 0.4, 0.25 the nearest is 0.25, column 1.
    3, 4 (0.3): 0.4, column 0.
    4, 2 (0.15): of 0.5, 0.2 the nearest is 0.2, column 1.
    4, 3 (0.3): 0.5, column 0.
    """
    distances = tf.constant(
        [
            [0.00, 0.30, 0.20, 0.40, 0.50],
            [0.30, 0.00, 0.10, 0.25, 0.20],
            [0.20, 0.10, 0.00, 0.10, 0.15],
            [0.40, 0.25, 0.10, 0.00, 0.30],
            [0.50, 0.20, 0.15, 0.30, 0.00],
        ]
    )
    pairs = [(0, 1), (1, 0), (2, 3), (2, 4), (3, 2), (3, 4), (4, 2), (4, 3)]
    labels = np.array([0, 0, 1, 1, 1])
    chosen = semi_hard_negatives(
        distances, labels[:, None] != labels, tf.constant(pairs, tf.int64)
    )
    assert chosen.numpy().tolist() == [3, 3, 0, 0, 1, 0, 1, 0]


@pytest.mark.parametrize("negative", [30, 24, 40])
def test_triplet_margin_counts_squared_euclidean_distance(negative):
    """Two of a class at 0 and 20 degrees, one of another class beyond.

    Anchor 0 has its positive at 20 and its negative at `negative` degrees; anchor 20
    its positive at 20 and its negative at `negative` - 20, the only one there is.
    """
    loss = triplet_loss(at(0, 20, negative), tf.constant([0, 0, 1]), margin=0.2)
    hinges = [
        max(0.0, 2 * (d(20) - d(negative)) + 0.2),
        max(0.0, 2 * (d(20) - d(negative - 20)) + 0.2),
    ]
    assert (hinges[0] == 0) == (negative == 40)
    assert float(loss) == pytest.approx(np.mean(hinges), rel=1e-5)


@pytest.mark.parametrize(("cosine", "expected"), [(0.1, 0.0), (0.3, 0.2), (-0.5, 0.0)])
def test_cosine_loss_of_non_pairs_starts_at_the_margin(cosine, expected):
    """Two products; both images lie on their texts, which meet at `cosine`."""
    points = at(0, np.degrees(np.arccos(cosine)))
    loss = cosine_embedding_loss(points, points, margin=0.1, positive_share=0.2)
    assert float(loss) == pytest.approx(0.8 * expected, abs=1e-6)


def test_cosine_loss_of_pairs_is_their_distance():
    """Both pairs at 60 degrees, d = 1/2; the other image and text at 120 and 240."""
    loss = cosine_embedding_loss(at(0, 180), at(60, 240), 0.1, positive_share=0.2)
    assert float(loss) == pytest.approx(0.2 * 0.5, abs=1e-6)


def test_instance_triplets_are_averaged_over_the_active_ones_only():
    """Images at 0 and 90, texts at 0 and 70 degrees; two triplets a direction.

    image 0: own text at 0, other at 70: 0 + 0.3 - d(70) < 0
    image 1: own at 20, other at 90: d(20) + 0.3 - 1 < 0
    text 0: own at 0, other at 90: 0.3 - 1 < 0
    text 1: own at 20, other at 70: d(20) + 0.3 - d(70) < 0
    With a margin of 0.65 only image 0's is below 0 no more than text 1's is.
    """
    images, texts = at(0, 90), at(0, 70)
    assert float(instance_triplet_loss(images, texts, 0.3)) == 0
    terms = [0.65 - d(70), d(20) + 0.65 - 1, 0.65 - 1, d(20) + 0.65 - d(70)]
    active = [term for term in terms if term > 0]
    assert len(active) == 1
    loss = instance_triplet_loss(images, texts, 0.65)
    assert float(loss) == pytest.approx(active[0], abs=1e-5)


def test_instance_triplets_of_what_is_not_a_number_are_none():
    images = at(0, 90) * tf.constant([[1.0], [np.nan]])
    assert np.isnan(float(instance_triplet_loss(images, at(0, 70), 0.3)))


def test_class_triplets_leave_out_the_counterpart():
    """Products 0 and 1 of a class, 2 of another; images on texts at 0, 40, 60 degrees.

    Query 0: positive at 40, negative at 60; query 1: positive at 40, negative at 20;
    query 2 has no positive but its counterpart. The other direction is the same.
    """
    points = at(0, 40, 60)
    loss = class_triplet_loss(points, points, tf.constant([0, 0, 1]), 0.3)
    terms = [d(40) + 0.3 - d(60), d(40) + 0.3 - d(20)]
    assert min(terms) > 0
    assert float(loss) == pytest.approx(np.mean(terms), rel=1e-5)
    loss = class_triplet_loss(points, points, tf.constant([0, 0, 1]), 0.1)
    assert d(40) + 0.1 - d(60) < 0
    assert float(loss) == pytest.approx(d(40) + 0.1 - d(20), rel=1e-5)


@pytest.mark.parametrize("angle", [0, 10, 45, 80, 90])
def test_rank_loss_sums_over_the_other_classes(angle):
    """Class names at 0, 90 and 180 degrees, one point of class 0 at `angle`."""
    names = at(0, 90, 180)
    loss = hinge_rank_loss(at(angle), tf.constant([0]), names, margin=0.1)
    own, right, left = d(angle), d(90 - angle), d(180 - angle)
    expected = max(0.0, 0.1 + own - right) + max(0.0, 0.1 + own - left)
    assert (expected == 0) == (angle in (0, 10))
    assert float(loss) == pytest.approx(expected, abs=1e-6)


def test_eq_13_of_one_point_on_its_class_and_one_across():
    """Image on psi (d = 0), text at a right angle (d = 1): their sum is 1."""
    loss = class_embedding_loss(at(0), at(90), tf.constant([1]), at(90, 0))
    assert float(loss) == pytest.approx(1.0)
