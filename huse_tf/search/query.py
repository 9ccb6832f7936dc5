"""Words and photos to one vector, by a trained run's encoders."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from huse_tf.distances import fused
from huse_tf.errors import InputError
from huse_tf.run.restore import TrainedRun
from huse_tf.serving.module import half

PICTURES = "a JPEG, PNG, GIF, BMP or WebP picture"


class QueryEncoder:
    """Embeds queries as the run embeds its catalogue."""

    def __init__(self, trained: TrainedRun) -> None:
        """Takes the run apart into its two modalities."""
        self._trained = trained
        network = trained.model.network
        self._halves = {name: half(network, name) for name in ("image", "text")}
        names = {layer.name for layer in network.layers}
        own = "text_classifier" if "text_classifier" in names else "classifier"
        self._classifiers = {
            "image": network.get_layer("classifier"),
            "text": network.get_layer(own),
        }

    def embed(
        self, text: str | None, picture: bytes | None, name: str = "the photo"
    ) -> np.ndarray:
        """Embeds words, a picture file, or both as one product: the fused vector.

        Args:
            text: words, or None.
            picture: a file's contents, or None.
            name: of the picture, for messages.

        Returns:
            float32 [D], unit length.

        Raises:
            InputError: neither is given, the text is empty, or the picture cannot be
                decoded.
        """
        if text is None and picture is None:
            raise InputError("nothing to search for: expected words, a photo or both")
        parts = {}
        if text is not None:
            parts["text"] = self._embed_text(text)
        if picture is not None:
            parts["image"] = self._embed_picture(picture, name)
        if len(parts) == 2:
            weight = self._trained.fusion_weight
            return fused(parts["image"], parts["text"], weight).numpy()[0]
        return next(iter(parts.values())).numpy()[0]

    def probabilities(
        self, image: np.ndarray, text: np.ndarray
    ) -> dict[str, np.ndarray] | None:
        """Classifies a product by its embeddings.

        Args:
            image: float32 [D], its image embedding.
            text: float32 [D], its text embedding.

        Returns:
            "image", "text" and "product", the fused answer: float32 [K], probabilities
            of the run's classes; None where the objective trained no classifier.
        """
        if not self._trained.model.objective.classifies:
            return None
        found = {
            name: tf.nn.softmax(self._classifiers[name](vector[None]))[0].numpy()
            for name, vector in (("image", image), ("text", text))
        }
        weight = self._trained.fusion_weight
        fused_answer = weight * found["image"] + (1 - weight) * found["text"]
        return {**found, "product": fused_answer}

    def _embed_text(self, text: str) -> tf.Tensor:
        if not text.strip():
            raise InputError("the text is empty; expected words, such as 'red dress'")
        encoder = self._trained.text_encoder
        prepared = encoder.prepare(tf.constant([text.strip()]))
        features = encoder(prepared, training=False)
        return self._halves["text"](features, training=False)["embedding"]

    def _embed_picture(self, picture: bytes, name: str) -> tf.Tensor:
        encoder = self._trained.image_encoder
        pixels, valid = encoder.prepare(tf.constant([picture]))
        if not bool(valid[0]):
            raise InputError(f"{name}: cannot be decoded; expected {PICTURES}")
        features = encoder(pixels, training=False)
        return self._halves["image"](features, training=False)["embedding"]


def read_query_picture(path: Path) -> bytes:
    """Reads the picture file that a user searches by.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"`image` {path}: cannot be read ({error.strerror}); expected {PICTURES}"
        ) from error
