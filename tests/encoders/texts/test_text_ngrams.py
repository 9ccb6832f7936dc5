"""Vectors of n-grams against a loop over characters, and what they tell apart."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from huse_tf.encoders.texts.embedded_text import EmbeddedTextEncoder
from huse_tf.encoders.texts.ngrams import isolate_dense, ngram_sums, ordinary_length

DIM = 256

# Four classes in each script: colours, nouns of each class; titles add a model.
VOCABULARY = {
    "korean": (
        "빨간 파란 검은 하얀 노란 초록 분홍 회색 보라 갈색",
        ("원피스 드레스", "운동화 구두", "목걸이 귀걸이", "의자 책상"),
        " ",
    ),
    "chinese": (
        "红色 蓝色 黑色 白色 黄色 绿色 粉色 灰色 紫色 棕色",
        ("连衣裙 长裙", "运动鞋 皮鞋", "项链 耳环", "椅子 书桌"),
        "",
    ),
    "arabic": (
        "أحمر أزرق أسود أبيض أصفر أخضر وردي رمادي بنفسجي بني",
        ("فستان تنورة", "حذاء صندل", "قلادة أقراط", "كرسي مكتب"),
        " ",
    ),
    "russian": (
        "красный синий чёрный белый жёлтый зелёный розовый серый лиловый бурый",
        ("сарафан халат", "кроссовки ботинок", "браслет кулон", "стул стол"),
        " ",
    ),
}


def titles(script, count=200):
    """Draws `count` titles: colour, noun, model; the noun says the class."""
    draw = np.random.default_rng(len(script))
    colours, nouns, joint = VOCABULARY[script]
    labels = np.arange(count) % len(nouns)
    texts = []
    for label in labels:
        colour = draw.choice(colours.split())
        noun = draw.choice(nouns[label].split())
        texts.append(joint.join([colour, noun, f"A{draw.integers(100)}"]))
    return texts, labels


@pytest.fixture(scope="module")
def encoder():
    return EmbeddedTextEncoder()


def encode(encoder, texts):
    return encoder(encoder.prepare(tf.constant(texts, tf.string))).numpy()


def signs(gram):
    """Eight hashes of 32 bits, lowest first, as -1 and 1."""
    salted = [f"{gram}{salt}" for salt in range(DIM // 32)]
    hashes = tf.strings.to_hash_bucket_fast(salted, 2**32).numpy().tolist()
    return np.array([1 if h >> bit & 1 else -1 for h in hashes for bit in range(32)])


def reference(word, dense):
    text, sizes = (word, (1, 2)) if dense else (f"<{word}>", (3, 4))
    grams = [text[i : i + n] for n in sizes for i in range(len(text) - n + 1)]
    if not dense and len(text) > 4:
        grams.append(text)
    return sum(signs(gram) for gram in grams) * (2 if dense else 1)


def test_sums_equal_a_loop():
    words = ["в", "красный", "연필", "椅", "スニーカー", "أحمر", "कमीज"]
    dense = [False, False, True, True, True, False, False]
    expected = [reference(w, d) for w, d in zip(words, dense, strict=True)]
    found = ngram_sums(tf.constant([*words, "", "👗"]), DIM)
    np.testing.assert_array_equal(found, [*expected, *np.zeros((2, DIM))])


def test_no_words():
    assert ngram_sums(tf.constant([], tf.string), DIM).shape == (0, DIM)


def test_another_dimension_is_the_beginning():
    words = tf.constant(["красный"])
    np.testing.assert_array_equal(ngram_sums(words, 40), ngram_sums(words, DIM)[:, :40])


def test_an_ordinary_word_has_the_ordinary_length():
    """Six letters have twelve n-grams, whose vectors are close to orthogonal."""
    draw = np.random.default_rng(0)
    letters = list("абвгдежзиклмнопрстуфхцчшщыэюя")
    words = ["".join(draw.choice(letters, 6)) for _ in range(200)]
    lengths = np.linalg.norm(ngram_sums(tf.constant(words), DIM), axis=1)
    np.testing.assert_allclose(lengths.mean(), ordinary_length(DIM), rtol=0.02)


def test_dense_runs_stand_alone():
    found = isolate_dense(tf.constant(["nike耐克v2", "красный", "ワンピース 赤"]))
    split = [[w.decode() for w in row] for row in tf.strings.split(found).numpy()]
    assert split == [["nike", "耐克", "v2"], ["красный"], ["ワンピース", "赤"]]


@pytest.mark.parametrize("script", VOCABULARY)
def test_eight_titles_of_eight_are_there_and_differ(encoder, script):
    texts = list(dict.fromkeys(titles(script)[0]))[:8]
    features = encode(encoder, texts)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-6)
    cosines = [a @ b for a, b in itertools.combinations(features, 2)]
    assert len(cosines) == 28 and max(cosines) < 0.99


@pytest.mark.parametrize("script", VOCABULARY)
def test_a_tower_learns_the_classes(encoder, script):
    """The text tower's shape, small: 150 titles train, 50 are asked; chance is 0.25."""
    texts, labels = titles(script)
    features = encode(encoder, texts)
    keras.utils.set_random_seed(0)
    tower = keras.Sequential(
        [keras.layers.Dense(32, activation="relu"), keras.layers.Dense(4)]
    )
    tower.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    tower.fit(features[:150], labels[:150], batch_size=50, epochs=20, verbose=0)
    answers = tower.predict(features[150:], verbose=0).argmax(axis=1)
    assert (answers == labels[150:]).mean() >= 0.9


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["красное платье", "красного платья", "синий стул"], "endings"),
        (["红色连衣裙", "连衣裙", "运动鞋"], "a word in a run"),
        (["나이키운동화", "운동화", "원피스"], "a compound"),
        (["nike耐克运动鞋", "nike", "adidas"], "a known word in a run"),
    ],
)
def test_similar_spelling_is_near(encoder, texts, why):
    anchor, near, far = encode(encoder, texts)
    assert anchor @ near > anchor @ far + 0.2, why


def test_vowel_signs_stay_in_words(encoder):
    """They are marks, not letters: were they blanks, these two were one text."""
    word, apart = encode(encoder, ["कमीज", "कम ज"])
    assert word @ apart < 0.5


def test_english_words_keep_their_share_of_a_mixed_title(encoder):
    """Two words of different languages weigh about the same."""
    both, one, other = encode(encoder, ["lamp лампа", "lamp", "лампа"])
    assert 0.4 < both @ one < 0.9
    assert 0.4 < both @ other < 0.9
