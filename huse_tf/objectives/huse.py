"""HUSE (eq. 5) and HUSE-P (eq. 13 in place of eq. 11)."""

import tensorflow as tf

from huse_tf.config import LossConfig
from huse_tf.losses import (
    class_embedding_loss,
    gap_loss,
    graph_loss,
    graph_targets,
)
from huse_tf.objectives.base import Objective, classification_of


class Huse(Objective):
    """HUSE's objective.

    Formula: L = alpha L_classification + beta L_graph + gamma L_gap (eq. 5).
    """

    names = ("loss", "classification_loss", "graph_loss", "gap_loss")

    def __init__(self, config: LossConfig, graph: tf.Tensor):
        """Takes the weights of the terms and A.

        Args:
            config: alpha, beta, gamma, margin and graph_margin.
            graph: float32 [K, K], the semantic graph of eq. 4.
        """
        super().__init__(config.alpha, config.beta, config.gamma)
        if config.alpha == 0:
            self.classifier = "untrained"
        self._targets = graph_targets(graph, config.margin, config.graph_margin)

    def terms(
        self, outputs: dict[str, tf.Tensor], labels: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Computes the terms of eq. 5."""
        images, texts = outputs["image_embedding"], outputs["text_embedding"]
        return {
            "classification_loss": classification_of(outputs, labels),
            "graph_loss": graph_loss(images, texts, labels, self._targets),
            "gap_loss": gap_loss(images, texts),
        }


class HuseP(Objective):
    """HUSE-P: points are drawn to their class's embedding, not to each other.

    Formula: L = alpha L_classification + beta L_class_embedding + gamma L_gap, with
    L_class_embedding of eq. 13.
    """

    names = ("loss", "classification_loss", "class_embedding_loss", "gap_loss")

    def __init__(self, config: LossConfig, class_embeddings: tf.Tensor):
        """Takes the weights of the terms and psi.

        Args:
            config: alpha, beta and gamma.
            class_embeddings: float32 [K, D], unit rows, psi of eq. 13.
        """
        super().__init__(config.alpha, config.beta, config.gamma)
        if config.alpha == 0:
            self.classifier = "untrained"
        self._class_embeddings = tf.constant(class_embeddings, tf.float32)

    def terms(
        self, outputs: dict[str, tf.Tensor], labels: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Computes the terms."""
        images, texts = outputs["image_embedding"], outputs["text_embedding"]
        return {
            "classification_loss": classification_of(outputs, labels),
            "class_embedding_loss": class_embedding_loss(
                images, texts, labels, self._class_embeddings
            ),
            "gap_loss": gap_loss(images, texts),
        }
