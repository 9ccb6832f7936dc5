"""Image networks of keras.applications, by name."""

import difflib
import functools
import inspect
import socket
from collections.abc import Callable

import keras

from huse_tf.encoders.images.backbones import (
    Backbone,
    of_network,
    read_weights,
    seeded,
)
from huse_tf.errors import InputError, first_line

_STALL_SECONDS = 5.0


def names() -> list[str]:
    """Returns the models' names, in lower case."""
    return sorted(_applications())


@functools.cache
def _applications() -> dict[str, tuple[Callable, Callable]]:
    """Returns (model, preprocess_input) by name in lower case."""
    found = {}
    for name, build in inspect.getmembers(keras.applications, inspect.isfunction):
        found[name.lower()] = build, inspect.getmodule(build).preprocess_input
    return found


def load(name: str, weights: str, size: int) -> Backbone:
    """Builds a model of keras.applications without its top, averaged over places.

    Args:
        name: in lower case, such as resnet50.
        weights: imagenet or pretrained (the same, downloaded once), none (seeded, the
            same in every process) or a file that Keras can read weights from.
        size: side of the pictures.

    Raises:
        InputError: unknown name, too small a size, or weights that cannot be had.
    """
    if name not in _applications():
        near = difflib.get_close_matches(name, [*_applications(), "embedded"], n=1)
        raise InputError(
            f"image_encoder.name = {name}: no such model"
            + (f"; did you mean {near[0]}?" if near else "")
            + " Expected a keras.applications name in lower case (resnet50, vgg16, "
            "mobilenet, ...), embedded, a .keras file, or a TF-Hub URL or folder"
        )
    build, scale = _applications()[name]
    build = functools.partial(
        build, include_top=False, pooling="avg", input_shape=(size, size, 3)
    )
    try:
        with seeded():
            if weights in ("imagenet", "pretrained"):
                network = _with_imagenet(build, name)
            else:
                network = build(weights=None)
    except ValueError as error:
        raise InputError(
            f"image_encoder.size = {size}: {name} cannot be built for it: "
            f"{first_line(error)}"
        ) from error
    if weights not in ("imagenet", "pretrained", "none"):
        read_weights(network, weights)
    return of_network(network, scale)


def _with_imagenet(build: Callable[..., keras.Model], name: str) -> keras.Model:
    """Builds with ImageNet weights, from Keras's cache or downloaded."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_STALL_SECONDS)
    try:
        return build(weights="imagenet")
    except ValueError:
        raise
    except Exception as error:  # keras.utils.get_file raises bare Exceptions
        raise InputError(
            f"image_encoder.weights = imagenet: those of {name} cannot be had: "
            f"{first_line(error)}. Give a local weights file, set weights = none, or "
            "use name = embedded, which needs no download"
        ) from error
    finally:
        socket.setdefaulttimeout(before)
