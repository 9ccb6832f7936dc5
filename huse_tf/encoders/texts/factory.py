"""From [text_encoder] and [class_encoder] to text encoders."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from huse_tf.config import ClassEncoderConfig, TextEncoderConfig
from huse_tf.encoders.base import TextEncoder
from huse_tf.errors import InputError

TRAINABLE = ("bert",)
_CLASS_BATCH = 256


class ConcatenatedEncoder(TextEncoder):
    """Several encoders' features side by side, in the order of their names."""

    def __init__(self, parts: dict[str, TextEncoder]):
        """Joins encoders.

        Args:
            parts: encoders by name, at least one.
        """
        super().__init__(dtype="float32", autocast=False)
        self.parts = parts

    @property
    def dim(self) -> int:
        """Length of the feature vector: the sum of the parts'."""
        return sum(part.dim for part in self.parts.values())

    @property
    def identity(self) -> dict[str, object]:
        """The parts' identities, in order."""
        return {
            "name": "+".join(self.parts),
            "parts": [part.identity for part in self.parts.values()],
        }

    def adapt(self, texts: np.ndarray) -> None:
        """Adapts every part to texts, object [N]."""
        for part in self.parts.values():
            part.adapt(texts)

    def state(self) -> dict[str, np.ndarray]:
        """Returns the parts' states, each name after its encoder's."""
        return {
            f"{name}_{key}": array
            for name, part in self.parts.items()
            for key, array in part.state().items()
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Puts back what `state` returned."""
        for name, part in self.parts.items():
            part.restore(_of(name, state))

    def prepare(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """Collects what the parts prepare, each name after its encoder's.

        Args:
            texts: string [B], UTF-8.

        Returns:
            tensors with leading dimension B.
        """
        return {
            f"{name}_{key}": tensor
            for name, part in self.parts.items()
            for key, tensor in part.prepare(texts).items()
        }

    def call(self, prepared: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Concatenates the parts' features: float32 [B, dim]."""
        features = [
            part(_of(name, prepared), training=training)
            for name, part in self.parts.items()
        ]
        return tf.concat(features, axis=-1)


def make_text_encoder(config: TextEncoderConfig | ClassEncoderConfig) -> TextEncoder:
    """Builds the encoder that a section describes.

    Args:
        config: [text_encoder], or [class_encoder], which is never fine-tuned.

    Raises:
        InputError: a handle cannot be reached or does not fit, or fine_tune is asked
            where nothing can be trained.
    """
    names = config.name.split("+")
    if config.fine_tune != "none" and not set(names) & set(TRAINABLE):
        raise InputError(
            f"text_encoder.fine_tune = {config.fine_tune}: {config.name} cannot be "
            f"trained, only {', '.join(TRAINABLE)} can; set text_encoder.fine_tune = "
            "none or text_encoder.name = bert"
        )
    parts = {name: _MAKERS[name](config) for name in names}
    return parts[names[0]] if len(names) == 1 else ConcatenatedEncoder(parts)


def class_texts(class_names: Sequence[str], separator: str) -> np.ndarray:
    """Reads class paths as texts: "shoes<heels" becomes "shoes heels".

    Args:
        class_names: K paths.
        separator: joins the levels of a path.

    Returns:
        object [K], str.
    """
    texts = [name.replace(separator, " ") for name in class_names]
    return np.array(texts, dtype=object)


def encode_class_names(
    encoder: TextEncoder, class_names: Sequence[str], separator: str
) -> np.ndarray:
    """Encodes class names with an encoder that has been adapted or restored.

    Args:
        encoder: any text encoder.
        class_names: K paths.
        separator: joins the levels of a path.

    Returns:
        float32 [K, D].

    Raises:
        InputError: a name has no direction, because it has no word for this encoder.
    """
    texts = class_texts(class_names, separator)
    batches = []
    for start in range(0, len(texts), _CLASS_BATCH):
        batch = tf.constant(texts[start : start + _CLASS_BATCH], tf.string)
        batches.append(encoder(encoder.prepare(batch), training=False).numpy())
    features = np.concatenate(batches)
    for name, row in zip(class_names, features, strict=True):
        if not row.any():
            raise InputError(
                f"class {name!r}: class_encoder finds no word in it; rename the class "
                "or use another class_encoder.name, or class_encoder.graph = tree"
            )
    return features


def _of(name: str, tensors: dict[str, object]) -> dict[str, object]:
    """Returns the entries that belong to one encoder, under their own names."""
    return {
        key.removeprefix(f"{name}_"): value
        for key, value in tensors.items()
        if key.startswith(f"{name}_")
    }


# Each imports its module on its own: BERT needs tensorflow-text, others must not.


def _bert(config: TextEncoderConfig | ClassEncoderConfig) -> TextEncoder:
    from huse_tf.encoders.texts.bert import BertEncoder

    return BertEncoder(
        config.preprocess,
        config.handle,
        config.pooling,
        config.max_tokens,
        config.salient_tokens,
        config.fine_tune,
    )


def _use(config: TextEncoderConfig | ClassEncoderConfig) -> TextEncoder:
    from huse_tf.encoders.texts.sentence import SentenceEncoder

    return SentenceEncoder(config.handle)


def _tfidf(config: TextEncoderConfig | ClassEncoderConfig) -> TextEncoder:
    from huse_tf.encoders.texts.tfidf import TfidfEncoder

    return TfidfEncoder(config.vocabulary_size)


def _word_vectors(config: TextEncoderConfig | ClassEncoderConfig) -> TextEncoder:
    from huse_tf.encoders.texts.word_vectors import WordVectorsEncoder

    return WordVectorsEncoder(config.vectors, config.clean)


def _embedded(config: TextEncoderConfig | ClassEncoderConfig) -> TextEncoder:
    from huse_tf.encoders.texts.embedded_text import EmbeddedTextEncoder

    return EmbeddedTextEncoder()


_MAKERS: dict[str, Callable[..., TextEncoder]] = {
    "bert": _bert,
    "use": _use,
    "tfidf": _tfidf,
    "word_vectors": _word_vectors,
    "embedded": _embedded,
}
