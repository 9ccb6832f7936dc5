"""The losses of the methods that HUSE is compared with, as pure functions.

All are stated in the one distance d = 1 - cos of `distances`.
"""

import tensorflow as tf

from huse_tf.distances import paired_distance, pairwise_distance
from huse_tf.losses import all_pairs, mean_over
from huse_tf.presence import Present

_INFINITY = float("inf")


def semi_hard_negatives(
    distances: tf.Tensor, negatives: tf.Tensor, pairs: tf.Tensor
) -> tf.Tensor:
    """Chooses a negative for each pair of anchor and positive.

    It is the nearest of the anchor's negatives that lie further than the positive;
    where none does, the furthest negative. FaceNet asks for a negative beyond the
    positive and leaves open which; the nearest is the hardest of them.

    Args:
        distances: float32 [N, N], of anchors (rows) to all points.
        negatives: bool [N, N], of each anchor.
        pairs: int64 [P, 2], anchor and positive, in [0, N); the anchor has a negative.

    Returns:
        int64 [P], in [0, N).

    Reference: Schroff et al. 2015, section 3.2.
    """
    # A distance is at most 2, so that 3 ranks behind every negative.
    to_negatives = tf.where(negatives, distances, 3.0)
    order = tf.argsort(to_negatives, axis=1)
    # A search in all rows at once is one search in a line where row r starts at 4 r;
    # float64 tells apart there what float32 does at 0.
    starts = 4.0 * tf.range(tf.shape(distances)[0], dtype=tf.float64)
    ranked = tf.cast(tf.gather(to_negatives, order, batch_dims=1), tf.float64)
    line = tf.reshape(ranked + starts[:, None], [-1])
    anchors = pairs[:, 0]
    sought = tf.cast(tf.gather_nd(distances, pairs), tf.float64)
    place = tf.searchsorted(
        line, sought + tf.gather(starts, anchors), side="right", out_type=tf.int64
    )
    further = place - anchors * tf.shape(distances, tf.int64)[0]
    count = tf.reduce_sum(tf.cast(negatives, tf.int64), axis=1)
    rank = tf.minimum(further, tf.gather(count, anchors) - 1)
    return tf.cast(tf.gather_nd(order, tf.stack([anchors, rank], 1)), tf.int64)


def triplet_loss(
    points: tf.Tensor,
    labels: tf.Tensor,
    margin: float,
    there: tf.Tensor | None = None,
) -> tf.Tensor:
    """Triplet loss with semi-hard mining in the batch.

    Formula: mean over anchors a and positives p of max(0, D_ap - D_an + margin), with
    D = 2 d the squared Euclidean distance and n from `semi_hard_negatives`.

    Args:
        points: float32 [N, D], unit rows.
        labels: int32 [N].
        margin: a squared Euclidean distance.
        there: bool [N], the points that take part; None for all.

    Returns:
        float32 scalar, at least 0; 0 without a positive or without a negative.

    Reference: Schroff et al. 2015, eq. 3.
    """
    distances = pairwise_distance(points, points)
    same = labels[:, None] == labels[None, :]
    positive = tf.linalg.set_diag(same, tf.zeros_like(labels, tf.bool))
    negative = ~same
    if there is not None:
        positive &= all_pairs(there)
        negative &= all_pairs(there)
    has_negative = tf.reduce_any(negative, axis=1, keepdims=True)
    pairs = tf.where(positive & has_negative)  # [P, 2]: anchor, positive
    negatives = semi_hard_negatives(distances, negative, pairs)
    to_positive = tf.gather_nd(distances, pairs)
    to_negative = tf.gather_nd(distances, tf.stack([pairs[:, 0], negatives], 1))
    hinge = tf.maximum(2.0 * (to_positive - to_negative) + margin, 0.0)
    count = tf.cast(tf.shape(pairs)[0], tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(hinge), count)


def cosine_embedding_loss(
    images: tf.Tensor,
    texts: tf.Tensor,
    margin: float,
    positive_share: float,
    present: Present | None = None,
) -> tf.Tensor:
    """Cosine loss: pairs together, all others below a cosine of `margin`.

    Formula: s mean_pairs d(i, t) + (1 - s) mean_non-pairs max(0, cos(i, t) - margin).

    The paper draws one pair at a time, a true one with probability s. This is the
    expectation of that draw over the B true pairs and the B(B - 1) others of a batch.

    Args:
        images: float32 [B, D], unit rows.
        texts: float32 [B, D], unit rows.
        margin: a cosine.
        positive_share: s, in [0, 1].
        present: the modalities of the products, B of which have both; None where all
            have.

    Returns:
        float32 scalar, at least 0.

    Reference: Salvador et al. 2017, sections 3.3 (loss) and 4 (s).
    """
    distances = pairwise_distance(images, texts)
    pair = tf.eye(tf.shape(images)[0], dtype=tf.float32) > 0
    others = ~pair
    if present is not None:
        pair &= all_pairs(present.both)
        others &= all_pairs(present.both)
    too_near = tf.maximum(1.0 - distances - margin, 0.0)
    return positive_share * mean_over(distances, pair) + (
        1.0 - positive_share
    ) * mean_over(too_near, others)


def instance_triplet_loss(
    images: tf.Tensor,
    texts: tf.Tensor,
    margin: float,
    present: Present | None = None,
) -> tf.Tensor:
    """AdaMine's triplets of instances: a query is nearest to its own counterpart.

    Formula: sum of l = max(0, d(q, p) + margin - d(q, n)) over the triplets, divided by
    the number of those with l > 0. Queries are all images and all texts, p the query's
    counterpart in the other modality, n each other item of the other modality.

    Args:
        images: float32 [B, D], unit rows.
        texts: float32 [B, D], unit rows.
        margin: a cosine distance.
        present: the modalities of the products, of which those with both take part;
            None where all have.

    Returns:
        float32 scalar, at least 0.

    Reference: Carvalho et al. 2018, section 3 (instance loss, adaptive mining).
    """
    distances = _across(images, texts)
    own = tf.tile(tf.eye(tf.shape(images)[0], dtype=tf.float32) > 0, [2, 1])
    to_own = tf.tile(paired_distance(images, texts), [2])[:, None]
    hinge = tf.where(own, 0.0, tf.maximum(to_own + margin - distances, 0.0))
    # "Not at most 0" and not "above 0": what is not a number has to show.
    active = ~(hinge <= 0.0)
    if present is not None:
        active &= tf.tile(all_pairs(present.both), [2, 1])
    return mean_over(hinge, active)


def class_triplet_loss(
    images: tf.Tensor,
    texts: tf.Tensor,
    labels: tf.Tensor,
    margin: float,
    present: Present | None = None,
) -> tf.Tensor:
    """AdaMine's triplets of classes: a query is nearer to its class than to others.

    As `instance_triplet_loss`, but p is every item of the query's class in the other
    modality save its counterpart, n every item of another class. The paper draws one p
    a query and equally many n for each; here all of them count.

    Args:
        images: float32 [B, D], unit rows.
        texts: float32 [B, D], unit rows.
        labels: int32 [B].
        margin: a cosine distance.
        present: the modalities of the products, of which those that are there take
            part; None where all have both.

    Returns:
        float32 scalar, at least 0.

    Reference: Carvalho et al. 2018, section 3 (semantic loss, adaptive mining).
    """
    distances = _across(images, texts)
    same = labels[:, None] == labels[None, :]
    positive = tf.linalg.set_diag(same, tf.zeros_like(labels, tf.bool))
    positive, negative = tf.tile(positive, [2, 1]), tf.tile(~same, [2, 1])
    if present is not None:
        to_texts = present.image[:, None] & present.text[None, :]
        there = tf.concat([to_texts, tf.transpose(to_texts)], 0)
        positive &= there
        negative &= there
    return _active_triplets(distances, positive, negative, margin)


def hinge_rank_loss(
    points: tf.Tensor,
    labels: tf.Tensor,
    class_embeddings: tf.Tensor,
    margin: float,
    there: tf.Tensor | None = None,
) -> tf.Tensor:
    """DeViSE's hinge rank loss against the embeddings of class names.

    Formula: mean over n of sum_{j != y_n} max(0, margin + d(x_n, psi_y) - d(x_n,
    psi_j)). The paper's dot products are cosines here, for phi is of unit length; it
    stops the sum at the first class, in random order, that violates the margin, to
    save time over many classes, where we take its eq. 1 as it stands.

    Args:
        points: float32 [N, D], unit rows.
        labels: int32 [N] in [0, K).
        class_embeddings: float32 [K, D], unit rows.
        margin: a cosine.
        there: bool [N], the points to take the mean over; None for all.

    Returns:
        float32 scalar, at least 0.

    Reference: Frome et al. 2013, section 3.3.
    """
    distances = pairwise_distance(points, class_embeddings)
    own = tf.gather(distances, labels, batch_dims=1)[:, None]
    hinge = tf.maximum(margin + own - distances, 0.0)
    is_own = tf.one_hot(labels, tf.shape(distances)[1], True, False, dtype=tf.bool)
    hinge = tf.where(is_own, 0.0, hinge)
    return mean_over(tf.reduce_sum(hinge, axis=1), there)


def _across(images: tf.Tensor, texts: tf.Tensor) -> tf.Tensor:
    """Distances of all 2B queries to the B items of their other modality."""
    distances = pairwise_distance(images, texts)
    return tf.concat([distances, tf.transpose(distances)], 0)


def _active_triplets(
    distances: tf.Tensor, positive: tf.Tensor, negative: tf.Tensor, margin: float
) -> tf.Tensor:
    """Mean of max(0, d_qp + margin - d_qn) over the triplets where it is above 0.

    A triplet is active where d_qn < d_qp + margin. Sorting counts the active triplets
    of each p and of each n without listing them, and their sum is linear in d with
    these counts as weights: O(Q N log N) instead of Q N^2.

    Args:
        distances: float32 [Q, N].
        positive: bool [Q, N].
        negative: bool [Q, N].
        margin: of d.

    Returns:
        float32 scalar.
    """
    reach = distances + margin
    # The same floats are compared in both counts, so that they count the same triplets.
    far = tf.sort(tf.where(negative, distances, _INFINITY), axis=1)
    near = tf.sort(tf.where(positive, reach, -_INFINITY), axis=1)
    of_positive = tf.searchsorted(far, reach, side="left")
    of_negative = tf.shape(near)[1] - tf.searchsorted(near, distances, side="right")
    of_positive = tf.where(positive, tf.cast(of_positive, tf.float32), 0.0)
    of_negative = tf.where(negative, tf.cast(of_negative, tf.float32), 0.0)
    active = tf.reduce_sum(of_positive)
    total = tf.reduce_sum(of_positive * reach) - tf.reduce_sum(of_negative * distances)
    return tf.math.divide_no_nan(total, active)
