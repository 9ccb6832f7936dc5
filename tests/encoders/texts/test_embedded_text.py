"""The embedded text encoder against a plain Python one, and exported."""

import hashlib
import importlib.util
import itertools
import subprocess
import sys
import unicodedata
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from huse_tf.encoders.texts.embedded_text import (
    ASSET,
    LONGEST_WORD,
    EmbeddedTextEncoder,
)
from huse_tf.encoders.texts.ngrams import ngram_sums, ordinary_length

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def encoder():
    return EmbeddedTextEncoder()


@pytest.fixture(scope="module")
def asset():
    with np.load(ASSET) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def build_script():
    path = ROOT / "tools" / "build_embedded_text.py"
    spec = importlib.util.spec_from_file_location("build_embedded_text", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def encode(encoder, texts):
    prepared = encoder.prepare(tf.constant(texts, tf.string))
    return encoder(prepared).numpy()


def spell(word, index):
    """Longest match first, a character that starts no piece skipped."""
    if word in index:
        return [word]
    word, start, pieces = word[:LONGEST_WORD], 0, []
    while start < len(word):
        prefix = "##" if start else ""
        for end in range(len(word), start, -1):
            if prefix + word[start:end] in index:
                pieces.append(prefix + word[start:end])
                break
        start = end
    return pieces


def is_dense(character):
    scripts = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")
    return unicodedata.name(character, "").startswith(scripts)


def reference(texts, asset):
    """Folding by unicodedata, a loop over words, float64; n-grams by `ngram_sums`."""
    index = {p.decode(): i for i, p in enumerate(asset["pieces"].tolist())}
    vectors = asset["vectors"] * asset["scales"].astype(float)
    length = np.linalg.norm(vectors, axis=1).mean()
    scale = length / ordinary_length(vectors.shape[1])
    rows = np.zeros((len(texts), len(asset["scales"])))
    for row, text in zip(rows, texts, strict=True):
        decomposed = unicodedata.normalize("NFD", text.lower())
        folded = "".join(
            c if unicodedata.category(c)[0] in "LN" else " "
            for c in decomposed
            if unicodedata.category(c) not in ("Mn", "Cf")
        )
        folded = unicodedata.normalize("NFC", folded)  # Hangul is whole again
        for blanked in folded.split():
            for _, run in itertools.groupby(blanked, is_dense):
                word = "".join(run)
                if not word.isascii():
                    row += ngram_sums([word], len(row))[0].numpy() * scale
                else:
                    row += sum(vectors[index[piece]] for piece in spell(word, index))
        row /= max(np.linalg.norm(row), 1e-6)
    return rows


TEXTS = [
    "Nike Men's Blue T-Shirt (XL), 100% Cotton",
    "Crème Brûlée ÉCLAIR Straße Łódź naïve",
    "Zqxjvk Flibbertigibbetization antidisestablishmentarianism",
    "a" * 500 + " short",
    "x" * 30 + "Ж" * 30 + "end",
    "платье красное  衣服 ΦΩΤΟ",
    "nike耐克v2 빨간 여름 원피스, فستان أحمر",
    "\tsoft\u00adhyphen\n zero\u200bwidth e\u0301tude ",
    "price: €19.99 — *NEW* 👗👠",
    "",
    " ... !!! ",
    "👗",
]


def test_equals_plain_python(encoder, asset):
    np.testing.assert_allclose(
        encode(encoder, TEXTS), reference(TEXTS, asset), atol=1e-6
    )


def test_random_words_equal_plain_python(encoder, asset):
    random = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz019éñЖ衣'-"))
    texts = [
        " ".join(
            "".join(random.choice(letters, random.integers(1, 15)))
            for _ in range(random.integers(0, 6))
        )
        for _ in range(50)
    ]
    np.testing.assert_allclose(
        encode(encoder, texts), reference(texts, asset), atol=1e-6
    )


def test_rows_have_length_one_or_are_zero(encoder):
    norms = np.linalg.norm(encode(encoder, TEXTS), axis=1)
    np.testing.assert_allclose(norms, [1] * 9 + [0] * 3, atol=1e-6)


def test_case_accents_and_punctuation_do_not_matter(encoder):
    features = encode(
        encoder, ["cafe noir", "CAFÉ, NOIR!", "cafe\u0301 «noir»", "noir cafe"]
    )
    np.testing.assert_allclose(features, features[:1].repeat(4, axis=0), atol=1e-6)


def test_english_words_keep_the_vectors_of_the_table(encoder, asset):
    """One piece alone: its row of the table, scaled to length one."""
    random = np.random.default_rng(0)
    words = [p for p in asset["pieces"].tolist() if not p.startswith(b"##")]
    chosen = random.choice(len(words), 500, replace=False)
    rows = [asset["pieces"].tolist().index(words[i]) for i in chosen]
    table = asset["vectors"][rows] * asset["scales"]
    expected = table / np.linalg.norm(table, axis=1, keepdims=True)
    found = encode(encoder, [words[i] for i in chosen])
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_unknown_word_keeps_its_known_parts(encoder, asset):
    assert b"footwear" not in asset["pieces"]
    footwear, foot, other = encode(encoder, ["footwear", "foot", "lipstick"])
    assert footwear @ foot > 0.3 > footwear @ other


def test_nearest_by_meaning(encoder):
    """Each first text is nearer to the second than to the third."""
    for texts in [
        ["sneakers", "running shoes", "lipstick"],
        ["women red dress", "ladies crimson gown", "men black leather wallet"],
        ["the shirt of the man", "man shirt", "the dress of the woman"],
    ]:
        anchor, near, far = encode(encoder, texts)
        assert anchor @ near > anchor @ far, texts


def test_row_does_not_depend_on_its_batch(encoder):
    together = encode(encoder, TEXTS)
    alone = np.concatenate([encode(encoder, [text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_empty_batch(encoder):
    assert encode(encoder, []).shape == (0, encoder.dim)


def test_invalid_utf8_does_not_fail_the_batch(encoder):
    features = encode(encoder, [b"red \xff\xfe dress", b"\x80", b"red dress"])
    np.testing.assert_allclose(features[2] @ features[2], 1, atol=1e-6)
    np.testing.assert_allclose(features[0], features[2], atol=1e-6)
    assert not features[1].any()


def test_in_a_dataset(encoder):
    data = tf.data.Dataset.from_tensor_slices(TEXTS).batch(4).map(encoder.prepare)
    features = np.concatenate([batch["features"] for batch in data])
    np.testing.assert_allclose(features, encode(encoder, TEXTS), atol=1e-6)


def test_nothing_to_train_or_to_keep(encoder):
    assert encoder.variables == []
    assert encoder.state() == {}
    assert encoder.dim == 256


def test_identity_follows_the_asset(encoder):
    digest = hashlib.sha256(ASSET.read_bytes()).hexdigest()
    assert encoder.identity["weights"] == digest


def test_package_size():
    assert ASSET.stat().st_size < 10e6


def test_exported_model_runs_with_tensorflow_alone(encoder, tmp_path):
    encode(encoder, TEXTS[:1])  # builds it
    archive = keras.export.ExportArchive()
    archive.track(encoder)
    archive.add_endpoint(
        "embed_text",
        lambda texts: encoder(encoder.prepare(texts)),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    archive.write_out(str(tmp_path / "model"), verbose=False)
    size = sum(f.stat().st_size for f in tmp_path.rglob("*") if f.is_file())
    assert size < 12e6
    program = (
        "import sys, numpy, tensorflow as tf\n"
        "model = tf.saved_model.load(sys.argv[1])\n"
        "texts = tf.constant(sys.argv[3:])\n"
        "numpy.save(sys.argv[2], model.embed_text(texts).numpy())\n"
        "assert not {'huse_tf', 'tensorflow_text'} & set(sys.modules)\n"
    )
    texts = TEXTS[:7]
    subprocess.run(
        [
            *(sys.executable, "-c", program),
            *(str(tmp_path / "model"), str(tmp_path / "features.npy"), *texts),
        ],
        check=True,
        cwd=tmp_path,
    )
    np.testing.assert_allclose(
        np.load(tmp_path / "features.npy"), encode(encoder, texts), atol=1e-6
    )


def test_asset_has_the_folding_table_of_its_script(build_script, asset):
    built, now = asset["folding"], build_script.folding_table()
    # a later Unicode than the build's has letters where there was nothing: few
    newer = np.flatnonzero(built != now)
    assert len(newer) < 20 and (newer > 0x300).all()
    assert (built[newer] == ord(" ")).all() and (now[newer] == newer).all()
    pieces = [piece.decode() for piece in asset["pieces"].tolist()]
    assert all(build_script.useful(p) and build_script.english(p) for p in pieces)


def test_quantise_rounds_to_the_nearest(build_script):
    vectors = np.random.default_rng(0).normal(size=(50, 3)) * [1, 10, 0.1]
    codes, scales = build_script.quantise(vectors)
    assert codes.dtype == np.int8
    assert (np.abs(codes * scales - vectors) <= scales / 2 * (1 + 1e-4)).all()
    np.testing.assert_array_equal(np.abs(codes).max(axis=0), [127] * 3)


def test_principal_components_leave_out_the_first(build_script):
    """Four points on a cross: 10 along (1, 1, 0), 2 along (1, -1, 0), 1 along z.

    The first component is (1, 1, 0) and goes; the second and third stay.
    """
    long, short = np.array([1, 1, 0]) / 2**0.5, np.array([1, -1, 0]) / 2**0.5
    z = np.array([0, 0, 1])
    points = 3 + np.stack(
        [10 * long, -10 * long, 2 * short, -2 * short, 1.0 * z, -1.0 * z]
    )
    kept = build_script.principal_components(points, 2)
    expected = [[0, 0], [0, 0], [2, 0], [2, 0], [0, 1], [0, 1]]
    np.testing.assert_allclose(np.abs(kept), expected, atol=1e-9)


def test_frequency_weights(build_script):
    """Three ranked words: p = 6/11, 3/11, 2/11; s = 0.01 gives 0.01 / (0.01 + p)."""
    weights = build_script.frequency_weights(["a", "the", "of", "##s"])
    expected = [0.5, *(0.01 / (0.01 + p / 11) for p in (6, 3, 2))]
    np.testing.assert_allclose(weights, expected)
