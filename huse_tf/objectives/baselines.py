"""The methods that the paper compares HUSE with (section 4.2).

Each is its own paper's loss on our two towers. Where a paper has one modality, both
are points of one space here, as in HUSE; where it has a batch's sum, we take the mean.
"""

import keras
import numpy as np
import tensorflow as tf

from huse_tf import arguments
from huse_tf.losses import class_embedding_loss, points_there
from huse_tf.objectives.base import Objective, classification_of, unit_rows
from huse_tf.objectives.baseline_losses import (
    class_triplet_loss,
    cosine_embedding_loss,
    hinge_rank_loss,
    instance_triplet_loss,
    triplet_loss,
)
from huse_tf.presence import Present

_Tensors = dict[str, tf.Tensor]


@keras.saving.register_keras_serializable("huse_tf")
class Separate(Objective):
    """Two models with nothing in common: a tower and a classifier a modality.

    Formula: L = L_classification (eqs. 7, 8).
    """

    names = ("loss", "classification_loss")
    classifier = "separate"

    def __init__(self):
        """Weighs the only term by 1."""
        super().__init__(classification_loss=1.0)

    def terms(
        self, outputs: _Tensors, labels: tf.Tensor, present: Present | None = None
    ) -> _Tensors:
        """Computes the classification loss."""
        return {"classification_loss": classification_of(outputs, labels, present)}


@keras.saving.register_keras_serializable("huse_tf")
class Triplet(Objective):
    """FaceNet: a point is nearer to its class than to others, by a margin.

    All 2B images and texts are anchors alike, and an anchor's positives are all other
    points of its class, of either modality. Each of these pairs takes one semi-hard
    negative from the batch.

    Reference: Schroff et al. 2015, FaceNet, sections 3.1 and 3.2.
    """

    names = ("loss", "triplet_loss")
    classifier = "untrained"

    def __init__(self, *, margin: float = 0.2):
        """Takes the margin.

        Args:
            margin: a squared Euclidean distance, in [0, 4].

        Raises:
            ValueError: `margin` is outside of its range.
        """
        super().__init__(triplet_loss=1.0)
        self._margin = arguments.number("margin", margin, 0, 4)

    def terms(
        self, outputs: _Tensors, labels: tf.Tensor, present: Present | None = None
    ) -> _Tensors:
        """Computes the triplet loss."""
        points = tf.concat([outputs["image_embedding"], outputs["text_embedding"]], 0)
        labels = tf.tile(labels, [2])
        there = points_there(present)
        return {"triplet_loss": triplet_loss(points, labels, self._margin, there)}


@keras.saving.register_keras_serializable("huse_tf")
class Cme(Objective):
    """Cross-modal embedding: cosine loss of pairs and non-pairs, and classifiers.

    The classification weight is lambda of the paper's semantic regularisation. That
    paper shares the classifier; HUSE's comparison, which this repeats, does not.

    Reference: Salvador et al. 2017, sections 3.3 and 4.
    """

    names = ("loss", "pair_loss", "classification_loss")
    classifier = "separate"

    def __init__(
        self,
        *,
        margin: float = 0.1,
        positive_share: float = 0.2,
        classification_weight: float = 0.02,
    ):
        """Takes margin and weights.

        Args:
            margin: non-pairs above this cosine are pushed apart, in [-1, 1].
            positive_share: weight of pairs, in [0, 1]; the rest is of non-pairs.
            classification_weight: of the classification loss, at least 0.

        Raises:
            ValueError: an argument is outside of its range.
        """
        arguments.not_negative(classification_weight=classification_weight)
        super().__init__(pair_loss=1.0, classification_loss=classification_weight)
        self._margin = arguments.number("margin", margin, -1, 1)
        self._positive_share = arguments.number("positive_share", positive_share, 0, 1)

    def terms(
        self, outputs: _Tensors, labels: tf.Tensor, present: Present | None = None
    ) -> _Tensors:
        """Computes the loss of pairs and the classification loss."""
        return {
            "pair_loss": cosine_embedding_loss(
                outputs["image_embedding"],
                outputs["text_embedding"],
                self._margin,
                self._positive_share,
                present,
            ),
            "classification_loss": classification_of(outputs, labels, present),
        }


@keras.saving.register_keras_serializable("huse_tf")
class AdaMine(Objective):
    """AdaMine: triplets of instances and of classes, averaged over the active ones.

    Formula: L = L_instance + lambda L_class.

    Reference: Carvalho et al. 2018, section 3.
    """

    names = ("loss", "instance_loss", "class_loss")
    classifier = "untrained"

    def __init__(self, *, margin: float = 0.3, class_weight: float = 0.3):
        """Takes margin and weight.

        Args:
            margin: a cosine distance, in [0, 2].
            class_weight: lambda, of the triplets of classes, at least 0.

        Raises:
            ValueError: an argument is outside of its range.
        """
        arguments.not_negative(class_weight=class_weight)
        super().__init__(instance_loss=1.0, class_loss=class_weight)
        self._margin = arguments.number("margin", margin, 0, 2)

    def terms(
        self, outputs: _Tensors, labels: tf.Tensor, present: Present | None = None
    ) -> _Tensors:
        """Computes the two triplet losses."""
        images, texts = outputs["image_embedding"], outputs["text_embedding"]
        return {
            "instance_loss": instance_triplet_loss(
                images, texts, self._margin, present
            ),
            "class_loss": class_triplet_loss(
                images, texts, labels, self._margin, present
            ),
        }


@keras.saving.register_keras_serializable("huse_tf")
class Devise(Objective):
    """DeViSE: a point is nearer to its own class name than to any other, by a margin.

    Reference: Frome et al. 2013, section 3.3.
    """

    names = ("loss", "rank_loss")
    classifier = "untrained"

    def __init__(self, class_embeddings: np.ndarray, *, margin: float = 0.1):
        """Takes psi and the margin.

        Args:
            class_embeddings: float32 [K, D], unit rows.
            margin: a cosine distance, in [0, 2].

        Raises:
            ValueError: `margin` is outside of its range, or a row is not of length 1.
        """
        super().__init__(rank_loss=1.0)
        self._margin = arguments.number("margin", margin, 0, 2)
        self._class_embeddings = unit_rows("class_embeddings", class_embeddings)
        self.classes = len(self._class_embeddings)

    def terms(
        self, outputs: _Tensors, labels: tf.Tensor, present: Present | None = None
    ) -> _Tensors:
        """Computes the rank loss."""
        points = tf.concat([outputs["image_embedding"], outputs["text_embedding"]], 0)
        return {
            "rank_loss": hinge_rank_loss(
                points,
                tf.tile(labels, [2]),
                self._class_embeddings,
                self._margin,
                points_there(present),
            )
        }


@keras.saving.register_keras_serializable("huse_tf")
class Hie(Objective):
    """Hierarchy-based embeddings: points on their class's embedding, and a classifier.

    Formula: L = 1/N sum_n d(phi(x_n), psi(y_n)) + lambda L_classification, over the
    N = 2B images and texts. The first term, L_CORR of the paper, is half of eq. 13.

    Reference: Barz and Denzler 2019, section 3.
    """

    names = ("loss", "class_embedding_loss", "classification_loss")

    def __init__(
        self, class_embeddings: np.ndarray, *, classification_weight: float = 0.1
    ):
        """Takes psi and the weight.

        Args:
            class_embeddings: float32 [K, D], unit rows.
            classification_weight: lambda, of the classification loss, at least 0.

        Raises:
            ValueError: the weight is negative, or a row is not of length 1.
        """
        arguments.not_negative(classification_weight=classification_weight)
        super().__init__(
            class_embedding_loss=1.0, classification_loss=classification_weight
        )
        self._class_embeddings = unit_rows("class_embeddings", class_embeddings)
        self.classes = len(self._class_embeddings)

    def terms(
        self, outputs: _Tensors, labels: tf.Tensor, present: Present | None = None
    ) -> _Tensors:
        """Computes the distance to the class embeddings and the classification loss."""
        return {
            "class_embedding_loss": 0.5
            * class_embedding_loss(
                outputs["image_embedding"],
                outputs["text_embedding"],
                labels,
                self._class_embeddings,
                present,
            ),
            "classification_loss": classification_of(outputs, labels, present),
        }
