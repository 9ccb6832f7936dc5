"""The sections of the encoders: [image_encoder], [text_encoder], [class_encoder]."""

from typing import ClassVar

from huse_tf.config import values as kinds
from huse_tf.config.declaring import key as _key
from huse_tf.config.declaring import section as _section
from huse_tf.config.values import BadRows
from huse_tf.encoders.registry import TEXT_ENCODERS

_FINE_TUNE = kinds.word(
    "none | last_N (its last N layers) | all", "none|last_[1-9][0-9]*|all"
)
_MULTIPLIER = kinds.number(0, 10, "(]")


@_section
class ImageEncoderConfig:
    """[image_encoder]."""

    name: str = _key(kinds.BACKBONE, "the backbone", "embedded")
    weights: str = _key(
        kinds.either(("pretrained", "imagenet", "none"), kinds.FILE),
        "the backbone's weights; pretrained: those that it comes with",
        "pretrained",
    )
    size: int = _key(
        kinds.integer(16, 2048), "side of the picture, pixels", 128, earlier=96
    )
    scaling: str = _key(
        kinds.choice("auto", "-1..1", "0..1", "0..255"),
        "pixel range that a .keras file or TF-Hub model was trained on",
        "auto",
    )
    allowed_ops: str = _key(
        kinds.word("names of operations joined by commas, or empty", r"[\w, ]*"),
        "operations of a TF-Hub model that may touch files, the network or Python",
        "",
    )
    fine_tune: str = _key(_FINE_TUNE, "what of the backbone is trained", "none")
    learning_rate_multiplier: float = _key(
        _MULTIPLIER, "of the learning rate, for what is fine-tuned", 0.1
    )
    train_batch_norm: bool = _key(
        kinds.YES_NO, "fine-tuning updates batch-norm statistics too", False
    )
    augment: bool = _key(kinds.YES_NO, "vary the training pictures each epoch", False)
    crop_min_area: float = _key(
        kinds.number(0, 1, "(]"), "smallest share of the picture a crop keeps", 0.5
    )
    flip: float = _key(kinds.number(0, 1), "probability of a left-right flip", 0.5)
    colour_jitter: float = _key(
        kinds.number(0, 1), "largest change of brightness, contrast, saturation", 0.1
    )


@_section
class _TextFeatures:
    """What the encoders of texts and of class names have in common."""

    name: str = _key(
        kinds.part(TEXT_ENCODERS, several=True),
        "the encoder; embedded knows English, and of other languages the spelling; "
        "tfidf knows the training texts; bert, use and word_vectors what their files "
        "have seen",
        "embedded",
    )
    preprocess: str = _key(kinds.LOCATION, "its TF-Hub preprocessor", "")
    handle: str = _key(kinds.LOCATION, "the TF-Hub model", "")
    allowed_ops: str = _key(
        kinds.word("names of operations joined by commas, or empty", r"[\w, ]*"),
        "operations of a TF-Hub model that may touch files, the network or Python",
        "",
    )
    pooling: str = _key(
        kinds.choice("pooled", "mean", "last4"),
        "how tokens become one vector (last4: last four layers, mean of tokens)",
        "mean",
    )
    max_tokens: int = _key(kinds.integer(3, 512), "longest text, tokens", 128)
    vocabulary_size: int = _key(
        kinds.integer(2), "this many of the most frequent words count", 2000
    )
    vectors: str = _key(kinds.OPTIONAL_FILE, "text file of GloVe or word2vec", "")
    clean: bool = _key(kinds.YES_NO, "leave out punctuation and stop words", True)
    max_unreadable: BadRows = _key(
        kinds.BAD_ROWS,
        "more texts that it cannot read (a zero vector, or one for texts with no word "
        "in common) stop the run",
        BadRows(20.0, True),
        earlier=BadRows(100.0, True),
    )


@_section
class TextEncoderConfig(_TextFeatures):
    """[text_encoder]."""

    salient_tokens: int = _key(
        kinds.integer(0, 512),
        "keep this many tokens of a longer text, the most important ones; 0 is off",
        0,
    )
    fine_tune: str = _key(
        _FINE_TUNE, "what of the encoder is trained, without its dropout", "none"
    )
    learning_rate_multiplier: float = _key(
        _MULTIPLIER, "of the learning rate, for what is fine-tuned", 0.1
    )


@_section
class ClassEncoderConfig(_TextFeatures):
    """[class_encoder]: an encoder of texts, never fine-tuned."""

    graph: str = _key(
        kinds.either(("names", "tree"), kinds.FILE),
        "class distances: between names, in the class tree, or from a CSV",
        "names",
    )
    salient_tokens: ClassVar[int] = 0
    fine_tune: ClassVar[str] = "none"
    learning_rate_multiplier: ClassVar[float] = 1.0
