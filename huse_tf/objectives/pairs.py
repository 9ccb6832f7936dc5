"""What one would train instead of HUSE: a product's image and text against all others.

Neither knows of classes. Both leave out pairs of other products with the same text, as
the product loss does, so that HUSE has no advantage by that.
"""

import keras
import numpy as np
import tensorflow as tf

from huse_tf.losses import (
    all_pairs,
    cross_cosines,
    mean_over,
    other_product_same_text,
    product_loss,
)
from huse_tf.objectives.base import Objective
from huse_tf.presence import Present

_Tensors = dict[str, tf.Tensor]

# The published start and end of the factor on CLIP's cosines, and SigLIP's start.
_CLIP_SCALE, _HIGHEST_SCALE = 1 / 0.07, 100.0
_SIGLIP_SCALE, _SIGLIP_BIAS = 10.0, -10.0


@keras.saving.register_keras_serializable("huse_tf")
class Clip(Objective):
    """CLIP: softmax over the batch in either direction, with a learned temperature.

    Formula: L_product (see `losses.product_loss`) without a class margin; 1/temperature
    starts at 1/0.07 and stays at most 100.

    Reference: Radford et al. 2021, figure 3 and section 2.5.
    """

    names = ("loss", "product_loss")
    classifier = "untrained"

    def __init__(self):
        """Weighs the only term by 1."""
        super().__init__(product_loss=1.0)
        self._log_scale = _scalar(np.log(_CLIP_SCALE), "log_scale")
        self.variables = (self._log_scale,)

    def terms(
        self, outputs: _Tensors, labels: tf.Tensor, present: Present | None = None
    ) -> _Tensors:
        """Computes the product loss."""
        cosines = cross_cosines(outputs["image_embedding"], outputs["text_embedding"])
        scale = tf.exp(tf.minimum(self._log_scale.value, np.log(_HIGHEST_SCALE)))
        return {
            "product_loss": product_loss(
                cosines, labels, outputs["text_id"], 1.0 / scale, present=present
            )
        }


@keras.saving.register_keras_serializable("huse_tf")
class Siglip(Objective):
    """SigLIP: each pair is judged alone, with a learned scale and bias.

    Formula: L = -1/B sum_mn log sigmoid(y_mn (s c_mn + b)), c_mn the cosine of image m
    and text n, y_mn 1 where they are of one product and -1 where not; s = exp(t).

    Reference: Zhai et al. 2023, algorithm 1.
    """

    names = ("loss", "pair_loss")
    classifier = "untrained"

    def __init__(self):
        """Weighs the only term by 1."""
        super().__init__(pair_loss=1.0)
        self._log_scale = _scalar(np.log(_SIGLIP_SCALE), "log_scale")
        self._bias = _scalar(_SIGLIP_BIAS, "bias")
        self.variables = (self._log_scale, self._bias)

    def terms(
        self, outputs: _Tensors, labels: tf.Tensor, present: Present | None = None
    ) -> _Tensors:
        """Computes the loss of all pairs."""
        cosines = cross_cosines(outputs["image_embedding"], outputs["text_embedding"])
        logits = tf.exp(self._log_scale.value) * cosines + self._bias.value
        own = tf.linalg.diag_part(logits)
        # -log sigmoid(-x) = softplus(x), of own pairs with the sign turned.
        losses = tf.nn.softplus(tf.linalg.set_diag(logits, -own))
        left_out = other_product_same_text(outputs["text_id"])
        both = None if present is None else present.both
        if both is not None:
            left_out |= ~all_pairs(both)
        counted = tf.where(left_out, 0.0, losses)
        return {"pair_loss": mean_over(tf.reduce_sum(counted, axis=1), both)}


def _scalar(value: float, name: str) -> keras.Variable:
    return keras.Variable(float(value), dtype="float32", name=name)
