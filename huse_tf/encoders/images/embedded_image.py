"""A small convolutional network as image encoder, and the file of its weights."""

from pathlib import Path

import keras
import numpy as np

WEIGHTS = Path(__file__).parents[1] / "embedded" / "image.npz"

# (channels, stride) of each 3 x 3 convolution; then 1 x 1 to FEATURES and the mean.
_CONVOLUTIONS = (
    (16, 2),
    (32, 2),
    (32, 1),
    (64, 2),
    (64, 1),
    (128, 2),
    (128, 1),
)
FEATURES = 256


def build_network(size: int, seed: int = 0) -> keras.Model:
    """Builds the network, untrained.

    26 million multiply-adds at 96 pixels, 0.3 million weights: made for training from
    scratch and for inference on a CPU.

    Args:
        size: side of the square pictures in pixels; trained at 96.
        seed: of the initial weights.

    Returns:
        A functional model, pixels [B, size, size, 3] in [0, 255] to float32
        [B, FEATURES], at least 0.
    """
    seeds = np.random.SeedSequence(seed).generate_state(len(_CONVOLUTIONS) + 1)
    pixels = keras.Input([size, size, 3], name="pixels")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="rescaling")(pixels)
    for i, (channels, stride) in enumerate(_CONVOLUTIONS):
        x = _convolution(x, channels, 3, stride, int(seeds[i]), f"conv_{i}")
    x = _convolution(x, FEATURES, 1, 1, int(seeds[-1]), "features")
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(pixels, x, name="embedded_image_encoder")


def save_weights(network: keras.Model, path: str | Path) -> None:
    """Writes a network's weights as float16 arrays by variable path."""
    arrays = {v.path: v.numpy().astype(np.float16) for v in network.weights}
    np.savez_compressed(path, **arrays)


def load_weights(network: keras.Model, path: str | Path = WEIGHTS) -> None:
    """Puts weights that `save_weights` wrote into a network of the same build.

    Raises:
        KeyError: the file lacks a variable of the network.
    """
    with np.load(path, allow_pickle=False) as arrays:
        for variable in network.weights:
            variable.assign(arrays[variable.path].astype(np.float32))


def _convolution(x, channels: int, side: int, stride: int, seed: int, name: str):
    x = keras.layers.Conv2D(
        channels,
        side,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(seed),
        name=f"{name}_kernel",
    )(x)
    x = keras.layers.BatchNormalization(momentum=0.95, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)
