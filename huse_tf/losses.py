"""The paper's losses (section 3.4) as pure functions of embeddings and labels."""

from typing import NamedTuple

import tensorflow as tf

from huse_tf import arguments
from huse_tf.distances import paired_distance

GRAPH_MARGINS = ("printed", "hinge", "none")

# Beyond every distance in [0, 2] and so beyond every residual: "no bound here".
_UNREACHABLE = 4.0


def classification_loss(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Softmax cross entropy of the shared classifier.

    Formula: L_classification = -1/N sum_n log softmax(z_n)[y_n] (eqs. 7, 8).

    Args:
        logits: float32 [N, K].
        labels: int32 [N] in [0, K).

    Returns:
        float32 scalar, at least 0; ln K for logits that are all equal.
    """
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )


def gap_loss(images: tf.Tensor, texts: tf.Tensor) -> tf.Tensor:
    """How far the image and the text of one product lie from each other.

    Formula: L_gap = 1/N sum_n d(phi_I(p_n), phi_T(q_n)) (eq. 12).

    Args:
        images: float32 [B, D], unit rows.
        texts: float32 [B, D], unit rows.

    Returns:
        float32 scalar in [0, 2].
    """
    return tf.reduce_mean(paired_distance(images, texts))


def class_embedding_loss(
    images: tf.Tensor,
    texts: tf.Tensor,
    labels: tf.Tensor,
    class_embeddings: tf.Tensor,
) -> tf.Tensor:
    """How far image and text lie from the embedding of their class's name.

    Formula: 1/N sum_n d(phi_I(p_n), psi(v)) + d(phi_T(q_n), psi(v)) (eq. 13), v the
    class of n.

    Args:
        images: float32 [B, D], unit rows.
        texts: float32 [B, D], unit rows.
        labels: int32 [B] in [0, K).
        class_embeddings: float32 [K, D], unit rows.

    Returns:
        float32 scalar in [0, 4].
    """
    targets = tf.gather(class_embeddings, labels)
    return tf.reduce_mean(
        paired_distance(images, targets) + paired_distance(texts, targets)
    )


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
    images: tf.Tensor, texts: tf.Tensor, labels: tf.Tensor, targets: GraphTargets
) -> tf.Tensor:
    """Draws every pair of the batch's 2B points to the distance of their classes.

    Formula, over the N = 2B images and texts, i and j the classes of m and n:
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

    Returns:
        float32 scalar, at least 0. It can be differentiated once, by images and texts.
    """
    near = _pairs(targets.near, labels)
    bound = None if targets.margin == "none" else _pairs(targets.bound, labels)

    def residual(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        cosine = tf.matmul(a, b, transpose_b=True)
        if targets.margin == "printed":
            return tf.where(cosine > bound, near - cosine, tf.zeros_like(cosine))
        if targets.margin == "hinge":
            return tf.minimum(near - cosine, bound)
        return near - cosine

    @tf.custom_gradient
    def loss(images: tf.Tensor, texts: tf.Tensor):
        within_images = residual(images, images)
        across = residual(images, texts)
        within_texts = residual(texts, texts)
        points = 2.0 * tf.cast(tf.shape(images)[0], tf.float32)
        # tf.nn.l2_loss is half the sum of squares; the block across counts twice.
        value = (
            2.0 * tf.nn.l2_loss(within_images)
            + 2.0 * tf.nn.l2_loss(within_texts)
            + 4.0 * tf.nn.l2_loss(across)
        ) / points**2

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            scale = -4.0 * upstream / points**2
            return (
                scale * (within_images @ images + across @ texts),
                scale
                * (within_texts @ texts + tf.matmul(across, images, transpose_a=True)),
            )

        return value, gradient

    return loss(images, texts)


def _pairs(table: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Looks up table[labels_m, labels_n] of a symmetric table by whole rows."""
    by_class = tf.transpose(tf.gather(table, labels))  # [K, B]
    return tf.gather(by_class, labels)  # [B, B]
