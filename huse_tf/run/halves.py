"""Each modality's way through a model: its encoder, then its half of the network."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from huse_tf.distances import mixed
from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.encoders.images import headers
from huse_tf.presence import Present

IMAGES = tf.TensorSpec([None], tf.string, name="image_bytes")
TEXTS = tf.TensorSpec([None], tf.string, name="text")

Half = Callable[[tf.Tensor], dict[str, tf.Tensor]]


def image_half(
    encoder: ImageEncoder, network: keras.Model, most_pixels: int = headers.MAX_PIXELS
) -> Half:
    """Joins the image encoder to the image's half of a network.

    Args:
        encoder: picture files to image features.
        network: from {"image", "text"}, the features, to {"image_embedding",
            "text_embedding", "image_logits", "text_logits"}.
        most_pixels: of a picture; one of more, as its header says, is not decoded.

    Returns:
        A tf.function from string [B], the files' contents, to "embedding" [B, D],
        "logits" [B, K] and "valid", bool [B]: whether the file could be decoded.
    """
    half = _half(network, "image")

    @tf.function(input_signature=[IMAGES])
    def image_outputs(image_bytes):
        with headers.at_most(most_pixels):  # here: saving may trace it once more
            pixels, valid = encoder.prepare(image_bytes)
        outputs = half(encoder(pixels, training=False), training=False)
        return {**outputs, "valid": valid}

    return image_outputs


def pixels_half(encoder: ImageEncoder, network: keras.Model) -> Half:
    """Joins the image encoder to the image's half, for who decodes pictures himself.

    Args:
        encoder: of pixels.
        network: see `image_half`.

    Returns:
        A tf.function from float32 [B, S, S, 3] in [0, 255], S the encoder's size, to
        "embedding" [B, D] and "logits" [B, K].
    """
    half = _half(network, "image")
    pixels = tf.TensorSpec([None, encoder.size, encoder.size, 3], name="pixels")

    @tf.function(input_signature=[pixels])
    def pixels_outputs(pixels):
        return half(encoder(pixels, training=False), training=False)

    return pixels_outputs


def text_half(encoder: TextEncoder, network: keras.Model) -> Half:
    """Joins the text encoder to the text's half of a network.

    Args:
        encoder: strings to text features, adapted or restored.
        network: see `image_half`.

    Returns:
        A tf.function from string [B] to "embedding" [B, D], "logits" [B, K] and
        "valid", bool [B]: whether there is more than blanks.
    """
    half = _half(network, "text")

    @tf.function(input_signature=[TEXTS])
    def text_outputs(text):
        outputs = half(encoder(encoder.prepare(text), training=False), training=False)
        return {**outputs, "valid": has_text(text)}

    return text_outputs


def has_text(text: tf.Tensor) -> tf.Tensor:
    """Says of string [B] which hold more than blanks: bool [B]."""
    return tf.strings.length(tf.strings.strip(text)) > 0


def text_features_half(network: keras.Model) -> Half:
    """Cuts out the text's half of a network, for features that are known already.

    Args:
        network: see `image_half`.

    Returns:
        From float32 [B, D_t] to "embedding" [B, D] and "logits" [B, K], without
        dropout, by the weights of the moment.
    """
    half = _half(network, "text")
    return tf.function(
        lambda features: half(features, training=False), reduce_retracing=True
    )


def as_bytes(texts: Sequence[str]) -> list[bytes]:
    """Strings as the text's half takes them: stripped, in UTF-8.

    Half a surrogate pair, which UTF-8 cannot hold, becomes "?".
    """
    return [text.strip().encode("utf-8", "replace") for text in texts]


def fused_probabilities(
    image_logits: tf.Tensor,
    text_logits: tf.Tensor,
    image_weight: float,
    present: Present | None = None,
) -> tf.Tensor:
    """Classes by both modalities.

    Formula: w softmax(z_image) + (1 - w) softmax(z_text).

    Args:
        image_logits: float32 [B, K].
        text_logits: float32 [B, K].
        image_weight: w, in [0, 1].
        present: the modalities of the products; one that is alone has w = 1. None
            where all have both.

    Returns:
        float32 [B, K], rows that sum to 1, or zero where a product has neither.
    """
    image, text = tf.nn.softmax(image_logits), tf.nn.softmax(text_logits)
    return mixed(image, text, image_weight, present)


def _half(network: keras.Model, modality: str) -> keras.Model:
    """Cuts out one modality: features to {"embedding", "logits"}."""
    outputs = network.output
    return keras.Model(
        network.input[modality],
        {name: outputs[f"{modality}_{name}"] for name in ("embedding", "logits")},
    )
