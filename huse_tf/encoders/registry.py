"""The encoders that a config can name; importing this imports no TensorFlow."""

import dataclasses
from pathlib import Path

from huse_tf.registry import OWN, Entry, is_own

_TEXTS = "huse_tf.encoders.texts."
_IMAGES = "huse_tf.encoders.images."


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextEntry(Entry):
    """An encoder of texts, made of its keys in [text_encoder] or [class_encoder].

    Attributes:
        trains: whether it can be fine-tuned.
    """

    trains: bool = False


TEXT_ENCODERS = {
    "bert": TextEntry(
        maker=_TEXTS + "bert:BertEncoder",
        keys=(
            *("preprocess", "handle", "pooling", "max_tokens"),
            *("salient_tokens", "fine_tune"),
        ),
        needs=("preprocess", "handle"),
        trains=True,
    ),
    "use": TextEntry(
        maker=_TEXTS + "sentence:SentenceEncoder", keys=("handle",), needs=("handle",)
    ),
    "tfidf": TextEntry(maker=_TEXTS + "tfidf:TfidfEncoder", keys=("vocabulary_size",)),
    "word_vectors": TextEntry(
        maker=_TEXTS + "word_vectors:WordVectorsEncoder",
        keys=("vectors", "clean"),
        needs=("vectors",),
    ),
    "embedded": TextEntry(maker=_TEXTS + "embedded_text:EmbeddedTextEncoder"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageEntry(Entry):
    """A kind of backbone.

    Its keys are what the maker takes, in order: those of [image_encoder] and trainable,
    whether fine_tune is on.

    Attributes:
        shown: how its names look, for comments and messages.
        scaling: the pixels' range where scaling = auto; "" where it has its own.
    """

    shown: str
    scaling: str = ""


IMAGE_ENCODERS = {
    "embedded": ImageEntry(
        maker=_IMAGES + "backbones:embedded",
        keys=("weights", "size"),
        shown="embedded",
    ),
    "application": ImageEntry(
        maker=_IMAGES + "applications:load",
        keys=("name", "weights", "size"),
        shown="a keras.applications name",
    ),
    "keras_file": ImageEntry(
        maker=_IMAGES + "backbones:keras_file",
        keys=("name", "size", "scaling"),
        shown=".keras FILE",
        scaling="-1..1",
    ),
    "hub_module": ImageEntry(
        maker=_IMAGES + "modules:load",
        keys=("name", "size", "scaling", "trainable"),
        shown="TF-Hub URL or folder",
        scaling="0..1",
    ),
}
IMAGE_NAMES = (
    ", ".join(entry.shown for entry in IMAGE_ENCODERS.values()) + f", or {OWN}"
)


def image_kind(name: str) -> str:
    """Returns which of `IMAGE_ENCODERS` image_encoder.name means, or "own"."""
    if name == "embedded":
        return "embedded"
    if is_own(name):
        return "own"
    if name.endswith(".keras") and "://" not in name:
        return "keras_file"
    if "/" in name or Path(name).is_dir():
        return "hub_module"
    return "application"
