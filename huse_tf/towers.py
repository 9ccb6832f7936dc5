"""The two towers, the classifier that they share, and both as one network (3.2)."""

import keras
import numpy as np
import tensorflow as tf

from huse_tf import arguments, replicas
from huse_tf.distances import unit

CLASSIFIERS = ("shared", "separate", "untrained")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


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
    The seed lives in a Keras SeedGenerator, so that it is among `model.variables`. A
    row's mask does not depend on how many replicas share a batch.
    """

    def __init__(self, rate: float, seed: int, **kwargs):
        """Takes the share of units to drop.

        Args:
            rate: in [0, 1).
            seed: of the sequence of masks.
            **kwargs: of keras.layers.Layer.

        Raises:
            ValueError: `rate` is outside of its range.
        """
        super().__init__(**kwargs)
        self.rate = arguments.number("rate", rate, 0, 1, "[)")
        self.seed = seed
        self._generator = keras.random.SeedGenerator(seed)

    def call(self, units: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Drops units of [B, U] when training, else returns them as they are."""
        if not training or self.rate == 0:
            return units
        seed = tf.cast(self._generator.next(), tf.int32)
        draws = replicas.random_uint16(tf.shape(units), seed)
        threshold = round(self.rate * 2**16)
        kept = draws >= tf.constant(threshold, tf.uint16)
        scale = tf.cast(1.0 / (1.0 - threshold / 2**16), units.dtype)
        return units * (tf.cast(kept, units.dtype) * scale)

    def get_config(self) -> dict:
        """Returns what rebuilds the layer."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}

    def save_own_variables(self, store) -> None:
        """Saves where the sequence of masks stands, which Keras leaves out."""
        store["seed_state"] = self._generator.state.numpy()

    def load_own_variables(self, store) -> None:
        """Goes on with the sequence of masks where it stood."""
        self._generator.state.assign(store["seed_state"])


def tower(
    name: str,
    dim: int,
    *,
    layers: int,
    units: int = 512,
    embedding_dim: int = 512,
    dropout: float = 0.05,
    seed: int = 0,
    precision: str = "float32",
) -> keras.Model:
    """Builds one tower.

    `layers` fully connected layers: ReLU and dropout between them, the last linear and
    put on the unit sphere.

    Args:
        name: of the model and the prefix of its layers.
        dim: length of the feature vector that comes in, at least 1.
        layers: how many fully connected layers, 1 to 100 (paper: image 5, text 2).
        units: width of the hidden layers, at least 1.
        embedding_dim: D, width of the last layer, at least 2.
        dropout: share of units dropped between layers, in [0, 1).
        seed: of the initial weights and of dropout, at least 0.
        precision: float32 | mixed_bfloat16 | mixed_float16; the unit norm stays
            float32.

    Returns:
        A functional model, float32 [B, dim] to float32 [B, embedding_dim].

    Raises:
        ValueError: an argument is outside of its range.
    """
    arguments.integer("dim", dim, 1)
    arguments.integer("layers", layers, 1, 100)
    arguments.integer("units", units, 1)
    arguments.integer("embedding_dim", embedding_dim, 2)
    arguments.number("dropout", dropout, 0, 1, "[)")
    arguments.integer("seed", seed, 0)
    arguments.choice("precision", precision, PRECISIONS)
    seeds = np.random.SeedSequence(seed).generate_state(2 * layers)
    x = features = keras.Input([dim], name=f"{name}_features")
    for i in range(layers):
        last = i == layers - 1
        x = keras.layers.Dense(
            embedding_dim if last else units,
            activation=None if last else "relu",
            kernel_initializer=keras.initializers.GlorotUniform(int(seeds[2 * i])),
            dtype=precision,
            name=f"{name}_dense_{i}",
        )(x)
        if not last:
            x = FastDropout(
                dropout,
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

    def __init__(
        self, classes: int, *, logit_scale: float | str = 8.0, seed: int = 0, **kwargs
    ):
        """Takes the number of classes and the scale.

        Args:
            classes: K, at least 1.
            logit_scale: s, in (0, 1000]; or "learned": starts at 16, stays in [1, 100].
            seed: of the initial weights.
            **kwargs: of keras.layers.Layer.

        Raises:
            ValueError: an argument is outside of its range.
        """
        super().__init__(**{**kwargs, "dtype": "float32"})
        arguments.integer("classes", classes, 1)
        if logit_scale != "learned":
            arguments.number("logit_scale", logit_scale, 0, 1000, "(]")
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


def embedding_network(
    image_dim: int,
    text_dim: int,
    classes: int,
    *,
    image_layers: int = 3,
    text_layers: int = 2,
    units: int = 512,
    embedding_dim: int = 512,
    dropout: float = 0.05,
    logit_scale: float | str = 8.0,
    seed: int = 0,
    precision: str = "float32",
    classifier: str = "shared",
) -> keras.Model:
    """Builds the trained part of HUSE as a functional model.

    Args:
        image_dim: length of an image's feature vector, at least 1.
        text_dim: length of a text's feature vector, at least 1.
        classes: K, at least 1.
        image_layers: layers of the image tower, 1 to 100.
        text_layers: layers of the text tower, 1 to 100.
        units: width of the hidden layers, at least 1.
        embedding_dim: D, width of the last layer, at least 2.
        dropout: share of units dropped between layers, in [0, 1).
        logit_scale: of the classifier, a number in (0, 1000] or "learned".
        seed: of initial weights and dropout, in [0, 2**31 - 1].
        precision: of the towers: float32 | mixed_bfloat16 | mixed_float16.
        classifier: "shared" by both modalities (eq. 6); "separate", one each; or
            "untrained": shared, and left as it is for objectives that do not classify.

    Returns:
        A model from {"image": [B, image_dim], "text": [B, text_dim]} to
        {"image_embedding", "text_embedding": [B, D] of unit length,
        "image_logits", "text_logits": [B, K]}, all float32.

    Raises:
        ValueError: an argument is outside of its range; it names the argument.
    """
    for name, value in {
        "image_dim": image_dim,
        "text_dim": text_dim,
        "classes": classes,
    }.items():
        arguments.integer(name, value, 1)
    arguments.integer("image_layers", image_layers, 1, 100)
    arguments.integer("text_layers", text_layers, 1, 100)
    arguments.integer("seed", seed, 0, 2**31 - 1)
    arguments.choice("classifier", classifier, CLASSIFIERS)
    shape = {
        "units": units,
        "embedding_dim": embedding_dim,
        "dropout": dropout,
        "precision": precision,
    }
    image = keras.Input([image_dim], name="image")
    text = keras.Input([text_dim], name="text")
    image_tower = tower(
        "image_tower", image_dim, layers=image_layers, seed=seed, **shape
    )
    text_tower = tower(
        "text_tower", text_dim, layers=text_layers, seed=seed + 1, **shape
    )
    image_classifier = SharedClassifier(
        classes,
        logit_scale=logit_scale,
        seed=seed + 2,
        name="classifier",
        trainable=classifier != "untrained",
    )
    text_classifier = image_classifier
    if classifier == "separate":
        text_classifier = SharedClassifier(
            classes,
            logit_scale=logit_scale,
            seed=seed + 3,
            name="text_classifier",
        )
    image_embedding, text_embedding = image_tower(image), text_tower(text)
    return keras.Model(
        {"image": image, "text": text},
        {
            "image_embedding": image_embedding,
            "text_embedding": text_embedding,
            "image_logits": image_classifier(image_embedding),
            "text_logits": text_classifier(text_embedding),
        },
        name="embedding_network",
    )
