"""What is optimised: outputs and labels in, named scalars out."""

import tensorflow as tf

from huse_tf.config import LossConfig
from huse_tf.losses import (
    classification_loss,
    gap_loss,
    graph_loss,
    graph_targets,
)


class Huse:
    """HUSE's objective.

    Formula: L = alpha L_classification + beta L_graph + gamma L_gap (eq. 5).

    Attributes:
        names: the scalars that a call returns, the metric names; "loss" is optimised.
    """

    names = ("loss", "classification_loss", "graph_loss", "gap_loss")

    def __init__(self, config: LossConfig, graph: tf.Tensor):
        """Takes the weights of the terms and A.

        Args:
            config: alpha, beta, gamma, margin and graph_margin.
            graph: float32 [K, K], the semantic graph of eq. 4.
        """
        self._config = config
        self._targets = graph_targets(graph, config.margin, config.graph_margin)

    def __call__(
        self, outputs: dict[str, tf.Tensor], labels: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Computes the terms and their weighted sum.

        Args:
            outputs: image_embedding, text_embedding: float32 [B, D], unit rows;
                image_logits, text_logits: float32 [B, K].
            labels: int32 [B] in [0, K).

        Returns:
            A float32 scalar for each of `names`.
        """
        images, texts = outputs["image_embedding"], outputs["text_embedding"]
        # Images and texts are equally many, so the mean over the 2B points is the
        # mean of the two means.
        classification = 0.5 * (
            classification_loss(outputs["image_logits"], labels)
            + classification_loss(outputs["text_logits"], labels)
        )
        graph = graph_loss(images, texts, labels, self._targets)
        gap = gap_loss(images, texts)
        total = (
            self._config.alpha * classification
            + self._config.beta * graph
            + self._config.gamma * gap
        )
        return {
            "loss": total,
            "classification_loss": classification,
            "graph_loss": graph,
            "gap_loss": gap,
        }
