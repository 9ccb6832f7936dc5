import io
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from image_models import config, pixels, save_module, small_network
from PIL import Image

from huse_tf.encoders.images import applications
from huse_tf.encoders.images import factory as images
from huse_tf.encoders.images.factory import make_image_encoder
from huse_tf.errors import InputError

# Keras 3.15 saves weights through an __array__ of NumPy 1's interface.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
)


@pytest.fixture(autouse=True)
def fresh_cache():
    images._shared_backbone.cache_clear()


@pytest.fixture
def keras_path(tmp_path):
    path = tmp_path / "network.keras"
    small_network().save(path)
    return str(path)


APPLICATIONS = {  # smallest size, features
    "vgg16": (32, 512),
    "resnet50": (32, 2048),
    "resnet101": (32, 2048),
    "inceptionv3": (75, 2048),
    "mobilenet": (32, 1024),
    "efficientnetb0": (32, 1280),
}


SLOW = ("resnet101", "inceptionv3")  # seconds to build; made as the others are


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW))
        for name in APPLICATIONS
    ],
)
def test_applications_by_name(name):
    size, dim = APPLICATIONS[name]
    encoder = make_image_encoder(config(name=name, size=size))
    features = tf.function(encoder)(pixels(size))
    assert features.shape == (2, dim)
    assert features.dtype == tf.float32
    assert encoder.dim == dim
    assert encoder.trainable_count == 0
    assert np.isfinite(features).all()
    # Relative: without training, MobileNet's features are of the order of 1e-20.
    largest = np.abs(features).max()
    assert np.abs(features[0] - features[1]).max() > 0.01 * largest > 0


def test_every_application_has_a_name():
    assert {"mobilenetv2", "mobilenetv3small", "convnexttiny"} <= set(
        applications.names()
    )
    assert not {"resnet", "preprocess_input"} & set(applications.names())


def test_preprocessing_is_the_models_own():
    """VGG16 takes BGR less the ImageNet means, without scaling."""
    encoder = make_image_encoder(config())
    grey = np.full((1, 32, 32, 3), (10, 20, 30), np.uint8)
    scaled = np.full((1, 32, 32, 3), (30 - 103.939, 20 - 116.779, 10 - 123.68))
    np.testing.assert_allclose(
        encoder(grey), encoder.network(scaled.astype(np.float32)), rtol=1e-5, atol=1e-6
    )


def test_untrained_weights_are_the_same_everywhere():
    """Whatever was drawn before, and without touching anyone's random numbers."""
    first = make_image_encoder(config()).identity
    images._shared_backbone.cache_clear()
    random.seed(99)
    state = random.getstate()
    assert make_image_encoder(config()).identity == first
    assert random.getstate() == state


def test_weights_are_loaded_once(keras_path):
    one, two = (make_image_encoder(config(name=keras_path, size=24)) for _ in "ab")
    assert one.network is two.network
    tuned = make_image_encoder(config(name=keras_path, size=24, fine_tune="all"))
    assert tuned.network is not one.network
    assert one.trainable_count == 0


def test_weights_from_a_file(tmp_path):
    network = keras.applications.VGG16(
        include_top=False, weights=None, pooling="avg", input_shape=(32, 32, 3)
    )
    path = tmp_path / "vgg.weights.h5"
    network.save_weights(path)
    encoder = make_image_encoder(config(weights=str(path)))
    np.testing.assert_array_equal(encoder.network.weights[0], network.weights[0])
    assert encoder.identity != make_image_encoder(config()).identity


@pytest.mark.parametrize("content", [None, b"not weights"])
def test_weights_file_that_does_not_fit(tmp_path, content):
    path = tmp_path / "vgg.weights.h5"
    if content:
        path.write_bytes(content)
    with pytest.raises(InputError, match="image_encoder.weights = .*cannot be read"):
        make_image_encoder(config(weights=str(path)))


def test_imagenet_weights_that_cannot_be_had(monkeypatch):
    def unreachable(*args, **kwargs):
        raise Exception("URL fetch failure on https://x: None -- [Errno -2]")

    monkeypatch.setattr("keras.src.applications.vgg16.file_utils.get_file", unreachable)
    with pytest.raises(InputError, match="imagenet.*URL fetch failure.*embedded"):
        make_image_encoder(config(weights="imagenet"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "resnet5O"}, "no such model; did you mean resnet50?"),
        ({"name": "vgg16", "size": 16}, "size = 16: vgg16 cannot be built"),
        ({"scaling": "0..1"}, "scaling = 0..1: vgg16 has its own preprocessing"),
        ({"name": "./none.keras"}, "no such file"),
        ({"fine_tune": "last_99"}, "last_99: the encoder has 13 layers that can train"),
    ],
)
def test_wrong_config(changes, message):
    with pytest.raises(InputError, match=message):
        make_image_encoder(config(**changes))


def test_keras_file_takes_minus_one_to_one(keras_path):
    network = keras.models.load_model(keras_path)
    encoder = make_image_encoder(config(name=keras_path, size=24))
    data = pixels(24)
    np.testing.assert_allclose(
        encoder(data), network(data.astype(np.float32) / 127.5 - 1), atol=1e-5
    )


@pytest.mark.parametrize(("scaling", "divisor"), [("0..1", 255), ("0..255", 1)])
def test_scaling_of_keras_file(keras_path, scaling, divisor):
    network = keras.models.load_model(keras_path)
    encoder = make_image_encoder(config(name=keras_path, size=24, scaling=scaling))
    data = pixels(24)
    expected = network(data.astype(np.float32) / divisor)
    np.testing.assert_allclose(encoder(data), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [16, 32])
def test_keras_file_is_rebuilt_for_another_size(keras_path, size):
    """The same kernels: a picture of one colour gives the same features.

    But for the rounding of a mean of up to 28 x 28 equal numbers near 1, in float32 at
    most 784 x 6e-8 = 5e-5.
    """
    fixed = make_image_encoder(config(name=keras_path, size=24))
    other = make_image_encoder(config(name=keras_path, size=size))
    plain = np.full((1, 32, 32, 3), 77, np.uint8)
    np.testing.assert_allclose(
        other(plain[:, :size, :size]), fixed(plain[:, :24, :24]), atol=1e-4
    )


def test_keras_file_that_has_one_size_only(tmp_path):
    path = str(tmp_path / "flat.keras")
    small_network(flatten=True).save(path)
    network = keras.models.load_model(path)
    # Flatten keeps the places, so features of another size have another length.
    encoder = make_image_encoder(config(name=path, size=16))
    assert encoder.dim == 12 * 12 * 6
    dense = keras.layers.Dense(3)(network.output)
    keras.Model(network.input, dense).save(path)
    with pytest.raises(InputError, match="cannot be rebuilt.*Set size = 24"):
        make_image_encoder(config(name=path, size=16))


def test_keras_file_with_feature_maps_is_averaged(tmp_path):
    whole = small_network()
    path = str(tmp_path / "maps.keras")
    keras.Model(whole.input, whole.layers[-2].output).save(path)
    encoder = make_image_encoder(config(name=path, size=24))
    data = pixels(24)
    expected = whole(data.astype(np.float32) / 127.5 - 1)
    np.testing.assert_allclose(encoder(data), expected, atol=1e-5)


def test_keras_file_with_python_code_is_refused(tmp_path):
    inputs = keras.Input([24, 24, 3])
    outputs = keras.layers.Lambda(lambda x: x[:, 0, 0])(inputs)
    path = tmp_path / "unsafe.keras"
    keras.Model(inputs, outputs).save(path)
    with pytest.raises(InputError, match="without Python code"):
        make_image_encoder(config(name=str(path), size=24))


def test_damaged_keras_file(tmp_path):
    path = tmp_path / "damaged.keras"
    path.write_bytes(b"PK\x03\x04 not a model")
    with pytest.raises(InputError, match="cannot be loaded"):
        make_image_encoder(config(name=str(path), size=24))


@pytest.mark.parametrize("callable_too", [True, False])
def test_hub_folder_takes_zero_to_one(tmp_path, callable_too):
    """Mean colour by the unit matrix by 5 columns of 1/4: (r + g + b) / 4."""
    folder = save_module(tmp_path / "module", callable_too=callable_too)
    encoder = make_image_encoder(config(name=folder, size=24))
    data = pixels(24)
    expected = data.mean((1, 2)).sum(-1, keepdims=True) / 255 / 4
    np.testing.assert_allclose(encoder(data), np.repeat(expected, 5, -1), rtol=1e-5)
    assert encoder.dim == 5
    assert encoder.trainable_count == 0


def test_hub_folder_of_one_size(tmp_path):
    folder = save_module(tmp_path / "module")
    with pytest.raises(InputError, match="24 x 24 only; set size = 24"):
        make_image_encoder(config(name=folder, size=32))


def test_hub_folder_that_is_no_image_encoder(tmp_path):
    module = tf.Module()
    module.lower = tf.function(
        tf.strings.lower, input_signature=[tf.TensorSpec([None], tf.string)]
    )
    tf.saved_model.save(module, str(tmp_path), {"serving_default": module.lower})
    with pytest.raises(InputError, match="expected an image feature vector"):
        make_image_encoder(config(name=str(tmp_path), size=24))


@pytest.mark.parametrize(
    ("fine_tune", "train_batch_norm", "expected"),
    [
        ("none", False, []),
        ("none", True, []),
        ("last_1", False, ["second/bias", "second/kernel"]),
        ("last_2", True, ["norm/beta", "norm/gamma", "second/bias", "second/kernel"]),
        (
            "all",
            False,
            ["first/bias", "first/kernel", "second/bias", "second/kernel"],
        ),
    ],
)
def test_fine_tuning_changes_what_was_asked(
    keras_path, fine_tune, train_batch_norm, expected
):
    """One step of gradient descent through the encoder."""
    encoder = make_image_encoder(
        config(
            name=keras_path,
            size=24,
            fine_tune=fine_tune,
            train_batch_norm=train_batch_norm,
        )
    )
    assert encoder.trainable_count == len(expected)
    before = {v.path: v.numpy() for v in encoder.network.weights}
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(encoder(pixels(24), training=True) ** 2)
    variables = encoder.trainable_variables
    for variable, gradient in zip(
        variables, tape.gradient(loss, variables), strict=True
    ):
        variable.assign_sub(0.1 * tf.sign(gradient))
    changed = {
        v.path for v in encoder.network.weights if (v.numpy() != before[v.path]).any()
    }
    if train_batch_norm and expected:
        expected = [*expected, "norm/moving_mean", "norm/moving_variance"]
    assert changed == set(expected)


@pytest.mark.parametrize(
    ("fine_tune", "expected"),
    [("none", []), ("last_1", [False, True]), ("all", [True, True])],
)
def test_fine_tuning_a_hub_folder(tmp_path, fine_tune, expected):
    folder = save_module(tmp_path / "module")
    encoder = make_image_encoder(config(name=folder, size=24, fine_tune=fine_tune))
    assert encoder.trainable_count == sum(expected)
    before = [v.numpy() for v in encoder.variables]
    features = encoder(pixels(24))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(encoder(pixels(24), training=True) ** 2)
    variables = encoder.trainable_variables
    for variable, gradient in zip(
        variables, tape.gradient(loss, variables), strict=True
    ):
        variable.assign_sub(0.1 * gradient)
    changed = [
        (v.numpy() != b).any() for v, b in zip(encoder.variables, before, strict=True)
    ]
    assert changed == (expected or [False, False])
    assert (np.abs(encoder(pixels(24)) - features).max() > 0) == bool(expected)


def test_batch_norm_of_a_hub_folder_cannot_train(tmp_path):
    folder = save_module(tmp_path / "module")
    with pytest.raises(InputError, match="train_batch_norm = yes"):
        make_image_encoder(
            config(name=folder, size=24, fine_tune="all", train_batch_norm=True)
        )


def test_fine_tuned_application():
    """VGG16 has 13 convolutions of kernel and bias."""
    encoder = make_image_encoder(config(fine_tune="last_3"))
    assert encoder.trainable_count == 6
    assert make_image_encoder(config(fine_tune="all")).trainable_count == 26


def test_frozen_batch_norm_keeps_its_statistics_in_training(keras_path):
    encoder = make_image_encoder(config(name=keras_path, size=24, fine_tune="all"))
    data = pixels(24)
    np.testing.assert_array_equal(encoder(data, training=True), encoder(data))


def test_identity_changes_with_all_that_changes_features(keras_path):
    base = config(name=keras_path, size=24)
    seen = [make_image_encoder(base).identity]
    seen.append(make_image_encoder(config(name=keras_path, size=32)).identity)
    seen.append(
        make_image_encoder(config(name=keras_path, size=24, scaling="0..1")).identity
    )
    small_network().save(keras_path)
    seen.append(make_image_encoder(base).identity)
    assert len({str(sorted(identity.items())) for identity in seen}) == 4


def test_files_to_features(keras_path):
    buffer = io.BytesIO()
    Image.fromarray(pixels(24)[0]).save(buffer, "PNG")
    encoder = make_image_encoder(config(name=keras_path, size=24))
    decoded, valid = encoder.prepare(tf.constant([buffer.getvalue(), b"x"]))
    assert valid.numpy().tolist() == [True, False]
    np.testing.assert_array_equal(decoded[0], pixels(24)[0])
    np.testing.assert_allclose(
        encoder(decoded)[0], encoder(pixels(24))[0], rtol=1e-4, atol=1e-5
    )


def test_real_mobilenet_by_both_roads(real_data):
    by_file = str(real_data / "encoders/mobilenet_v1.keras")
    by_hub = str(real_data / "encoders/mobilenet_v1_feature_vector")
    data = pixels(224)
    features = make_image_encoder(config(name=by_file, size=224))(data)
    assert np.std(features) > 0.1
    other = make_image_encoder(config(name=by_hub, size=224))(data)
    np.testing.assert_allclose(features, other, atol=1e-5)
    small = make_image_encoder(config(name=by_file, size=128))
    assert small(pixels(128)).shape == (2, 1024)


def test_real_hub_module_fine_tunes_without_its_batch_norms(real_data):
    """25 convolutions, each with a kernel, and nothing else."""
    by_hub = str(real_data / "encoders/mobilenet_v1_feature_vector")
    tuned = config(name=by_hub, size=224, fine_tune="all")
    assert make_image_encoder(tuned).trainable_count == 25
    tuned = config(name=by_hub, size=224, fine_tune="last_2")
    assert make_image_encoder(tuned).trainable_count == 2
