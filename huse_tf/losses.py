"""The paper's losses (section 3.4) as pure functions of embeddings and labels."""

from typing import NamedTuple

import tensorflow as tf

from huse_tf import arguments
from huse_tf.distances import paired_distance
from huse_tf.presence import Present

GRAPH_MARGINS = ("printed", "hinge", "none")

# Beyond every distance in [0, 2] and so beyond every residual: "no bound here".
_UNREACHABLE = 4.0

# A logit whose exponential is 0, finite so that no gradient is NaN.
_NEVER = -1e9


def mean_over(values: tf.Tensor, there: tf.Tensor | None) -> tf.Tensor:
    """Mean of those values that are there.

    Args:
        values: float32 of any shape, finite where it is not there too.
        there: bool of the same shape; None for all.

    Returns:
        float32 scalar; 0 where none is there.
    """
    if there is None:
        return tf.reduce_mean(values)
    count = tf.reduce_sum(tf.cast(there, tf.float32))
    return tf.math.divide_no_nan(tf.reduce_sum(tf.where(there, values, 0.0)), count)


def points_there(present: Present | None) -> tf.Tensor | None:
    """Says which of B images and B texts, in this order, are there: bool [2B]."""
    return None if present is None else tf.concat([*present], 0)


def classification_loss(
    logits: tf.Tensor, labels: tf.Tensor, there: tf.Tensor | None = None
) -> tf.Tensor:
    """Softmax cross entropy of the shared classifier.

    Formula: L_classification = -1/N sum_n log softmax(z_n)[y_n] (eqs. 7, 8).

    Args:
        logits: float32 [N, K].
        labels: int32 [N] in [0, K).
        there: bool [N], the points to take the mean over; None for all.

    Returns:
        float32 scalar, at least 0; ln K for logits that are all equal.
    """
    return mean_over(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits),
        there,
    )


def gap_loss(
    images: tf.Tensor, texts: tf.Tensor, present: Present | None = None
) -> tf.Tensor:
    """How far the image and the text of one product lie from each other.

    Formula: L_gap = 1/N sum_n d(phi_I(p_n), phi_T(q_n)) (eq. 12).

    Args:
        images: float32 [B, D], unit rows.
        texts: float32 [B, D], unit rows.
        present: the modalities of the B products, N of which have both; None where
            all have.

    Returns:
        float32 scalar in [0, 2].
    """
    both = None if present is None else present.both
    return mean_over(paired_distance(images, texts), both)


def class_embedding_loss(
    images: tf.Tensor,
    texts: tf.Tensor,
    labels: tf.Tensor,
    class_embeddings: tf.Tensor,
    present: Present | None = None,
) -> tf.Tensor:
    """How far image and text lie from the embedding of their class's name.

    Formula: 1/N sum_n d(phi_I(p_n), psi(v)) + d(phi_T(q_n), psi(v)) (eq. 13), v the
    class of n. That is twice the mean over the 2N points, and stays so where some are
    not there.

    Args:
        images: float32 [B, D], unit rows.
        texts: float32 [B, D], unit rows.
        labels: int32 [B] in [0, K).
        class_embeddings: float32 [K, D], unit rows.
        present: the modalities of the B products; None where all have both.

    Returns:
        float32 scalar in [0, 4].
    """
    targets = tf.gather(class_embeddings, labels)
    of_images, of_texts = (paired_distance(x, targets) for x in (images, texts))
    if present is None:
        return tf.reduce_mean(of_images + of_texts)
    distances = tf.concat([of_images, of_texts], 0)
    return 2.0 * mean_over(distances, points_there(present))


def cross_cosines(images: tf.Tensor, texts: tf.Tensor) -> tf.Tensor:
    """Cosine of each image with each text: two [B, D] of unit rows to [B, B]."""
    return tf.matmul(images, texts, transpose_b=True)


class GraphTargets(NamedTuple):
    """A and its margin, cast once as two [K, K] tables for `graph_loss`.

    With c the cosine of two points, every margin's residual is a select or a minimum
    of `near - c` against `bound`, so that a pair costs three passes over memory.

    Attributes:
        margin: "printed", "hinge" or "none".
        near: float32 [K, K], the cosine that a pair of classes is drawn to.
        bound: float32 [K, K]; printed: the cosine below which sigma is 0; hinge: the
            greatest residual; none: not read.
    """

    margin: str
    near: tf.Tensor
    bound: tf.Tensor


def graph_targets(graph: tf.Tensor, margin: float, graph_margin: str) -> GraphTargets:
    """Prepares the semantic graph for `graph_loss`.

    Args:
        graph: float32 [K, K], A of eq. 4: symmetric, in [0, 2].
        margin: zeta, a distance in [0, 2].
        graph_margin: "printed" (eq. 10 to the letter), "hinge" (the sentence before
            eq. 10) or "none" (eq. 9).

    Returns:
        The tables of `graph_loss`.

    Raises:
        ValueError: `margin` is outside of its range, or `graph_margin` none of the
            three.
    """
    arguments.number("margin", margin, 0, 2)
    arguments.choice("graph_margin", graph_margin, GRAPH_MARGINS)
    graph = tf.convert_to_tensor(graph, tf.float32)
    is_near = graph < margin
    unreachable = tf.fill(tf.shape(graph), _UNREACHABLE)
    if graph_margin == "printed":
        bound = tf.where(is_near, 1.0 - margin, unreachable)
        return GraphTargets(graph_margin, 1.0 - graph, bound)
    if graph_margin == "hinge":
        target = tf.where(is_near, graph, margin)
        bound = tf.where(is_near, unreachable, 0.0)
        return GraphTargets(graph_margin, 1.0 - target, bound)
    return GraphTargets(graph_margin, 1.0 - graph, unreachable)


def graph_loss(
    images: tf.Tensor,
    texts: tf.Tensor,
    labels: tf.Tensor,
    targets: GraphTargets,
    cosines: tf.Tensor | None = None,
    present: Present | None = None,
) -> tf.Tensor:
    """Draws every pair of the batch's points to the distance of their classes.

    Formula, over the N = 2B images and texts, or as many of them as are there, i and j
    the classes of m and n:
        none:    1/N^2 sum_mn (d_mn - A_ij)^2 (eq. 9)
        printed: 1/N^2 sum_mn sigma_mn (d_mn - A_ij)^2 (eq. 11), with
                 sigma_mn = 1 if A_ij < zeta and d_mn < zeta, else 0 (eq. 10)
        hinge:   1/N^2 sum_mn [(d_mn - A_ij)^2 if A_ij < zeta,
                 else max(0, zeta - d_mn)^2]

    The square of 2B x 2B pairs is symmetric, so three of its four blocks are computed,
    and its gradient is written out: a block of one modality against itself takes one
    matrix product backward instead of two.

    Args:
        images: float32 [B, D], unit rows.
        texts: float32 [B, D], unit rows.
        labels: int32 [B] in [0, K).
        targets: the semantic graph, from `graph_targets`.
        cosines: float32 [B, B], `cross_cosines`, where another loss reads them too:
            the gradient of both then goes through their one product.
        present: the modalities of the B products; None where all have both.

    Returns:
        float32 scalar, at least 0. It can be differentiated once, by images, texts and
        cosines.
    """
    near = _pairs(targets.near, labels)
    bound = None if targets.margin == "none" else _pairs(targets.bound, labels)
    points = 2.0 * tf.cast(tf.shape(images)[0], tf.float32)
    if present is not None:
        present = Present(*(tf.cast(has, tf.float32) for has in present))
        points = tf.maximum(tf.reduce_sum(present.image + present.text), 1.0)

    def residual(cosine: tf.Tensor, of: str, to: str) -> tf.Tensor:
        if present is None:
            return residual_of_all(cosine)
        there = getattr(present, of)[:, None] * getattr(present, to)[None, :]
        return residual_of_all(cosine) * there

    def residual_of_all(cosine: tf.Tensor) -> tf.Tensor:
        if targets.margin == "printed":
            return tf.where(cosine > bound, near - cosine, tf.zeros_like(cosine))
        if targets.margin == "hinge":
            return tf.minimum(near - cosine, bound)
        return near - cosine

    @tf.custom_gradient
    def loss(images: tf.Tensor, texts: tf.Tensor, *shared: tf.Tensor):
        cosines = shared[0] if shared else cross_cosines(images, texts)
        within_images = residual(cross_cosines(images, images), "image", "image")
        across = residual(cosines, "image", "text")
        within_texts = residual(cross_cosines(texts, texts), "text", "text")
        # tf.nn.l2_loss is half the sum of squares; the block across counts twice.
        value = (
            2.0 * tf.nn.l2_loss(within_images)
            + 2.0 * tf.nn.l2_loss(within_texts)
            + 4.0 * tf.nn.l2_loss(across)
        ) / points**2

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            scale = -4.0 * upstream / points**2
            by_images, by_texts = within_images @ images, within_texts @ texts
            if shared:
                return scale * by_images, scale * by_texts, scale * across
            by_images += across @ texts
            by_texts += tf.matmul(across, images, transpose_a=True)
            return scale * by_images, scale * by_texts

        return value, gradient

    return loss(images, texts, *([] if cosines is None else [cosines]))


def product_loss(
    cosines: tf.Tensor,
    labels: tf.Tensor,
    text_ids: tf.Tensor,
    temperature: float | tf.Tensor,
    class_margin: float = 0.0,
    present: Present | None = None,
) -> tf.Tensor:
    """Tells a product's own text and image from those of the batch's other products.

    Formula: L_product = 1/2B sum_n [-log p(q_n | p_n) - log p(p_n | q_n)], with
    p(q_n | p_m) the softmax over n of (c_mn + r_mn) / temperature, and p(p_m | q_n) the
    one over m. c_mn is the cosine of image m and text n, r_mn is class_margin where
    their classes differ and 0 where not: who is told from a product of its own class is
    further still from one of another. Two products of one text are no negatives of each
    other: their pairs have no part in the sums. Not in the paper, whose losses leave
    the order within a class to chance.

    Reference: Radford et al. 2021, CLIP, figure 3; the margin is ours.

    Args:
        cosines: float32 [B, B], `cross_cosines` of images and texts.
        labels: int32 [B] in [0, K).
        text_ids: int64 [B], the same number where the text is the same.
        temperature: above 0; a tensor is trained along.
        class_margin: a difference of cosines, in [0, 2].
        present: the modalities of the products, B of which have both; None where all
            have.

    Returns:
        float32 scalar, at least 0; ln B for cosines that are all equal, texts that all
        differ, and no margin.
    """
    margins = tf.where(labels[:, None] == labels[None, :], 0.0, class_margin)
    offsets = tf.where(other_product_same_text(text_ids), _NEVER, margins)
    if present is not None:
        offsets = tf.where(all_pairs(present.both), offsets, _NEVER)
    logits = (cosines + offsets) / temperature
    among_texts = tf.reduce_logsumexp(logits, axis=1)
    among_images = tf.reduce_logsumexp(logits, axis=0)
    own = tf.linalg.diag_part(logits)
    both = None if present is None else present.both
    return mean_over(0.5 * (among_texts + among_images) - own, both)


def other_product_same_text(text_ids: tf.Tensor) -> tf.Tensor:
    """Marks the pairs of two products with one text: int64 [B] to bool [B, B]."""
    equal = text_ids[:, None] == text_ids[None, :]
    return tf.linalg.set_diag(equal, tf.zeros_like(text_ids, tf.bool))


def all_pairs(there: tf.Tensor) -> tf.Tensor:
    """Marks the pairs of points that are both there: bool [N] to bool [N, N]."""
    return there[:, None] & there[None, :]


def _pairs(table: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Looks up table[labels_m, labels_n] of a symmetric table by whole rows."""
    by_class = tf.transpose(tf.gather(table, labels))  # [K, B]
    return tf.gather(by_class, labels)  # [B, B]
