"""Small image networks on disk, and the config that names them."""

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from huse_tf.config import ImageEncoderConfig


def config(**changes):
    plain = ImageEncoderConfig(
        name="vgg16", weights="none", size=32, scaling="auto", fine_tune="none"
    )
    return replace(plain, **changes)


def small_network(size=24, flatten=False):
    """Two convolutions with a batch norm between, then the mean over places."""
    pixels = keras.Input([size, size, 3])
    x = keras.layers.Conv2D(4, 3, name="first")(pixels)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Conv2D(6, 3, name="second")(x)
    pool = keras.layers.Flatten() if flatten else keras.layers.GlobalAveragePooling2D()
    return keras.Model(pixels, pool(x))


class Module(tf.Module):
    """A TF-Hub image feature vector: mean colour times a kernel, pixels in [0, 1]."""

    def __init__(self, size=24):
        super().__init__()
        self.first = tf.Variable(tf.eye(3), name="first_kernel")
        self.second = tf.Variable(tf.ones([3, 5]) / 4, name="second_kernel")
        spec = tf.TensorSpec([None, size, size, 3], tf.float32)
        self.__call__ = self.features = tf.function(
            self._features, input_signature=[spec]
        )

    def _features(self, images):
        return tf.reduce_mean(images, [1, 2]) @ self.first @ self.second


def save_module(folder, size=24, callable_too=True):
    """Saves a Module, with __call__ or with the signature only; returns the path."""
    module = Module(size)
    if callable_too:
        saved = module
    else:
        saved = tf.Module()
        saved.variables_kept = [module.first, module.second]
        saved.features = module.features
    tf.saved_model.save(
        saved, str(folder), signatures={"serving_default": module.features}
    )
    return str(folder)


def pixels(size, count=2):
    noise = np.random.default_rng(1).integers(0, 256, (count, size, size, 3))
    return noise.astype(np.uint8)
