import os
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from text_models import WIDTH, encode, encode_exported, save_bert, save_preprocessor

from huse_tf.encoders.texts.bert import BertEncoder, masked_mean, select_trainable
from huse_tf.errors import InputError

TEXTS = ["red shirt", "a", "blue shirts for men", "x y", "", "dress", "ÉTÉ robe"]
REAL = os.environ.get("HUSE_REAL_DATA")
needs_real = pytest.mark.skipif(not REAL, reason="HUSE_REAL_DATA is not set")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    return save_preprocessor(folder / "pre"), save_bert(folder / "bert")


@pytest.fixture(scope="module")
def make(models):
    def build(pooling="last4", max_tokens=32, **kwargs):
        return BertEncoder(*models, pooling, max_tokens, **kwargs)

    return build


def numpy_outputs(handle, prepared):
    """What the encoder itself returns, as arrays, and its mask [B, T, 1]."""
    outputs = tf.saved_model.load(handle)(prepared, training=False)
    return (
        [layer.numpy() for layer in outputs["encoder_outputs"]],
        outputs["pooled_output"].numpy(),
        prepared["input_mask"].numpy()[:, :, None],
    )


def pool(layers, pooled, mask, pooling):
    if pooling == "pooled":
        return pooled
    tokens = np.concatenate(layers[-4:] if pooling == "last4" else layers[-1:], axis=2)
    return (tokens * mask).sum(axis=1) / mask.sum(axis=1)


@pytest.mark.parametrize("pooling", ["last4", "mean", "pooled"])
def test_pooling_equals_numpy(make, models, pooling):
    encoder = make(pooling)
    prepared = encoder.prepare(tf.constant(TEXTS))
    expected = pool(*numpy_outputs(models[1], prepared), pooling)
    features = encoder(prepared, training=False)
    assert features.shape == (len(TEXTS), encoder.dim)
    assert encoder.dim == (4 * WIDTH if pooling == "last4" else WIDTH)
    np.testing.assert_allclose(features, expected, rtol=1e-5, atol=1e-5)


def test_masked_mean_by_hand():
    """Two real tokens, (1, 2) and (3, 6), then padding; then none at all."""
    tokens = tf.constant([[[1.0, 2], [3, 6], [9, 9]], [[9, 9], [9, 9], [9, 9]]])
    mask = tf.constant([[1, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(masked_mean(tokens, mask), [[2, 4], [0, 0]])


def test_padded_to_the_longest_of_the_batch(make):
    """One token a letter, [CLS] and [SEP]: 3 for "a", 8 + 2 for "red shirt"."""
    encoder = make(max_tokens=9)
    batches = (["a"], ["", ""], ["a", "red it"], ["a", "red shirt"])
    prepared = [encoder.prepare(tf.constant(batch)) for batch in batches]
    assert [p["input_mask"].shape[1] for p in prepared] == [3, 2, 7, 9]
    empty = encoder.prepare(tf.constant([], tf.string))
    assert empty["input_word_ids"].shape == (0, 2)


def test_padding_does_not_change_a_row(make):
    encoder = make()
    together = encode(encoder, ["a", "blue shirts for men", "red"])
    alone = np.concatenate([encode(encoder, [t]) for t in ("a", "blue shirts for men")])
    np.testing.assert_allclose(together[:2], alone, rtol=1e-5, atol=1e-6)


def test_salient_tokens(make):
    """Room for 6 - 2 tokens. "a" is in every sentence; "xy" and "zz" in one each."""
    text = "a a a\na xy\na a zz\na"
    encoder = make(max_tokens=6, salient_tokens=512)
    kept = encoder.prepare(tf.constant([text]))["input_word_ids"]
    same = make(max_tokens=6).prepare(tf.constant(["xy zz"]))["input_word_ids"]
    np.testing.assert_array_equal(kept, same)
    short = tf.constant(["b. a", "", "xy. z"])
    np.testing.assert_array_equal(
        encoder.prepare(short)["input_word_ids"],
        make(max_tokens=6).prepare(short)["input_word_ids"],
    )


def step(encoder, learning_rate=0.1):
    """One training step of a Keras model around the encoder; returns what changed."""
    prepared = encoder.prepare(tf.constant(TEXTS))
    inputs = {name: keras.Input([None], dtype="int32", name=name) for name in prepared}
    model = keras.Model(inputs, keras.layers.Dense(1)(encoder(inputs)))
    optimizer = keras.optimizers.SGD(learning_rate)
    optimizer.build(model.trainable_variables)
    before = [v.numpy().copy() for v in encoder.encoder_variables]

    @tf.function
    def train():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(prepared, training=True) - 3.0))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(
            zip(gradients, model.trainable_variables, strict=True)
        )

    train()
    assert len(model.trainable_variables) == len(encoder.trainable_variables) + 2
    after = [v.numpy() for v in encoder.encoder_variables]
    return {
        variable.name
        for variable, old, new in zip(
            encoder.encoder_variables, before, after, strict=True
        )
        if not np.array_equal(old, new)
    }


LAYERS = [f"transformer_layer_{i}_kernel" for i in range(5)]


@pytest.mark.parametrize(
    ("pooling", "fine_tune", "changed"),
    [
        ("mean", "none", set()),
        ("mean", "all", {"word_embeddings_embeddings", *LAYERS}),
        ("last4", "last_2", set(LAYERS[-2:])),
        ("pooled", "last_1", {LAYERS[-1], "pooler_transform_kernel"}),
    ],
)
def test_a_step_changes_what_fine_tune_names(make, pooling, fine_tune, changed):
    encoder = make(pooling, fine_tune=fine_tune)
    assert step(encoder) == changed
    assert {v.name for v in encoder.trainable_variables} == changed


def test_a_step_shows_in_these_features_alone(make):
    encoder = make(fine_tune="last_1")
    frozen = make()
    before = encode(encoder, TEXTS)
    step(encoder)
    assert np.abs(encode(encoder, TEXTS) - before).max() > 1e-3
    np.testing.assert_allclose(encode(frozen, TEXTS), before, rtol=1e-5, atol=1e-6)


def test_no_dropout_that_cannot_be_repeated(make):
    for fine_tune in ("none", "all"):
        encoder = make("mean", fine_tune=fine_tune)
        prepared = encoder.prepare(tf.constant(TEXTS))
        np.testing.assert_array_equal(
            encoder(prepared, training=True), encoder(prepared)
        )


def test_export_carries_fine_tuned_weights(make, tmp_path):
    encoder = make(fine_tune="all", salient_tokens=8)
    step(encoder)
    texts = [*TEXTS, "a. long text. of some. more words"]
    exported = encode_exported(encoder, tmp_path, texts)
    np.testing.assert_allclose(exported, encode(encoder, texts), rtol=1e-4, atol=1e-5)


def test_in_tf_data(make):
    encoder = make(salient_tokens=8)
    dataset = tf.data.Dataset.from_tensor_slices(TEXTS).batch(4).map(encoder.prepare)
    batches = [encoder(prepared).numpy() for prepared in dataset]
    np.testing.assert_allclose(
        np.concatenate(batches), encode(encoder, TEXTS), rtol=1e-5, atol=1e-5
    )


def test_identity(make):
    identities = [
        make(**kwargs).identity
        for kwargs in (
            {},
            {"pooling": "mean"},
            {"max_tokens": 8},
            {"salient_tokens": 4},
        )
    ]
    assert len({str(identity) for identity in identities}) == 4
    assert identities[0] == make().identity


def test_errors(models, tmp_path):
    preprocess, bert = models

    def expect(message, *args, **kwargs):
        with pytest.raises(InputError, match=message):
            BertEncoder(*args, **kwargs)

    expect("preprocess is empty", "", bert, "mean", 32)
    expect("handle is empty", preprocess, "", "mean", 32)
    expect("expected a TF-Hub BERT preprocessor", bert, bert, "mean", 32)
    expect("expected a TF-Hub BERT encoder", preprocess, preprocess, "mean", 32)
    expect("name 5 transformer layers", preprocess, bert, "mean", 32, 0, "last_6")
    shallow = save_bert(tmp_path / "shallow", n_layers=3)
    expect("has 3 layers; use pooling = mean", preprocess, shallow, "last4", 32)
    unnamed = save_bert(tmp_path / "unnamed", layer_name="block_{}/kernel")
    expect("name 0 transformer layers", preprocess, unnamed, "mean", 32, 0, "last_1")
    with pytest.raises(InputError, match="no trainable variables"):
        select_trainable([], "all", "somewhere")


@needs_real
@pytest.mark.parametrize("pooling", ["last4", "mean", "pooled"])
def test_real_minilm(pooling):
    encoders = Path(REAL) / "encoders"
    preprocess = str(encoders / "minilm_en_uncased_preprocess")
    handle = str(encoders / "minilm_en_uncased_L-6_H-384_A-12")
    encoder = BertEncoder(preprocess, handle, pooling, 512, 510, "last_2")
    texts = ["Nike Men Blue T20 Indian Cricket Jersey", "Puma Deck Navy Blue Backpack"]
    prepared = encoder.prepare(tf.constant(texts))
    expected = pool(*numpy_outputs(handle, prepared), pooling)
    np.testing.assert_allclose(encoder(prepared), expected, atol=1e-5)
    # 16 variables a layer; the pooler's two where it is used
    assert len(encoder.trainable_variables) == 32 + 2 * (pooling == "pooled")
    (alone,) = encode(encoder, texts[1:])
    np.testing.assert_allclose(encoder(prepared)[1], alone, atol=1e-5)


@needs_real
def test_real_minilm_reads_the_important_words_of_a_long_text():
    encoders = Path(REAL) / "encoders"
    encoder = BertEncoder(
        str(encoders / "minilm_en_uncased_preprocess"),
        str(encoders / "minilm_en_uncased_L-6_H-384_A-12"),
        "mean",
        max_tokens=64,
        salient_tokens=512,
    )
    filler = "this is a very nice thing and we like it a lot"
    rare = ["velvet", "saxophone", "cinnamon", "lighthouse"]
    sentences = [f"{filler}."] * 170 + [f"{filler} {word}." for word in rare]
    text = " ".join(sentences)
    assert len(text.split()) > 2000
    ids = encoder.prepare(tf.constant([text]))["input_word_ids"][0].numpy().tolist()
    wanted = encoder.prepare(tf.constant([" ".join(rare)]))["input_word_ids"][0]
    assert len(ids) == 64
    assert set(wanted.numpy().tolist()) <= set(ids)
