"""What every objective is: outputs and labels in, named scalars out."""

import inspect
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from huse_tf import arguments
from huse_tf.losses import classification_loss, points_there
from huse_tf.presence import Present


class Objective:
    """A weighted sum of named terms.

    A subclass adds a term by a name in `names`, a weight in `weights` and the scalar in
    what `terms` returns. To be loaded inside a saved model it is registered with
    `keras.saving.register_keras_serializable`.

    Attributes:
        names: the scalars that a call returns, the metric names; "loss" is optimised.
        classifier: what the network's classifier is, see `towers.embedding_network`:
            "shared" by the modalities, "separate" for each, or "untrained".
        classes: K, where the objective knows it.
        weights: of each term, by its name.
        variables: what of the objective is trained along with the network.
    """

    names: tuple[str, ...] = ("loss",)
    classifier = "shared"
    classes: int | None = None
    variables: tuple[keras.Variable, ...] = ()

    def __new__(cls, *args, **kwargs) -> Self:
        """Notes the arguments, from which `get_config` rebuilds the objective."""
        objective = super().__new__(cls)
        bound = inspect.signature(cls.__init__).bind_partial(objective, *args, **kwargs)
        _, *given = bound.arguments
        objective._arguments = {}
        for name in given:
            value = bound.arguments[name]
            kind = bound.signature.parameters[name].kind
            objective._arguments |= (
                value if kind is inspect.Parameter.VAR_KEYWORD else {name: value}
            )
        return objective

    def __init__(self, **weights: float):
        """Takes the weight of each term, at least 0, by the term's name.

        Raises:
            ValueError: a weight is negative or no number.
        """
        arguments.not_negative(**weights)
        self.weights = dict(weights)

    @property
    def classifies(self) -> bool:
        """Whether logits are trained; if not, accuracies mean nothing."""
        return self.classifier != "untrained"

    @property
    def takes_missing(self) -> bool:
        """Whether products may lack a modality: `terms` has an argument `present`."""
        return "present" in inspect.signature(self.terms).parameters

    def terms(
        self,
        outputs: dict[str, tf.Tensor],
        labels: tf.Tensor,
        present: Present | None = None,
    ) -> dict[str, tf.Tensor]:
        """Computes the terms.

        A subclass whose products all have image and text leaves `present` out.

        Args:
            outputs: what a call takes, and text_id: int64 [B], the same number where
                the text is the same.
            labels: int32 [B] in [0, K).
            present: which products have which modality; None where all have both.
                What `outputs` holds of one that is not there has no part in any term.

        Returns:
            A float32 scalar for each of `names` but "loss".
        """
        raise NotImplementedError(f"{type(self).__name__} has no terms")

    def __call__(
        self,
        outputs: dict[str, tf.Tensor],
        labels: tf.Tensor,
        text_ids: tf.Tensor | None = None,
        present: Present | None = None,
    ) -> dict[str, tf.Tensor]:
        """Computes the terms and their weighted sum.

        Args:
            outputs: image_embedding, text_embedding: float32 [B, D], unit rows;
                image_logits, text_logits: float32 [B, K].
            labels: int32 [B] in [0, K).
            text_ids: int64 [B], the same number where the text is the same; None: all
                texts of the batch differ.
            present: which products have which modality, bool [B] each; None: all have
                both.

        Returns:
            A float32 scalar for each of `names`.

        Raises:
            ValueError: `names`, `weights` and what `terms` returns do not name the
                same terms, or `present` is given and `terms` does not take it.
        """
        if text_ids is None:
            text_ids = tf.range(tf.shape(labels, tf.int64)[0])
        outputs = {**outputs, "text_id": text_ids}
        if present is None:
            terms = self.terms(outputs, labels)
        elif self.takes_missing:
            terms = self.terms(outputs, labels, present=present)
        else:
            raise ValueError(
                f"{type(self).__name__}.terms must have an argument `present` where "
                "products lack an image or a text: which have one. Received: "
                f"{inspect.signature(self.terms)}"
            )
        self._check(terms)
        named = [name for name in self.names if name != "loss"]
        loss = tf.add_n([self.weights[name] * terms[name] for name in named])
        scalars = {"loss": loss, **terms}
        return {name: scalars[name] for name in self.names}

    def _check(self, terms: dict[str, tf.Tensor]) -> None:
        """Raises where the three owners of a term's name do not agree."""
        if "loss" not in self.names or "loss" in terms or len(self.names) < 2:
            raise ValueError(
                f'{type(self).__name__}.names must be "loss", which is the weighted '
                f"sum, and the name of each term. Received: {self.names}, with terms() "
                f"returning {', '.join(terms) or 'nothing'}"
            )
        expected = set(self.names) - {"loss"}
        for source, found in (("weights", self.weights), ("terms()", terms)):
            if set(found) != expected:
                raise ValueError(
                    f"{type(self).__name__}.{source} must hold each of names without "
                    f'"loss" ({", ".join(sorted(expected))}). '
                    f"Received: {', '.join(sorted(found)) or 'nothing'}"
                )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that it was built with, as JSON values."""
        return {
            name: keras.saving.serialize_keras_object(
                value.numpy() if isinstance(value, tf.Tensor) else value
            )
            for name, value in self._arguments.items()
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Builds the objective that `get_config` was asked about."""
        return cls(
            **{
                name: keras.saving.deserialize_keras_object(value)
                for name, value in config.items()
            }
        )


def classification_of(
    outputs: dict[str, tf.Tensor], labels: tf.Tensor, present: Present | None = None
) -> tf.Tensor:
    """Softmax cross entropy, mean over the points of a batch (eqs. 7, 8)."""
    if present is not None:
        logits = tf.concat([outputs["image_logits"], outputs["text_logits"]], 0)
        labels = tf.tile(labels, [2])
        return classification_loss(logits, labels, points_there(present))
    # Images and texts are equally many, so the mean over the 2B points is the mean of
    # the two means.
    return 0.5 * (
        classification_loss(outputs["image_logits"], labels)
        + classification_loss(outputs["text_logits"], labels)
    )


def unit_rows(name: str, points: np.ndarray) -> tf.Tensor:
    """Returns points as float32 [K, D].

    Raises:
        ValueError: it is no matrix, or a row is not of length 1.
    """
    array = np.asarray(points, np.float32)
    if array.ndim != 2:
        raise ValueError(f"{name} must be [K, D]. Received: {list(array.shape)}")
    norms = np.linalg.norm(array, axis=1)
    wrong = np.flatnonzero(~(np.abs(norms - 1) < 1e-3))
    if wrong.size:
        raise ValueError(
            f"{name} must have rows of length 1. "
            f"Received: row {wrong[0]} of length {norms[wrong[0]]:.4g}"
        )
    return tf.constant(array)
