"""What every objective is: outputs and labels in, named scalars out."""

import tensorflow as tf

from huse_tf.losses import classification_loss


class Objective:
    """A weighted sum of named terms.

    Attributes:
        names: the scalars that a call returns, the metric names; "loss" is optimised.
        classifier: what the network's classifier is, see `model.embedding_network`:
            "shared" by the modalities, "separate" for each, or "untrained".
    """

    names: tuple[str, ...] = ("loss",)
    classifier = "shared"

    def __init__(self, *weights: float):
        """Takes the weight of each term, in the order of `names` without "loss"."""
        self._weights = dict(zip(self.names[1:], weights, strict=True))

    @property
    def classifies(self) -> bool:
        """Whether logits are trained; if not, accuracies mean nothing."""
        return self.classifier != "untrained"

    def terms(
        self, outputs: dict[str, tf.Tensor], labels: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Computes the terms; takes what a call takes."""
        raise NotImplementedError(f"{type(self).__name__} has no terms")

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
        terms = self.terms(outputs, labels)
        weighted = [weight * terms[name] for name, weight in self._weights.items()]
        return {"loss": tf.add_n(weighted), **terms}


def classification_of(outputs: dict[str, tf.Tensor], labels: tf.Tensor) -> tf.Tensor:
    """Softmax cross entropy, mean over the 2B points of a batch (eqs. 7, 8)."""
    # Images and texts are equally many, so the mean over the 2B points is the mean of
    # the two means.
    return 0.5 * (
        classification_loss(outputs["image_logits"], labels)
        + classification_loss(outputs["text_logits"], labels)
    )
