"""EfficientNet-Lite0 without batch norm as image encoder, and the file of its weights.

Reference: Tan and Le, EfficientNet (arXiv 1905.11946), table 1; its Lite variant has no
squeeze-and-excite and ReLU6 for swish. Batch norm is folded into kernels and biases by
tools/build_embedded_image.py.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

WEIGHTS = Path(__file__).parents[1] / "embedded" / "image.npz"
FEATURES = 1280

_STEM = 32  # channels
_STAGES = (  # blocks, side of the kernel, stride of the first, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def scale(pixels: tf.Tensor) -> tf.Tensor:
    """Maps float32 pixels in [0, 255] to what the network was trained on."""
    return (pixels - 127) / 128


def build_network(size: int) -> keras.Model:
    """Builds the network, untrained: He's normal kernels, biases of zero.

    3.4 million weights in 49 convolutions; 133 million multiply-adds at 128 pixels,
    407 million at 224, which it was trained at.

    Args:
        size: side of the square pictures in pixels.

    Returns:
        A functional model, scaled pixels [B, size, size, 3] to [B, FEATURES] in [0, 6].
    """
    pixels = keras.Input([size, size, 3], name="pixels")
    x = _relu6(_convolution(_STEM, 3, 2, "stem")(pixels))
    block = 0
    for blocks, side, stride, expansion, channels in _STAGES:
        for i in range(blocks):
            x = _block(
                x, side, 1 if i else stride, expansion, channels, f"block_{block}"
            )
            block += 1
    x = _relu6(_convolution(FEATURES, 1, 1, "head")(x))
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(pixels, x, name="embedded_image_encoder")


def load_weights(network: keras.Model, path: str | Path = WEIGHTS) -> None:
    """Puts weights that tools/build_embedded_image.py wrote into the network.

    Args:
        network: of build_network.
        path: .npz with an array for each variable, named by its path.

    Raises:
        KeyError: the file lacks a variable of the network.
        ValueError: an array has another shape, or holds objects.
    """
    with np.load(path, allow_pickle=False) as arrays:
        for variable in network.weights:
            variable.assign(arrays[variable.path].astype(np.float32))


def _block(
    x: keras.KerasTensor,
    side: int,
    stride: int,
    expansion: int,
    channels: int,
    name: str,
) -> keras.KerasTensor:
    """Adds an inverted residual block: expand, convolve each channel, project."""
    inputs = x
    width = inputs.shape[-1]
    if expansion > 1:
        x = _relu6(_convolution(expansion * width, 1, 1, f"{name}_expand")(x))
    x = _relu6(_depthwise(side, stride, f"{name}_depthwise")(x))
    x = _convolution(channels, 1, 1, f"{name}_project")(x)
    if stride == 1 and channels == width:
        x = keras.layers.Add(name=f"{name}_add")([x, inputs])
    return x


def _convolution(
    channels: int, side: int, stride: int, name: str
) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(
        channels,
        side,
        strides=stride,
        padding="same",
        kernel_initializer="he_normal",
        name=name,
    )


def _depthwise(side: int, stride: int, name: str) -> keras.layers.DepthwiseConv2D:
    # he_normal would count the channels, which a depthwise kernel does not add up
    he_normal = keras.initializers.RandomNormal(stddev=2**0.5 / side)
    return keras.layers.DepthwiseConv2D(
        side,
        strides=stride,
        padding="same",
        depthwise_initializer=he_normal,
        name=name,
    )


def _relu6(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.ReLU(max_value=6)(x)
