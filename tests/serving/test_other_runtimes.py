"""An export in other ways of loading: TFLite, a Keras layer."""

import warnings

import numpy as np
import pytest
import tensorflow as tf
from export_fakes import TEXTS, in_memory, make_module, pictures

from huse_tf.serving.export import publish


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    module, run = make_module()
    run.module = module
    run.version = publish(module, tmp_path_factory.mktemp("export"))
    return run


def test_embed_pixels_is_embed_image_after_decoding(exported):
    signatures = tf.saved_model.load(exported.version).signatures
    files = tf.constant(pictures())
    pixels = exported.module.pixels(files)
    assert pixels.dtype == tf.float32 and pixels.shape == [7, 16, 16, 3]
    found = signatures["embed_pixels"](pixels=pixels)["embedding"].numpy()
    expected = in_memory(exported, pictures(), TEXTS)["image_embedding"]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_tflite_answers_as_the_savedmodel_does(exported):
    """Built-in operations alone; batches of one and of several."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tf.lite announces its move to LiteRT
        converter = tf.lite.TFLiteConverter.from_saved_model(
            str(exported.version), signature_keys=["embed_pixels"]
        )
        model = converter.convert()
        lite = tf.lite.Interpreter(model_content=model)
    runner = lite.get_signature_runner("embed_pixels")
    pixels = exported.module.pixels(tf.constant(pictures())).numpy()
    signatures = tf.saved_model.load(exported.version).signatures
    expected = signatures["embed_pixels"](pixels=tf.constant(pixels))["embedding"]
    for rows in (slice(0, 1), slice(0, 7)):
        found = runner(pixels=pixels[rows])["embedding"]
        np.testing.assert_allclose(found, expected[rows], atol=1e-4)
    assert np.ptp(expected.numpy(), axis=0).max() > 0.01  # the rows differ


def test_a_keras_layer_takes_two_inputs_by_name(exported):
    """A layer takes one structure: a dictionary of serving_default's two inputs."""
    import keras

    layer = keras.layers.TFSMLayer(str(exported.version))
    images, texts = pictures(), TEXTS
    inputs = {
        "image_bytes": keras.Input((), dtype="string", name="image_bytes"),
        "text": keras.Input((), dtype="string", name="text"),
    }
    model = keras.Model(inputs, layer(inputs))
    feeds = {"image_bytes": tf.constant(images), "text": tf.constant(texts)}
    found = model(feeds)
    signature = tf.saved_model.load(exported.version).signatures["serving_default"]
    expected = signature(**feeds)
    np.testing.assert_allclose(found["embedding"], expected["embedding"], atol=1e-5)
    assert found["class_name"].numpy().tolist() == (
        expected["class_name"].numpy().tolist()
    )
