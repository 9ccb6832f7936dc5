"""The methods that the paper compares HUSE with (section 4.2).

Each is its own paper's loss on our two towers. Where a paper has one modality, both
are points of one space here, as in HUSE; where it has a batch's sum, we take the mean.
"""

import tensorflow as tf

from huse_tf.config import ObjectiveConfig
from huse_tf.losses import class_embedding_loss
from huse_tf.objectives.base import Objective, classification_of
from huse_tf.objectives.baseline_losses import (
    class_triplet_loss,
    cosine_embedding_loss,
    hinge_rank_loss,
    instance_triplet_loss,
    triplet_loss,
)

_Tensors = dict[str, tf.Tensor]


class Separate(Objective):
    """Two models with nothing in common: a tower and a classifier a modality.

    Formula: L = L_classification (eqs. 7, 8).
    """

    names = ("loss", "classification_loss")
    classifier = "separate"

    def __init__(self):
        """Weighs the only term by 1."""
        super().__init__(1.0)

    def terms(self, outputs: _Tensors, labels: tf.Tensor) -> _Tensors:
        """Computes the classification loss."""
        return {"classification_loss": classification_of(outputs, labels)}


class Triplet(Objective):
    """FaceNet: a point is nearer to its class than to others, by a margin.

    All 2B images and texts are anchors alike, and an anchor's positives are all other
    points of its class, of either modality. Each of these pairs takes one semi-hard
    negative from the batch.

    Reference: Schroff et al. 2015, FaceNet, sections 3.1 and 3.2.
    """

    names = ("loss", "triplet_loss")
    classifier = "untrained"

    def __init__(self, config: ObjectiveConfig):
        """Takes the margin.

        Args:
            config: triplet_margin.
        """
        super().__init__(1.0)
        self._margin = config.triplet_margin

    def terms(self, outputs: _Tensors, labels: tf.Tensor) -> _Tensors:
        """Computes the triplet loss."""
        points = tf.concat([outputs["image_embedding"], outputs["text_embedding"]], 0)
        labels = tf.tile(labels, [2])
        return {"triplet_loss": triplet_loss(points, labels, self._margin)}


class Cme(Objective):
    """Cross-modal embedding: cosine loss of pairs and non-pairs, and classifiers.

    The classification weight is lambda of the paper's semantic regularisation. That
    paper shares the classifier; HUSE's comparison, which this repeats, does not.

    Reference: Salvador et al. 2017, sections 3.3 and 4.
    """

    names = ("loss", "pair_loss", "classification_loss")
    classifier = "separate"

    def __init__(self, config: ObjectiveConfig):
        """Takes margin and weights.

        Args:
            config: cme_margin, cme_positive_share, cme_classification_weight.
        """
        super().__init__(1.0, config.cme_classification_weight)
        self._margin = config.cme_margin
        self._positive_share = config.cme_positive_share

    def terms(self, outputs: _Tensors, labels: tf.Tensor) -> _Tensors:
        """Computes the loss of pairs and the classification loss."""
        return {
            "pair_loss": cosine_embedding_loss(
                outputs["image_embedding"],
                outputs["text_embedding"],
                self._margin,
                self._positive_share,
            ),
            "classification_loss": classification_of(outputs, labels),
        }


class AdaMine(Objective):
    """AdaMine: triplets of instances and of classes, averaged over the active ones.

    Formula: L = L_instance + lambda L_class.

    Reference: Carvalho et al. 2018, section 3.
    """

    names = ("loss", "instance_loss", "class_loss")
    classifier = "untrained"

    def __init__(self, config: ObjectiveConfig):
        """Takes margin and weight.

        Args:
            config: adamine_margin, adamine_class_weight.
        """
        super().__init__(1.0, config.adamine_class_weight)
        self._margin = config.adamine_margin

    def terms(self, outputs: _Tensors, labels: tf.Tensor) -> _Tensors:
        """Computes the two triplet losses."""
        images, texts = outputs["image_embedding"], outputs["text_embedding"]
        return {
            "instance_loss": instance_triplet_loss(images, texts, self._margin),
            "class_loss": class_triplet_loss(images, texts, labels, self._margin),
        }


class Devise(Objective):
    """DeViSE: a point is nearer to its own class name than to any other, by a margin.

    Reference: Frome et al. 2013, section 3.3.
    """

    names = ("loss", "rank_loss")
    classifier = "untrained"

    def __init__(self, config: ObjectiveConfig, class_embeddings: tf.Tensor):
        """Takes the margin and psi.

        Args:
            config: devise_margin.
            class_embeddings: float32 [K, D], unit rows.
        """
        super().__init__(1.0)
        self._margin = config.devise_margin
        self._class_embeddings = tf.constant(class_embeddings, tf.float32)

    def terms(self, outputs: _Tensors, labels: tf.Tensor) -> _Tensors:
        """Computes the rank loss."""
        points = tf.concat([outputs["image_embedding"], outputs["text_embedding"]], 0)
        return {
            "rank_loss": hinge_rank_loss(
                points, tf.tile(labels, [2]), self._class_embeddings, self._margin
            )
        }


class Hie(Objective):
    """Hierarchy-based embeddings: points on their class's embedding, and a classifier.

    Formula: L = 1/N sum_n d(phi(x_n), psi(y_n)) + lambda L_classification, over the
    N = 2B images and texts. The first term, L_CORR of the paper, is half of eq. 13.

    Reference: Barz and Denzler 2019, section 3.
    """

    names = ("loss", "class_embedding_loss", "classification_loss")

    def __init__(self, config: ObjectiveConfig, class_embeddings: tf.Tensor):
        """Takes the weight and psi.

        Args:
            config: hie_classification_weight, lambda.
            class_embeddings: float32 [K, D], unit rows.
        """
        super().__init__(1.0, config.hie_classification_weight)
        self._class_embeddings = tf.constant(class_embeddings, tf.float32)

    def terms(self, outputs: _Tensors, labels: tf.Tensor) -> _Tensors:
        """Computes the distance to the class embeddings and the classification loss."""
        return {
            "class_embedding_loss": 0.5
            * class_embedding_loss(
                outputs["image_embedding"],
                outputs["text_embedding"],
                labels,
                self._class_embeddings,
            ),
            "classification_loss": classification_of(outputs, labels),
        }
