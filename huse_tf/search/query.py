"""Words and photos to one vector, by a trained run's encoders."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from huse_tf.errors import InputError
from huse_tf.run.embedder import Embedder
from huse_tf.run.halves import fused_probabilities
from huse_tf.run.restore import TrainedRun
from huse_tf.search.matching import Query
from huse_tf.search.request import check_match

PICTURES = "a JPEG, PNG, GIF, BMP or WebP picture"


class QueryEncoder:
    """Embeds queries as the run embeds its catalogue."""

    def __init__(self, trained: TrainedRun) -> None:
        """Takes the run apart into its two modalities."""
        network = trained.model.network
        self._embedder = Embedder(trained)
        self._classifies = trained.model.objective.classifies
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
        vectors, problems = self._embedder.embed(
            None if picture is None else [picture], None if text is None else [text]
        )
        if problems.get("texts"):
            raise InputError("the text is empty; expected words, such as 'red dress'")
        if problems.get("images"):
            raise InputError(f"{name}: cannot be decoded; expected {PICTURES}")
        return vectors[0]

    def query(
        self,
        text: str | None,
        picture: bytes | None,
        match: str,
        name: str = "the photo",
    ) -> Query:
        """Makes a query of words, a picture file, or both.

        Args:
            text: words, or None.
            picture: a file's contents, or None.
            match: what is compared: one of MATCHES.
            name: of the picture, for messages.

        Raises:
            InputError: as `embed`, or the match does not fit what is asked.
        """
        check_match(match, text, picture)
        vector = self.embed(text, picture, name)
        understood = picture is not None or self._embedder.reads(text)
        return Query(vector, text, match, understood)

    def probabilities(
        self, embeddings: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray] | None:
        """Classifies a product by its embeddings.

        Args:
            embeddings: "image" and "text", or the one that it has: float32 [D].

        Returns:
            By the same names, and as "product", the fused answer where it has both:
            float32 [K], probabilities of the run's classes; None where the objective
            trained no classifier.
        """
        if not self._classifies:
            return None
        logits = {n: self._classifiers[n](v[None]) for n, v in embeddings.items()}
        found = {name: tf.nn.softmax(values) for name, values in logits.items()}
        if len(logits) == 2:
            found["product"] = fused_probabilities(
                logits["image"], logits["text"], self._embedder.fusion_weight
            )
        return {name: values[0].numpy() for name, values in found.items()}


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
