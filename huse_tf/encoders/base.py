"""What every encoder offers: a host part, `prepare`, and a trainable part, `call`."""

import keras
import numpy as np
import tensorflow as tf


class ImageEncoder(keras.layers.Layer):
    """Picture files to image features.

    `prepare` runs in tf.data on the host, `call` wherever the model runs.

    Attributes:
        size: side of the square that pictures are padded to, in pixels.
        dim: length of the feature vector.
        identity: JSON values that change whenever the features would change
            (name, digest of the weights, size, version of the preprocessing).
        origin: name and source of a class of the user's own, see `registry.origin`.
        learning_rate_multiplier: of its optimizer, where it trains along.
    """

    size: int
    dim: int
    identity: dict[str, object] = {}
    origin: dict[str, str] = {}
    learning_rate_multiplier: float = 1.0

    def prepare(self, image_bytes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Decodes, pads with white and resizes a batch of picture files.

        Args:
            image_bytes: string [B], the files' contents.

        Returns:
            pixels: uint8 [B, size, size, 3], white where the file is undecodable.
            valid: bool [B], whether the file could be decoded.
        """
        raise NotImplementedError

    def call(self, pixels: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Encodes pixels in [0, 255].

        Args:
            pixels: uint8 or float32 [B, size, size, 3].
            training: batch-norm and dropout mode; has no effect when frozen.

        Returns:
            float32 [B, dim].
        """
        raise NotImplementedError


class TextEncoder(keras.layers.Layer):
    """Strings to text features.

    `prepare` runs in tf.data on the host (tokens, or the features themselves where
    nothing can be trained), `call` wherever the model runs.

    Attributes:
        dim: length of the feature vector, known after `adapt` or `restore`.
        identity: JSON values that change whenever the features would change.
        origin: name and source of a class of the user's own, see `registry.origin`.
        learning_rate_multiplier: of its optimizer, where it trains along.
    """

    dim: int
    identity: dict[str, object] = {}
    origin: dict[str, str] = {}
    learning_rate_multiplier: float = 1.0

    def adapt(self, texts: np.ndarray) -> None:
        """Learns what must be learned from the training texts (object array [N])."""

    def state(self) -> dict[str, np.ndarray]:
        """Returns what `adapt` learned, as arrays that np.savez stores unpickled."""
        return {}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Puts back what `state` returned, in place of `adapt`."""

    def prepare(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """Turns string [B] into numeric tensors, each with leading dimension B."""
        raise NotImplementedError

    def call(self, prepared: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Encodes what `prepare` returned to float32 [B, dim]."""
        raise NotImplementedError


def identity_of(encoder: ImageEncoder | TextEncoder) -> dict[str, object]:
    """Returns JSON values that change whenever an encoder's features would change.

    Those of the user's own hold the class's name and its module's source too.
    """
    return {**encoder.identity, **encoder.origin}
