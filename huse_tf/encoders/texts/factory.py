"""From [text_encoder] and [class_encoder] to text encoders."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import tensorflow as tf

from huse_tf.encoders import hub, model_ops
from huse_tf.encoders.base import TextEncoder, identity_of
from huse_tf.encoders.contract import check_text_encoder, make_own
from huse_tf.encoders.registry import TEXT_ENCODERS
from huse_tf.encoders.texts.unread import encode_now
from huse_tf.errors import InputError
from huse_tf.registry import is_own


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
            "parts": [identity_of(part) for part in self.parts.values()],
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


class Section(Protocol):
    """[text_encoder] or [class_encoder]: these two, and the encoders' own keys."""

    name: str
    fine_tune: str


def make_text_encoder(config: Section, section: str = "text_encoder") -> TextEncoder:
    """Builds the encoder that a section describes; it must be adapted or restored.

    Args:
        config: [text_encoder], or [class_encoder], which is never fine-tuned.
        section: which of the two, for messages.

    Raises:
        InputError: a handle cannot be reached or does not fit, the user's own encoder
            is none, or fine_tune is asked where nothing can be trained.
    """
    names = config.name.split("+")
    trainable = [name for name, entry in TEXT_ENCODERS.items() if entry.trains]
    if config.fine_tune != "none" and not any(
        is_own(name) or name in trainable for name in names
    ):
        raise InputError(
            f"text_encoder.fine_tune = {config.fine_tune}: {config.name} cannot be "
            f"trained, only {', '.join(trainable)} can; set text_encoder.fine_tune = "
            "none or text_encoder.name = bert"
        )
    parts = {name: _make(name, config, section) for name in names}
    return parts[names[0]] if len(names) == 1 else ConcatenatedEncoder(parts)


def adapted_text_encoder(
    config: Section, texts: np.ndarray, section: str = "text_encoder"
) -> TextEncoder:
    """Builds an encoder that has learned from texts.

    Args:
        config: as `make_text_encoder` takes it.
        texts: object [N], the training texts, or the classes'; nothing is learned
            from empty ones.
        section: likewise.

    Raises:
        InputError: see `make_text_encoder` and `contract.check_text_encoder`.
    """
    encoder = make_text_encoder(config, section)
    texts = np.asarray(texts, object)
    encoder.adapt(texts[texts != ""])
    _check(encoder, section)
    return encoder


def restored_text_encoder(config: Section, state: dict[str, np.ndarray]) -> TextEncoder:
    """Builds an encoder that learned earlier; `state` is what its `state` returned.

    Raises:
        InputError: see `make_text_encoder` and `contract.check_text_encoder`.
    """
    encoder = make_text_encoder(config)
    encoder.restore(state)
    _check(encoder, "text_encoder")
    return encoder


def _make(name: str, config: Section, section: str) -> TextEncoder:
    if is_own(name):
        folder = getattr(config.name, "folder", None)
        return make_own(f"{section}.name", name, TextEncoder, config.fine_tune, folder)
    entry = TEXT_ENCODERS[name]
    for key in {"preprocess", "handle"} & {*entry.keys}:
        handle = getattr(config, key)
        if handle:
            where = f"{section}.{key} = {handle}"
            model_ops.check(where, hub.resolve(handle), config.allowed_ops)
    return entry.load()(**{key: getattr(config, key) for key in entry.keys})


def _check(encoder: TextEncoder, section: str) -> None:
    is_joined = isinstance(encoder, ConcatenatedEncoder)
    for part in encoder.parts.values() if is_joined else [encoder]:
        check_text_encoder(f"{section}.name", part)


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
        InputError: names have no direction, because they have no word for this
            encoder.
    """
    texts = class_texts(class_names, separator)
    features = np.concatenate(list(encode_now(encoder, texts)))
    zero = np.flatnonzero(~features.any(axis=1))
    if len(zero):
        more = f" and {len(zero) - 1:,} more" if len(zero) > 1 else ""
        raise InputError(
            f"class {class_names[zero[0]]!r}{more}: class_encoder finds no word in it; "
            "rename the class or use another class_encoder.name, or "
            "class_encoder.graph = tree"
        )
    return features


def _of(name: str, tensors: dict[str, object]) -> dict[str, object]:
    """Returns the entries that belong to one encoder, under their own names."""
    return {
        key.removeprefix(f"{name}_"): value
        for key, value in tensors.items()
        if key.startswith(f"{name}_")
    }
