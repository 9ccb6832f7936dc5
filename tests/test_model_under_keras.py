"""A HuseModel in Keras's hands: fit, evaluate, callbacks, save and load, export."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from huse_tf.encoders.base import ImageEncoder
from huse_tf.model import HuseModel
from huse_tf.objectives import Huse, Separate, Triplet
from huse_tf.towers import embedding_network

GRAPH = np.float32(0.8 * (1 - np.eye(4)))
ROWS, BATCH = 29, 8  # the last of four batches has 5 rows
QUIET = {"verbose": 0, "shuffle": False}  # Keras warns that it shuffles no tf.data
PAIRED = ("graph_loss", "product_loss")  # sums over the pairs of a batch
NAMES = ("loss", "classification_loss", "gap_loss", *PAIRED)
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept:DeprecationWarning"  # Keras, NumPy
)


@keras.saving.register_keras_serializable("tests")
class Encoder(ImageEncoder):
    """One layer of six features, by a tenth of the learning rate."""

    dim, learning_rate_multiplier = 6, 0.1

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.kernel = self.add_weight(shape=[6, 6], initializer="identity", name="w")

    def call(self, pixels, training=False):
        return pixels @ tf.convert_to_tensor(self.kernel)


@keras.saving.register_keras_serializable("tests")
class SavedEncoder(Encoder):
    def get_config(self):
        return super().get_config()


def arrays(rows=ROWS):
    rng = np.random.default_rng(3)
    return {
        "image": rng.normal(size=(rows, 6)).astype(np.float32),
        "text": rng.normal(size=(rows, 5)).astype(np.float32),
        "label": rng.integers(0, 4, rows).astype(np.int32),
    }


def batches(rows=ROWS):
    return tf.data.Dataset.from_tensor_slices(arrays(rows)).batch(BATCH)


def model_of(objective=None, precision="float32", dropout=0.05, **encoders):
    network = embedding_network(
        6,
        5,
        classes=4,
        units=16,
        embedding_dim=8,
        dropout=dropout,
        seed=1,
        precision=precision,
    )
    return HuseModel(network, objective or Huse(GRAPH), **encoders)


def lacking(filling=0.0):
    """The first batch has no images and the last no texts; `filling` stands there."""
    made, rows = arrays(), np.arange(ROWS)
    made |= {"has_image": rows >= BATCH, "has_text": rows < 3 * BATCH}
    for name in ("image", "text"):
        made[name][~made[f"has_{name}"]] = filling
    return made


def by_rows(model, batched):
    """Each loss's mean over the rows, batch after batch."""
    sums = dict.fromkeys(model.objective.names, 0.0)
    rows = 0
    for batch in batched:
        size = len(batch["label"])
        losses = model.losses_of(batch, training=False)
        sums = {name: sums[name] + size * float(losses[name]) for name in sums}
        rows += size
    return {name: total / rows for name, total in sums.items()}


def test_evaluate_is_the_mean_over_the_rows():
    """Without pairs it is the loss of all rows at once; with them, of the batches."""
    for objective, expected in (
        (Huse(GRAPH, beta=0, delta=0), lambda m: m.losses_of(arrays(), training=False)),
        (Huse(GRAPH), lambda m: by_rows(m, batches())),
    ):
        model = model_of(objective)
        model.compile("adam")
        actual = model.evaluate(batches(), verbose=0, return_dict=True)
        by_hand = expected(model)
        assert set(actual) == set(by_hand) == set(objective.names)
        for name in objective.names:
            if name not in PAIRED or objective.weights[name]:
                assert actual[name] == pytest.approx(float(by_hand[name]), abs=1e-6)
        last = by_rows(model, batches().skip(3))
        assert abs(actual["loss"] - last["loss"]) > 1e-3, "the test proves nothing"


def test_fit_reports_each_epoch_anew():
    """A learning rate that moves nothing: each epoch's means are those before."""
    model = model_of(dropout=0.0)
    model.compile(keras.optimizers.SGD(0.0))
    held_out = batches(13)
    history = model.fit(batches(), validation_data=held_out, epochs=2, **QUIET).history
    train, validation = by_rows(model, batches()), by_rows(model, held_out)
    for name in NAMES:
        np.testing.assert_allclose(history[name], [train[name]] * 2, atol=1e-6)
        np.testing.assert_allclose(
            history[f"val_{name}"], [validation[name]] * 2, atol=1e-6
        )


def test_a_modality_that_is_not_there_moves_nothing():
    """Whatever stands in its place: the same losses and the same weights."""
    results = []
    for filling in (0.0, 1e3):
        model, made = model_of(), lacking(filling)
        model.compile(keras.optimizers.Adam(0.01))
        batched = tf.data.Dataset.from_tensor_slices(made).batch(BATCH)
        expected = by_rows(model, batched)
        before = model.evaluate(batched, verbose=0, return_dict=True)
        assert before == pytest.approx(expected, abs=1e-6)
        history = model.fit(
            made, batch_size=BATCH, epochs=2, shuffle=False, verbose=0
        ).history
        assert history["loss"][1] < history["loss"][0]
        outputs = model.predict(made, verbose=0)
        for name in ("image", "text"):
            lengths = np.linalg.norm(outputs[f"{name}_embedding"], axis=1)
            assert lengths == pytest.approx(made[f"has_{name}"].astype(float), abs=1e-5)
        results.append([history["loss"], *(v.numpy() for v in model.variables)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_one_mask_alone_says_that_all_have_the_other():
    model, made = model_of(), lacking()
    made["has_text"][:] = True
    both = model.losses_of(made, training=False)
    del made["has_text"]
    one = model.losses_of(made, training=False)
    for name in NAMES:
        np.testing.assert_array_equal(both[name], one[name])


def test_fit_learns_with_callbacks_and_predicts(tmp_path):
    model = model_of()
    model.compile(keras.optimizers.Adam(0.01))
    weights = tmp_path / "best.weights.h5"
    history = model.fit(
        arrays(),
        batch_size=BATCH,
        validation_data=batches(),
        epochs=12,
        verbose=0,
        callbacks=[
            keras.callbacks.ModelCheckpoint(
                weights, monitor="val_loss", save_best_only=True, save_weights_only=True
            ),
            keras.callbacks.EarlyStopping("val_loss", min_delta=10.0, patience=2),
        ],
    ).history
    assert len(history["loss"]) == 3, "no epoch is better by 10 than the first"
    assert min(history["val_loss"]) < history["val_loss"][0]
    again = model_of()
    again.load_weights(weights)
    again.compile("adam")
    best = again.evaluate(batches(), verbose=0, return_dict=True)["loss"]
    assert best == pytest.approx(min(history["val_loss"]), abs=1e-6)
    outputs = model.predict(batches(), verbose=0)
    whole = model(arrays(), training=False)
    for name, value in outputs.items():
        np.testing.assert_allclose(value, whole[name], atol=1e-6)


@pytest.mark.parametrize(
    ("encoder", "precision"), [(None, "float32"), (SavedEncoder, "mixed_float16")]
)
def test_saved_and_loaded_it_goes_on_as_the_same(tmp_path, encoder, precision):
    model = model_of(
        precision=precision, **({"image_encoder": encoder()} if encoder else {})
    )
    model.compile(keras.optimizers.Adam(0.01))
    path = tmp_path / "model.keras"
    checkpoint = keras.callbacks.ModelCheckpoint(path, monitor="loss")
    model.fit(batches(), epochs=2, callbacks=[checkpoint], **QUIET)
    again = keras.saving.load_model(path)
    for name, value in model(arrays()).items():
        np.testing.assert_array_equal(again(arrays())[name], value)
    for a, b in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    assert float(again.optimizer.learning_rate) == pytest.approx(0.01)
    model.fit(batches(), **QUIET)
    again.fit(batches(), **QUIET)
    for a, b in zip(again.variables, model.variables, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)  # dropout's seeds among them


def test_what_cannot_be_saved_says_what_can(tmp_path):
    model = model_of(image_encoder=Encoder())
    with pytest.raises(
        NotImplementedError, match="image_encoder .* Encoder has no get"
    ):
        model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    with pytest.raises(NotImplementedError, match="export.py.* or model.network"):
        model.export(tmp_path / "export")


def test_export_answers_as_the_model(tmp_path):
    model = model_of()
    model.export(tmp_path / "export", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "export")
    served = loaded.serve({name: arrays()[name] for name in ("image", "text")})
    for name, value in model(arrays()).items():
        np.testing.assert_allclose(served[name], value, atol=1e-6)


def test_an_encoder_inside_trains_by_its_multiplier():
    """SGD: the same gradient moves the encoder a tenth of what the rate says."""
    steps = []
    for multiplier in (0.1, 1.0):
        encoder = Encoder()
        encoder.learning_rate_multiplier = multiplier
        model = model_of(image_encoder=encoder)
        model.compile(keras.optimizers.SGD(0.05))
        assert list(model.optimizer.optimizers) == ["network", "image_encoder"]
        before = encoder.kernel.numpy()
        model.fit(batches(BATCH), **QUIET)
        steps.append(encoder.kernel.numpy() - before)
    assert np.abs(steps[1]).max() > 1e-4
    np.testing.assert_allclose(steps[0], 0.1 * steps[1], rtol=1e-3, atol=1e-7)


def test_an_optimizer_for_each_group():
    model = model_of(image_encoder=Encoder())
    model.compile({"network": "adam", "image_encoder": keras.optimizers.SGD(0.0)})
    kernel = model.image_encoder.kernel.numpy()
    model.fit(batches(), **QUIET)
    np.testing.assert_array_equal(model.image_encoder.kernel, kernel)
    frozen = Encoder()
    frozen.trainable = False
    model = model_of(image_encoder=frozen)
    model.compile("adam")
    assert isinstance(model.optimizer, keras.optimizers.Adam)


def test_an_overflow_in_the_encoder_alone_skips_the_step_of_all():
    """Then one scale for both: the step equals that of a model that never overflowed.

    The encoder's gradients, and no others, are infinite once: its kernel's gradient is
    multiplied by what `overflow` holds.
    """

    class Overflowing(Encoder):
        def __init__(self):
            super().__init__()
            self.factor = tf.Variable(1.0, trainable=False)

        def call(self, pixels, training=False):
            @tf.custom_gradient
            def passed(kernel):
                return tf.identity(kernel), lambda upstream: upstream * self.factor

            return pixels @ passed(tf.convert_to_tensor(self.kernel))

    batch = {name: tf.constant(value) for name, value in arrays(BATCH).items()}
    results = []
    for overflow in (True, False):
        encoder = Overflowing()
        model = model_of(precision="mixed_float16", dropout=0.0, image_encoder=encoder)
        model.compile(keras.optimizers.SGD(0.05))
        scale = model.optimizer.dynamic_scale
        scale.assign(64.0)  # low enough for these losses
        start = [v.numpy() for v in model.trainable_variables]
        if overflow:
            encoder.factor.assign(float("inf"))
            model.optimise(batch)
            assert float(scale) == 32.0
            for variable, value in zip(model.trainable_variables, start, strict=True):
                np.testing.assert_array_equal(variable, value)
            encoder.factor.assign(1.0)
        else:
            scale.assign(32.0)
        model.optimise(batch)
        results.append([v.numpy() for v in model.trainable_variables])
        moved = results[-1][-1] - start[-1]
        assert np.abs(moved).max() > 1e-5
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: model_of(Triplet()), 'classifier="untrained" for Triplet.*"shared"'),
        (lambda: model_of(Separate()), 'classifier="separate" for Separate'),
        (lambda: model_of(Huse(GRAPH[:3, :3])), "3 classes of Huse. Received: 4"),
        (lambda: model_of(objective=min), "objective must be an Objective"),
        (lambda: model_of().compile("adam", loss="mse"), "loss must be left out"),
        (lambda: model_of().compile("adam", metrics=["acc"]), "metrics must be left"),
        (lambda: model_of().compile({"towers": "adam"}), "network. Received: towers"),
    ],
)
def test_what_does_not_fit_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ((arrays(4), np.zeros(4)), "Received: tuple"),
        ({"image": arrays(4)["image"]}, "dict of image, text, label. Received: image"),
    ],
)
def test_a_batch_of_another_kind_is_named(batch, message):
    model = model_of()
    model.compile("adam")
    data = tf.data.Dataset.from_tensors(batch)
    with pytest.raises(ValueError, match=message):
        model.fit(data, **QUIET)
    with pytest.raises(ValueError, match=message):
        model.evaluate(data, verbose=0)
