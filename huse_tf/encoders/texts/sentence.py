"""Sentence encoders with the interface of the Universal Sentence Encoder."""

import tensorflow as tf

from huse_tf.encoders import hub
from huse_tf.encoders.base import TextEncoder
from huse_tf.encoders.texts import limit
from huse_tf.errors import InputError


class SentenceEncoder(TextEncoder):
    """A frozen model from strings [B] to features [B, D].

    The model runs in `prepare`, so on the host, also where there is a GPU: tf.data
    cannot use variables that live on one. Give it batches of a few hundred texts.
    """

    def __init__(self, handle: str):
        """Loads the model.

        Args:
            handle: TF-Hub URL or folder.

        Raises:
            InputError: cannot be reached, or does not have this interface.
        """
        super().__init__(trainable=False, dtype="float32")
        if not handle:
            raise InputError(
                "text encoder use: handle is empty; expected the TF-Hub URL or the "
                "folder of a sentence encoder"
            )
        with tf.device("CPU:0"):
            self._model = hub.load(handle)
        self.dim = _probe(self._model, handle)
        self.identity = {
            "name": "use",
            "weights": hub.digest(hub.resolve(handle)),
            "preprocessing": 1,
        }

    def prepare(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """Computes the features themselves.

        Args:
            texts: string [B], UTF-8.

        Returns:
            features: float32 [B, dim].
        """
        features = tf.cast(self._model(limit.cut(texts)), tf.float32)
        return {"features": tf.ensure_shape(features, [None, self.dim])}

    def call(self, prepared: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns the features [B, dim] that `prepare` computed."""
        return prepared["features"]


def _probe(model: object, handle: str) -> int:
    """Encodes one text and returns the features' length."""
    try:
        features = tf.convert_to_tensor(model(tf.constant(["a text"])))
    except (TypeError, ValueError, tf.errors.OpError) as error:
        raise InputError(
            f"{handle}: expected a sentence encoder, strings [B] to vectors [B, D]; "
            f"encoding one text gave: {(str(error).splitlines() or ['no message'])[0]}"
        ) from error
    if features.shape.rank != 2 or features.shape[0] != 1:
        raise InputError(
            f"{handle}: expected a sentence encoder, strings [B] to vectors [B, D]; "
            f"received shape {features.shape} for one text"
        )
    return features.shape[1]
