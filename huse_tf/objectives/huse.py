"""HUSE (eq. 5 and the product loss) and HUSE-P (eq. 13 in place of eq. 11)."""

import keras
import numpy as np
import tensorflow as tf

from huse_tf import arguments
from huse_tf.losses import (
    class_embedding_loss,
    cross_cosines,
    gap_loss,
    graph_loss,
    graph_targets,
    product_loss,
)
from huse_tf.objectives.base import Objective, classification_of, unit_rows
from huse_tf.presence import Present
from huse_tf.semantic_graph import check_graph


@keras.saving.register_keras_serializable("huse_tf")
class Huse(Objective):
    """HUSE's objective, and beside it the product loss.

    Formula: L = alpha L_classification + beta L_graph + gamma L_gap (eq. 5)
    + delta L_product. Without a delta there is no `product_loss` among its `names`.
    """

    names = ("loss", "classification_loss", "graph_loss", "gap_loss")

    def __init__(
        self,
        graph: np.ndarray,
        *,
        alpha: float = 1.0,
        beta: float = 5.0,
        gamma: float = 1.0,
        margin: float = 0.7,
        graph_margin: str = "none",
        delta: float = 1.0,
        temperature: float = 0.05,
        class_margin: float = 0.2,
    ):
        """Takes A and the weights of the terms.

        Args:
            graph: float32 [K, K], the semantic graph of eq. 4.
            alpha: weight of the classification loss, at least 0; at 0 the network's
                classifier is "untrained".
            beta: weight of the graph loss, at least 0.
            gamma: weight of the gap loss, at least 0.
            margin: zeta of eq. 10, a cosine distance in [0, 2].
            graph_margin: printed | hinge | none, see `losses.graph_targets`.
            delta: weight of the product loss, at least 0; 0 is the paper's objective.
            temperature: of the product loss, in (0, 1].
            class_margin: of the product loss, a difference of cosines in [0, 2].

        Raises:
            ValueError: a number is outside of its range, or `graph_margin` none of the
                three.
            InputError: `graph` is no matrix of distances.
        """
        arguments.not_negative(alpha=alpha, beta=beta, gamma=gamma, delta=delta)
        weights = {"classification_loss": alpha, "graph_loss": beta, "gap_loss": gamma}
        if delta > 0:
            self.names = (*self.names, "product_loss")
            weights["product_loss"] = delta
        super().__init__(**weights)
        if alpha == 0:
            self.classifier = "untrained"
        graph = np.asarray(graph, np.float32)
        check_graph(graph, "graph")
        self.classes = len(graph)
        self._targets = graph_targets(graph, margin, graph_margin)
        self._temperature = arguments.number("temperature", temperature, 0, 1, "(]")
        self._class_margin = arguments.number("class_margin", class_margin, 0, 2)

    def terms(
        self,
        outputs: dict[str, tf.Tensor],
        labels: tf.Tensor,
        present: Present | None = None,
    ) -> dict[str, tf.Tensor]:
        """Computes the terms of eq. 5, and the product loss where it has a weight."""
        images, texts = outputs["image_embedding"], outputs["text_embedding"]
        by_product = "product_loss" in self.weights
        cosines = cross_cosines(images, texts) if by_product else None
        terms = {
            "classification_loss": classification_of(outputs, labels, present),
            "graph_loss": graph_loss(
                images, texts, labels, self._targets, cosines, present
            ),
            "gap_loss": gap_loss(images, texts, present),
        }
        if by_product:
            terms["product_loss"] = product_loss(
                cosines,
                labels,
                outputs["text_id"],
                self._temperature,
                self._class_margin,
                present,
            )
        return terms


@keras.saving.register_keras_serializable("huse_tf")
class HuseP(Objective):
    """HUSE-P: points are drawn to their class's embedding, not to each other.

    Formula: L = alpha L_classification + beta L_class_embedding + gamma L_gap, with
    L_class_embedding of eq. 13.
    """

    names = ("loss", "classification_loss", "class_embedding_loss", "gap_loss")

    def __init__(
        self,
        class_embeddings: np.ndarray,
        *,
        alpha: float = 1.0,
        beta: float = 5.0,
        gamma: float = 1.0,
    ):
        """Takes psi and the weights of the terms.

        Args:
            class_embeddings: float32 [K, D], unit rows, psi of eq. 13; from
                `class_embeddings.class_embeddings_from_graph`.
            alpha: weight of the classification loss, at least 0; at 0 the network's
                classifier is "untrained".
            beta: weight of the class embedding loss, at least 0.
            gamma: weight of the gap loss, at least 0.

        Raises:
            ValueError: a weight is negative, or a row is not of length 1.
        """
        arguments.not_negative(alpha=alpha, beta=beta, gamma=gamma)
        super().__init__(
            classification_loss=alpha, class_embedding_loss=beta, gap_loss=gamma
        )
        if alpha == 0:
            self.classifier = "untrained"
        self._class_embeddings = unit_rows("class_embeddings", class_embeddings)
        self.classes = len(self._class_embeddings)

    def terms(
        self,
        outputs: dict[str, tf.Tensor],
        labels: tf.Tensor,
        present: Present | None = None,
    ) -> dict[str, tf.Tensor]:
        """Computes the terms."""
        images, texts = outputs["image_embedding"], outputs["text_embedding"]
        return {
            "classification_loss": classification_of(outputs, labels, present),
            "class_embedding_loss": class_embedding_loss(
                images, texts, labels, self._class_embeddings, present
            ),
            "gap_loss": gap_loss(images, texts, present),
        }
