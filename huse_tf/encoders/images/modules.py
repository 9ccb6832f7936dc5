"""Image feature vectors of TF-Hub, as Keras layers."""

import functools

import keras
import tensorflow as tf

from huse_tf.encoders import hub
from huse_tf.encoders.images.backbones import Backbone, scaling_function
from huse_tf.errors import InputError, first_line


def load(handle: str, size: int, scaling: str, trainable: bool) -> Backbone:
    """Loads a TF-Hub image feature vector.

    Args:
        handle: URL or folder.
        size: side of the pictures.
        scaling: -1..1 | 0..1 | 0..255, what the model was trained on.
        trainable: whether it may be fine-tuned.

    Raises:
        InputError: cannot be reached, no image feature vector, or of another size.
    """
    path = hub.resolve(handle)
    layer = hub.with_text_ops(lambda: _module_layer(path, trainable), path)
    expected = f"{handle}: expected an image feature vector, [B, S, S, 3] to [B, D]"
    fixed = _fixed_size(layer)
    if fixed not in (None, size):
        raise InputError(
            f"image_encoder.size = {size}: {handle} takes pictures of {fixed} x "
            f"{fixed} only; set size = {fixed}"
        )
    try:
        features = only_output(layer(tf.zeros([1, size, size, 3])))
    except (TypeError, ValueError, tf.errors.OpError) as error:
        raise InputError(f"{expected}; received {first_line(error)}") from error
    if features.shape.rank != 2:
        raise InputError(f"{expected}; received output of shape {features.shape}")
    return Backbone(
        layer, scaling_function(scaling), hub.digest(path), features.shape[-1]
    )


def _module_layer(path: str, trainable: bool) -> keras.layers.TFSMLayer:
    """Loads by __call__, which TF2 modules have, or by the default signature."""
    make = functools.partial(keras.layers.TFSMLayer, path, trainable=trainable)
    try:
        return make(call_endpoint="__call__")
    except ValueError as error:
        if "__call__" not in str(error):
            raise
    return make(call_endpoint="serving_default")


def _fixed_size(layer: keras.layers.TFSMLayer) -> int | None:
    """Returns the one picture size that a SavedModel takes, or None for any."""
    function = layer.call_endpoint_fn
    concrete = getattr(function, "concrete_functions", [function])
    sizes = {
        spec.shape[1]
        for traced in concrete
        for spec in tf.nest.flatten(traced.structured_input_signature)
        if isinstance(spec, tf.TensorSpec) and spec.shape.rank == 4
    }
    return sizes.pop() if len(sizes) == 1 else None


def only_output(outputs: tf.Tensor | dict[str, tf.Tensor]) -> tf.Tensor:
    """Returns the tensor, or the one of a signature's dict of outputs."""
    if isinstance(outputs, dict):
        if len(outputs) != 1 and "default" not in outputs:
            raise ValueError(f"outputs {sorted(outputs)}")
        return outputs.get("default", next(iter(outputs.values())))
    return tf.convert_to_tensor(outputs)
