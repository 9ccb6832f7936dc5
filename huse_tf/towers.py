"""The two towers and the classifier that they share (section 3.2)."""

import keras
import numpy as np
import tensorflow as tf

from huse_tf.config import TowersConfig
from huse_tf.distances import unit


@keras.saving.register_keras_serializable("huse_tf")
class UnitNorm(keras.layers.Layer):
    """Puts each vector on the unit sphere, in float32 whatever the precision."""

    def __init__(self, **kwargs):
        """Fixes the layer's dtype to float32."""
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, vectors: tf.Tensor) -> tf.Tensor:
        """Scales [B, D] to rows of length 1."""
        return unit(vectors)


@keras.saving.register_keras_serializable("huse_tf")
class FastDropout(keras.layers.Layer):
    """Inverted dropout that draws 16 random bits a unit instead of a float.

    Drawing is most of dropout's cost on a CPU. The rate is kept to within 2**-17.
    The seed lives in a Keras SeedGenerator, so that it is among `model.variables`.
    """

    def __init__(self, rate: float, seed: int, **kwargs):
        """Takes the share of units to drop.

        Args:
            rate: in [0, 1).
            seed: of the sequence of masks.
            **kwargs: of keras.layers.Layer.
        """
        super().__init__(**kwargs)
        self.rate = rate
        self.seed = seed
        self._generator = keras.random.SeedGenerator(seed)

    def call(self, units: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Drops units of [B, U] when training, else returns them as they are."""
        if not training or self.rate == 0:
            return units
        shape = tf.shape(units)
        count = tf.reduce_prod(shape)
        seed = tf.cast(self._generator.next(), tf.int32)
        bits = tf.random.stateless_uniform(
            [(count + 1) // 2], seed, minval=None, maxval=None, dtype=tf.uint32
        )
        draws = tf.reshape(tf.bitcast(bits, tf.uint16), [-1])[:count]
        threshold = round(self.rate * 2**16)
        kept = tf.reshape(draws, shape) >= tf.constant(threshold, tf.uint16)
        scale = tf.cast(1.0 / (1.0 - threshold / 2**16), units.dtype)
        return units * (tf.cast(kept, units.dtype) * scale)

    def get_config(self) -> dict:
        """Returns what rebuilds the layer."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


def tower(
    name: str,
    dim: int,
    layers: int,
    config: TowersConfig,
    seed: int,
    precision: str = "float32",
) -> keras.Model:
    """Builds one tower.

    `layers` fully connected layers: ReLU and dropout between them, the last linear and
    put on the unit sphere.

    Args:
        name: of the model and the prefix of its layers.
        dim: length of the feature vector that comes in.
        layers: how many fully connected layers, at least 1 (paper: image 5, text 2).
        config: units, embedding_dim and dropout.
        seed: of the initial weights and of dropout.
        precision: a Keras dtype policy; the unit norm stays float32.

    Returns:
        A functional model, float32 [B, dim] to float32 [B, embedding_dim].
    """
    seeds = np.random.SeedSequence(seed).generate_state(2 * layers)
    x = features = keras.Input([dim], name=f"{name}_features")
    for i in range(layers):
        last = i == layers - 1
        x = keras.layers.Dense(
            config.embedding_dim if last else config.units,
            activation=None if last else "relu",
            kernel_initializer=keras.initializers.GlorotUniform(int(seeds[2 * i])),
            dtype=precision,
            name=f"{name}_dense_{i}",
        )(x)
        if not last:
            x = FastDropout(
                config.dropout,
                seed=int(seeds[2 * i + 1]),
                dtype=precision,
                name=f"{name}_dropout_{i}",
            )(x)
    return keras.Model(features, UnitNorm(name=f"{name}_embedding")(x), name=name)


@keras.saving.register_keras_serializable("huse_tf")
class SharedClassifier(keras.layers.Layer):
    """The one classifier applied to either modality's embedding.

    Formula: z = s W^T phi + b (eq. 6; s is `logit_scale`, 1 in the paper).
    """

    def __init__(self, classes: int, logit_scale: float | str, seed: int, **kwargs):
        """Takes the number of classes and the scale.

        Args:
            classes: K.
            logit_scale: s, above 0; or "learned": starts at 16, stays in [1, 100].
            seed: of the initial weights.
            **kwargs: of keras.layers.Layer.
        """
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.classes = classes
        self.logit_scale = logit_scale
        self.seed = seed

    def build(self, input_shape) -> None:
        """Creates W [D, K], b [K] and, where it is learned, log s."""
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.classes),
            initializer=keras.initializers.GlorotUniform(self.seed),
            name="kernel",
        )
        self.bias = self.add_weight(
            shape=(self.classes,), initializer="zeros", name="bias"
        )
        if self.logit_scale == "learned":
            self.log_scale = self.add_weight(
                shape=(),
                initializer=keras.initializers.Constant(float(np.log(16.0))),
                name="log_scale",
            )

    def call(self, embeddings: tf.Tensor) -> tf.Tensor:
        """Turns unit embeddings [B, D] into logits [B, K]."""
        if self.logit_scale == "learned":
            scale = tf.exp(
                tf.clip_by_value(tf.convert_to_tensor(self.log_scale), 0.0, 4.6051702)
            )
        else:
            scale = tf.constant(self.logit_scale, tf.float32)
        logits = tf.matmul(embeddings, tf.convert_to_tensor(self.kernel))
        return scale * logits + tf.convert_to_tensor(self.bias)

    def get_config(self) -> dict:
        """Returns what rebuilds the layer."""
        return {
            **super().get_config(),
            "classes": self.classes,
            "logit_scale": self.logit_scale,
            "seed": self.seed,
        }
