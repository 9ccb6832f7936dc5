"""Image networks, from .keras files and from the package."""

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import keras
import tensorflow as tf

from huse_tf.errors import InputError, first_line

_SEED = 20190904


class Backbone(NamedTuple):
    """A network and what belongs to it.

    Attributes:
        network: scaled pixels [B, size, size, 3] to features [B, D].
        scale: float32 pixels in [0, 255] to what the network takes.
        digest: SHA-256 of the weights, hex.
        dim: D.
    """

    network: keras.Layer
    scale: Callable[[tf.Tensor], tf.Tensor]
    digest: str
    dim: int


def of_network(
    network: keras.Model, scale: Callable[[tf.Tensor], tf.Tensor]
) -> Backbone:
    """Completes a Keras model from pixels to [B, D] to a backbone."""
    digest = weights_digest(network)
    return Backbone(network, scale, digest, network.output_shape[-1])


def keras_file(path: str, size: int, scaling: str) -> Backbone:
    """Loads a .keras file, and rebuilds it for pictures of another size.

    Args:
        path: a model from pixels [B, S, S, 3] to [B, D], or to [B, h, w, D], which is
            averaged.
        size: side of the pictures.
        scaling: -1..1 | 0..1 | 0..255, what the model was trained on.

    Raises:
        InputError: missing, damaged, unsafe to load, or made for another size.
    """
    if not Path(path).is_file():
        raise InputError(f"image_encoder.name = {path}: no such file")
    try:
        with seeded():
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # whatever zipfile, json, h5py and Keras raise
        raise InputError(
            f"image_encoder.name = {path}: cannot be loaded: {first_line(error)}. "
            "Expected a .keras file without Python code (Lambda layers)"
        ) from error
    network = _for_size(model, path, size)
    return of_network(network, scaling_function(scaling))


def _for_size(model: keras.Model, path: str, size: int) -> keras.Model:
    """Returns the model with an input of [size, size, 3] and output [B, D]."""
    inputs = getattr(model, "inputs", None)
    if not inputs or len(inputs) != 1 or inputs[0].shape.count(3) == 0:
        raise InputError(
            f"image_encoder.name = {path}: expected a functional model with one input "
            f"[B, size, size, 3]; received {[i.shape for i in inputs or []]}"
        )
    expected = (None, size, size, 3)
    if inputs[0].shape not in (expected, (None, None, None, 3)):
        try:
            pixels = keras.Input(expected[1:])
            with seeded():
                rebuilt = keras.models.clone_model(model, input_tensors=pixels)
            rebuilt.set_weights(model.get_weights())
        except (ValueError, TypeError) as error:
            raise InputError(
                f"image_encoder.size = {size}: {path} takes {inputs[0].shape} and "
                f"cannot be rebuilt for another size: {first_line(error)}. Set size "
                f"= {inputs[0].shape[1]}"
            ) from error
        model = rebuilt
    if len(model.outputs) == 1 and len(model.outputs[0].shape) == 4:
        mean = keras.layers.GlobalAveragePooling2D()(model.outputs[0])
        model = keras.Model(model.inputs, mean)
    if len(model.outputs) != 1 or len(model.outputs[0].shape) != 2:
        raise InputError(
            f"image_encoder.name = {path}: expected one output [B, D]; received "
            f"{[output.shape for output in model.outputs]}"
        )
    return model


def embedded(weights: str, size: int) -> Backbone:
    """Builds the package's own network.

    Args:
        weights: imagenet or pretrained (the same, packaged), none (seeded, the same in
            every process), or a file: .npz as the package's, or one that Keras can
            read weights from.
        size: side of the pictures.

    Raises:
        InputError: the weights file does not fit.
    """
    from huse_tf.encoders.images import embedded_image

    with seeded():
        network = embedded_image.build_network(size)
    packaged = weights in ("imagenet", "pretrained")
    path = str(embedded_image.WEIGHTS) if packaged else weights
    if path.endswith(".npz"):
        try:
            embedded_image.load_weights(network, path)
        except (OSError, KeyError, ValueError) as error:
            raise _misfit(path, error) from error
    elif path != "none":
        read_weights(network, path)
    return of_network(network, embedded_image.scale)


def scaling_function(scaling: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns the function from pixels in [0, 255] to -1..1, 0..1 or 0..255."""
    return {
        "-1..1": lambda pixels: pixels / 127.5 - 1,
        "0..1": lambda pixels: pixels / 255,
        "0..255": lambda pixels: pixels,
    }[scaling]


def weights_digest(network: keras.Model) -> str:
    """Returns the SHA-256 of a network's weights, hex."""
    result = hashlib.sha256()
    for variable in network.weights:
        value = variable.numpy()
        result.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
    return result.hexdigest()


def read_weights(network: keras.Model, path: str) -> None:
    """Puts the weights of a file that Keras can read into a network.

    Raises:
        InputError: missing or damaged file, or another network's.
    """
    try:
        network.load_weights(path)
    except Exception as error:  # whatever h5py, zipfile and Keras raise
        raise _misfit(path, error) from error


def _misfit(path: str, error: Exception) -> InputError:
    return InputError(
        f"image_encoder.weights = {path}: cannot be read into the network: "
        f"{first_line(error)}"
    )


@contextmanager
def seeded() -> Iterator[None]:
    """Makes initialisers and dropout draw the same seeds, and leaves no trace.

    Those of Keras without a seed take one from Python's generator.
    """
    state = random.getstate()
    random.seed(_SEED)
    try:
        yield
    finally:
        random.setstate(state)
