"""A batch of pictures and texts to embeddings or classes, by a trained run."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from huse_tf.distances import fused
from huse_tf.encoders.base import TextEncoder
from huse_tf.encoders.images.reencode import reencoded
from huse_tf.encoders.images.unreadable import why_undecodable
from huse_tf.presence import Present
from huse_tf.run.halves import (
    TEXTS,
    as_bytes,
    fused_probabilities,
    image_half,
    text_half,
)
from huse_tf.run.restore import TrainedRun

Picture = str | os.PathLike[str] | bytes | None  # None or b"" where there is none
UNKNOWN = "\ua66e\ua66e"  # a letter that one manuscript has, once
SAME = 1e-6  # features that differ by less are equal
NO_TEXT = "the text is empty"
NO_PICTURE = "there is no picture"
NEITHER = "there is neither a picture nor a text"


class Embedder:
    """What search, the page and Python ask a trained run.

    A batch goes through the model in one piece: its caller bounds its size.

    Attributes:
        fusion_weight: of the image where both modalities answer together.
    """

    def __init__(self, trained: TrainedRun) -> None:
        """Takes the run apart into its two modalities."""
        network = trained.model.network
        self.fusion_weight = trained.fusion_weight
        self._image = image_half(trained.image_encoder, network)
        self._text = text_half(trained.text_encoder, network)
        self._reads = _reader(trained.text_encoder)

    def embed(
        self, images: Sequence[Picture] | None, texts: Sequence[str] | None
    ) -> tuple[np.ndarray, dict[str, dict[int, str]]]:
        """Embeds B products by their pictures, their texts, or both: fused.

        Args:
            images: paths or contents of B picture files, or None.
            texts: B strings, or None. With `images` a product may lack either, as
                None, b"" or an empty text, and is embedded by the other.

        Returns:
            embeddings: float32 [B, D], unit rows; NaN where the row has a problem.
            problems: "images" and "texts" -> position in the batch -> why that one
                cannot be used.
        """
        parts, present, problems = self._outputs(images, texts, "embedding")
        if len(parts) == 2:
            rows = fused(parts["image"], parts["text"], self.fusion_weight, present)
        else:
            (rows,) = parts.values()
        return _blanked(rows, problems), problems

    def probabilities(
        self, images: Sequence[Picture] | None, texts: Sequence[str] | None
    ) -> tuple[np.ndarray, dict[str, dict[int, str]]]:
        """Classifies B products by their pictures, their texts, or both.

        Args:
            images: as `embed` takes them.
            texts: as `embed` takes them.

        Returns:
            probabilities: float32 [B, K] of the run's classes; NaN where the row has a
                problem.
            problems: as `embed` returns them.
        """
        parts, present, problems = self._outputs(images, texts, "logits")
        if len(parts) == 2:
            rows = fused_probabilities(
                parts["image"], parts["text"], self.fusion_weight, present
            )
        else:
            rows = tf.nn.softmax(*parts.values())
        return _blanked(rows, problems), problems

    def reads(self, text: str) -> bool:
        """Whether the text encoder knows anything of a text.

        It does not where the features are all 0, or those of a word that is in no
        language: what an encoder has for all words that it does not know.
        """
        return bool(self._reads(tf.constant(as_bytes([text, UNKNOWN]), tf.string)))

    def _outputs(
        self, images: Sequence[Picture] | None, texts: Sequence[str] | None, name: str
    ) -> tuple[dict[str, tf.Tensor], Present | None, dict[str, dict[int, str]]]:
        """Asks each modality that is given; says who has what, where both are."""
        parts, problems = {}, {}
        has_image = has_text = None
        if images is not None:
            has_image = np.array([image not in (None, b"") for image in images], bool)
            contents, problems["images"] = _read(images)
            outputs = self._image(tf.constant(contents, tf.string))
            parts["image"] = outputs[name]
            for i in np.flatnonzero(~outputs["valid"].numpy() & has_image):
                problems["images"].setdefault(int(i), why_undecodable(contents[i]))
        if texts is not None:
            has_text = np.array([bool(text.strip()) for text in texts], bool)
            problems["texts"] = {}
            parts["text"] = self._text(tf.constant(as_bytes(texts), tf.string))[name]
        if has_image is not None and has_text is not None:
            present = Present(has_image, has_text)
            lacks = [("images", ~(has_image | has_text), NEITHER)]
        else:
            present = None
            lacks = [("images", has_image, NO_PICTURE), ("texts", has_text, NO_TEXT)]
            lacks = [(of, ~has, why) for of, has, why in lacks if has is not None]
        for of, rows, why in lacks:
            problems[of] |= dict.fromkeys(np.flatnonzero(rows).tolist(), why)
        return parts, present, problems


def likeliest(
    probabilities: np.ndarray, class_names: Sequence[str], k: int
) -> list[dict[str, object]]:
    """Returns the k likeliest classes, the likeliest first.

    Args:
        probabilities: float [K].
        class_names: [K].
        k: at least 1; of fewer classes all are returned.

    Returns:
        Each {"class": its name, "probability": in [0, 1]}.
    """
    return [
        {"class": class_names[i], "probability": float(probabilities[i])}
        for i in np.argsort(-probabilities, kind="stable")[:k]
    ]


def _reader(encoder: TextEncoder) -> Callable[[tf.Tensor], tf.Tensor]:
    @tf.function(input_signature=[TEXTS])
    def reads(texts):
        features = encoder(encoder.prepare(texts), training=False)
        text, unknown = features[0], features[1]
        return tf.reduce_any(tf.abs(text) > SAME) & tf.reduce_any(
            tf.abs(text - unknown) > SAME
        )

    return reads


def _read(images: Sequence[Picture]) -> tuple[list[bytes], dict[int, str]]:
    """Reads the pictures that are paths; says which cannot be."""
    contents, problems = [], {}
    for i, image in enumerate(images):
        if image is None:
            image = b""
        elif not isinstance(image, bytes):
            try:
                image = Path(image).read_bytes()
            except (OSError, ValueError) as error:  # ValueError: a NUL in the path
                reason = getattr(error, "strerror", None) or error
                image, problems[i] = b"", f"cannot be read: {reason}"
        contents.append(reencoded(image))
    return contents, problems


def _blanked(rows: tf.Tensor, problems: Mapping[str, Mapping[int, str]]) -> np.ndarray:
    values = np.array(rows, np.float32)
    for positions in problems.values():
        values[list(positions)] = np.nan
    return values
