"""What is served: picture files and strings in, embeddings and classes out."""

from collections.abc import Iterator, Sequence

import keras
import tensorflow as tf

from huse_tf.distances import fused
from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.encoders.images import headers
from huse_tf.presence import Present
from huse_tf.run.halves import (
    IMAGES,
    TEXTS,
    Half,
    fused_probabilities,
    has_text,
    image_half,
    pixels_half,
    text_half,
)

TOP = 5

_Tensors = dict[str, tf.Tensor]


class ServingModule(tf.Module):
    """The signatures of an export.

    They consist of TensorFlow operations and take batches of any size. A product whose
    text is empty, or whose picture is empty or cannot be decoded, is answered by its
    other modality. The row of one that has neither comes back zero, its class names
    empty, with `valid` false. All numbers are float32, and computed so, whatever the
    training's precision.

    Attributes:
        class_names: [K] in label order.
        fusion_weight: of the image where both modalities answer together.
        functions: signature name -> function, as tf.saved_model.save takes them.
        serve: serving_default of a dictionary of its inputs.
    """

    def __init__(
        self,
        image_encoder: ImageEncoder,
        text_encoder: TextEncoder,
        network: keras.Model,
        class_names: Sequence[str],
        fusion_weight: float,
    ):
        """Takes the parts of a trained model and traces the signatures.

        Args:
            image_encoder: picture files to image features.
            text_encoder: strings to text features, adapted or restored.
            network: from {"image", "text"}, the features, to {"image_embedding",
                "text_embedding", "image_logits", "text_logits"}; what comes out for
                an image depends on the image alone, and for a text on the text.
            class_names: [K] in label order.
            fusion_weight: of the image where both modalities answer together, in
                [0, 1]; the text has the rest.
        """
        super().__init__(name="huse")
        self.class_names = tuple(class_names)
        self.fusion_weight = float(fusion_weight)
        network = _in_float32(network)

        def in_memory(image_bytes: tf.Tensor, text: tf.Tensor) -> _Tensors:
            pixels, image_valid = image_encoder.prepare(image_bytes)
            features = {
                "image": image_encoder(pixels, training=False),
                "text": text_encoder(text_encoder.prepare(text), training=False),
            }
            valid = {"image_valid": image_valid, "text_valid": has_text(text)}
            return {**network(features, training=False), **valid}

        self._in_memory = in_memory
        self._prepare = image_encoder.prepare
        self.functions = _signatures(
            image_half(image_encoder, network, headers.ASKED_PIXELS),
            pixels_half(image_encoder, network),
            text_half(text_encoder, network),
            self.class_names,
            self.fusion_weight,
        )
        answer = self.functions["serving_default"]

        # what a Keras TFSMLayer calls: it hands over one structure
        @tf.function(input_signature=[{IMAGES.name: IMAGES, TEXTS.name: TEXTS}])
        def serve(inputs):
            return answer(**inputs)

        self.serve = serve
        # Only what the signatures use is tracked, and not the encoders themselves: a
        # TF-Hub module would bring along every function that it was saved with.
        traced = [f.get_concrete_function() for f in self.functions.values()]
        captured = {id(tensor) for f in traced for tensor in f.captured_inputs}
        resources = [*_resources(image_encoder), *_resources(text_encoder)]
        tables = {
            id(resource): resource
            for resource in resources
            if id(resource.resource_handle) in captured
        }
        variables = {id(v): v for f in traced for v in f.variables}
        self._tracked = [*variables.values(), *tables.values()]

    def in_memory(self, image_bytes: tf.Tensor, text: tf.Tensor) -> _Tensors:
        """Asks the model directly, without the traced signatures.

        Args:
            image_bytes: string [B].
            text: string [B].

        Returns:
            image_embedding, text_embedding: float32 [B, D]; image_logits, text_logits:
            float32 [B, K], whatever is there; image_valid: bool [B], which pictures
            can be decoded; text_valid: bool [B], which texts are not empty.
        """
        return self._in_memory(image_bytes, text)

    def pixels(self, image_bytes: tf.Tensor) -> tf.Tensor:
        """Decodes picture files, string [B], to what embed_pixels takes.

        Returns:
            float32 [B, S, S, 3] in [0, 255], white where the file is undecodable.
        """
        return tf.cast(self._prepare(image_bytes)[0], tf.float32)


def _in_float32(network: keras.Model) -> keras.Model:
    """Returns the network, or where it was trained in mixed precision a copy."""
    layers = network._flatten_layers(include_self=False)
    if all(layer.compute_dtype == "float32" for layer in layers):
        return network
    copy = keras.models.clone_model(
        network,
        clone_function=lambda layer: type(layer).from_config(
            {**layer.get_config(), "dtype": "float32"}
        ),
        recursive=True,
    )
    copy.set_weights(network.get_weights())
    return copy


def _signatures(
    image_outputs: Half,
    pixels_outputs: Half,
    text_outputs: Half,
    names: tuple[str, ...],
    weight: float,
):
    """Returns the signatures by name, which share the functions given."""

    def both(image_bytes, text):
        same = tf.debugging.assert_equal(
            tf.size(image_bytes),
            tf.size(text),
            message="image_bytes and text: expected as many of one as of the other",
        )
        with tf.control_dependencies([same]):
            image, text = image_outputs(image_bytes), text_outputs(text)
        present = Present(image["valid"], text["valid"])
        probabilities = fused_probabilities(
            image["logits"], text["logits"], weight, present
        )
        top = tf.math.top_k(probabilities, min(TOP, len(names)))
        valid = present.image | present.text
        return {
            # both are zero already where nothing is valid
            "embedding": fused(image["embedding"], text["embedding"], weight, present),
            "probabilities": top.values,
            "class_names": _where(valid, tf.gather(tf.constant(names), top.indices)),
            "valid": valid,
            "image_valid": present.image,
            "text_valid": present.text,
        }

    def embedding_of(outputs):
        valid = outputs["valid"]
        return {"embedding": _where(valid, outputs["embedding"]), "valid": valid}

    @tf.function(input_signature=[IMAGES, TEXTS])
    def serving_default(image_bytes, text):
        answer = both(image_bytes, text)
        return {
            "embedding": answer["embedding"],
            "class_name": answer["class_names"][:, 0],
            "probability": answer["probabilities"][:, 0],
            **{n: answer[n] for n in ("valid", "image_valid", "text_valid")},
        }

    @tf.function(input_signature=[IMAGES])
    def embed_image(image_bytes):
        return embedding_of(image_outputs(image_bytes))

    # no string op and no `valid`: it converts to runtimes that have neither
    @tf.function(input_signature=pixels_outputs.input_signature)
    def embed_pixels(pixels):
        return {"embedding": pixels_outputs(pixels)["embedding"]}

    @tf.function(input_signature=[TEXTS])
    def embed_text(text):
        return embedding_of(text_outputs(text))

    @tf.function(input_signature=[IMAGES, TEXTS])
    def classify(image_bytes, text):
        answer = both(image_bytes, text)
        return {n: answer[n] for n in ("class_names", "probabilities", "valid")}

    return {
        "serving_default": serving_default,
        "embed_image": embed_image,
        "embed_text": embed_text,
        "embed_pixels": embed_pixels,
        "classify": classify,
    }


def _where(valid: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
    """Zeroes (strings: empties) the rows [B, ...] that are not valid."""
    return tf.where(valid[:, None], rows, tf.zeros_like(rows))


def _resources(
    encoder: keras.layers.Layer,
) -> Iterator[tf.saved_model.experimental.TrackableResource]:
    """Yields the lookup tables and the like that an encoder or its parts hold."""
    for layer in encoder._flatten_layers():
        for held in tf.train.TrackableView(layer).descendants():
            if isinstance(held, tf.saved_model.experimental.TrackableResource):
                yield held
