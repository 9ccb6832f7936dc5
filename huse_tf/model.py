"""The model: two towers, one classifier, and one place that computes the losses."""

from collections.abc import Callable

import keras
import tensorflow as tf

from huse_tf.config import TowersConfig
from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.objectives import Objective
from huse_tf.towers import SharedClassifier, tower


def embedding_network(
    image_dim: int,
    text_dim: int,
    classes: int,
    towers: TowersConfig,
    logit_scale: float | str,
    seed: int,
    precision: str = "float32",
    classifier: str = "shared",
) -> keras.Model:
    """Builds the trained part of HUSE as a functional model.

    Args:
        image_dim: length of an image's feature vector.
        text_dim: length of a text's feature vector.
        classes: K.
        towers: layers, units, embedding_dim D, dropout.
        logit_scale: of the classifier, a number or "learned".
        seed: of initial weights and dropout.
        precision: a Keras dtype policy for the towers.
        classifier: "shared" by both modalities (eq. 6); "separate", one each; or
            "untrained": shared, and left as it is for objectives that do not classify.

    Returns:
        A model from {"image": [B, image_dim], "text": [B, text_dim]} to
        {"image_embedding", "text_embedding": [B, D] of unit length,
        "image_logits", "text_logits": [B, K]}, all float32.
    """
    image = keras.Input([image_dim], name="image")
    text = keras.Input([text_dim], name="text")
    image_tower = tower(
        "image_tower", image_dim, towers.image_layers, towers, seed, precision
    )
    text_tower = tower(
        "text_tower", text_dim, towers.text_layers, towers, seed + 1, precision
    )
    image_classifier = SharedClassifier(
        classes,
        logit_scale,
        seed + 2,
        name="classifier",
        trainable=classifier != "untrained",
    )
    text_classifier = image_classifier
    if classifier == "separate":
        text_classifier = SharedClassifier(
            classes, logit_scale, seed + 3, name="text_classifier"
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


class HuseModel(keras.Model):
    """The network with its objective, and the encoders where these train along.

    A batch is a dict: "label" int32 [B]; "image" and "text", the features, float32
    [B, D_i] and [B, D_t], or, for a modality whose encoder is inside, what that
    encoder's `prepare` returned.
    """

    def __init__(
        self,
        network: keras.Model,
        objective: Objective,
        image_encoder: ImageEncoder | None = None,
        text_encoder: TextEncoder | None = None,
    ):
        """Takes the parts.

        Args:
            network: from `embedding_network`.
            objective: outputs and labels to named scalars.
            image_encoder: given if batches hold pixels instead of image features.
            text_encoder: given if batches hold tokens instead of text features.
        """
        super().__init__(name="huse")
        self.network = network
        self.objective = objective
        self.image_encoder = image_encoder
        self.text_encoder = text_encoder
        self._encoder_optimizers: list[keras.optimizers.Optimizer] = []
        self.built = True

    def set_optimizers(
        self, make: Callable[[float], keras.optimizers.Optimizer]
    ) -> list[keras.optimizers.Optimizer]:
        """Gives the network and each encoder that trains along an optimizer.

        Args:
            make: from a learning-rate multiplier to a new optimizer.

        Returns:
            The optimizers, built.
        """
        self.optimizer = make(1.0)
        self.optimizer.build(self.network.trainable_variables)
        self._encoder_optimizers = []
        for encoder in self.encoders:
            optimizer = make(encoder.learning_rate_multiplier)
            optimizer.build(encoder.trainable_variables)
            self._encoder_optimizers.append(optimizer)
        return [self.optimizer, *self._encoder_optimizers]

    def call(self, batch: dict, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the embeddings and logits of a batch; "label" is not read."""
        image, text = batch["image"], batch["text"]
        if self.image_encoder is not None:
            image = self.image_encoder(image, training=training)
        if self.text_encoder is not None:
            text = self.text_encoder(text, training=training)
        return self.network({"image": image, "text": text}, training=training)

    def losses_of(self, batch: dict, training: bool) -> dict[str, tf.Tensor]:
        """Returns the objective's named scalars, for training and validation alike."""
        return self.objective(self(batch, training=training), batch["label"])

    def train_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Takes one optimisation step and returns the losses before it."""
        groups = [self.network.trainable_variables]
        groups += [encoder.trainable_variables for encoder in self.encoders]
        with tf.GradientTape() as tape:
            losses = self.losses_of(batch, training=True)
            scaled = self.optimizer.scale_loss(losses["loss"])
        gradients = tape.gradient(scaled, groups)
        optimizers = [self.optimizer, *self._encoder_optimizers]
        for optimizer, group, variables in zip(
            optimizers, gradients, groups, strict=True
        ):
            optimizer.apply(group, variables)
        return losses

    def test_step(self, batch: dict) -> dict[str, tf.Tensor]:
        """Returns the losses of one batch without dropout."""
        return self.losses_of(batch, training=False)

    @property
    def encoders(self) -> list[keras.layers.Layer]:
        """The encoders inside that have something to train."""
        inside = (self.image_encoder, self.text_encoder)
        return [e for e in inside if e is not None and e.trainable_variables]
