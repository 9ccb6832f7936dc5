import math
from collections import Counter

import numpy as np
import tensorflow as tf

from huse_tf.encoders.texts.salient import keep_salient, split_sentences

COMMON = [f"common{i}" for i in range(18)]


def document(n_sentences):
    """Sentences of 20 words: 18 in every sentence, one in every tenth, one in none."""
    sentences = []
    for s in range(n_sentences):
        words = [*COMMON[:9], f"shared{s % 10}", *COMMON[9:], f"only{s}"]
        sentences.append(" ".join(words) + ("." if s % 2 else "!\n"))
    return " ".join(sentences)


def tokenise(texts, tokens_of=lambda word: [word]):
    """Numbers words; `tokens_of` splits a word into its tokens."""
    numbers, nested = {}, []
    for text in texts:
        sentences = [
            s.decode() for s in split_sentences(tf.constant([text]))[0].numpy()
        ]
        nested.append(
            [
                [
                    [numbers.setdefault(t, len(numbers)) for t in tokens_of(word)]
                    for word in sentence.rstrip(".!?").split()
                ]
                for sentence in sentences
            ]
        )
    ragged = tf.ragged.constant(nested, tf.int32, ragged_rank=3)
    names = {number: token for token, number in numbers.items()}
    return ragged, names


def kept(texts, limit, tokens_of=lambda word: [word]):
    words, names = tokenise(texts, tokens_of)
    rows = keep_salient(words, limit).to_list()
    return [[[names[t] for t in word] for word in row] for row in rows]


def flat(rows):
    return [[token for word in row for token in word] for row in rows]


def test_document_of_2000_words():
    """S = 100. Words in one sentence score ln(101/2), in ten ln(101/11), in all 0."""
    text = document(100)
    assert len(text.split()) == 2000
    (only,) = flat(kept([text], 100))
    assert only == [f"only{s}" for s in range(100)]
    (both,) = flat(kept([text], 200))
    assert both == [f"{w}" for s in range(100) for w in (f"shared{s % 10}", f"only{s}")]
    # beyond these, ties in reading order: the first words of the text
    (more,) = flat(kept([text], 203))
    assert more[:4] == [*COMMON[:3], "shared0"]
    assert len(more) == 203


def test_a_text_that_fits_is_kept_whole():
    text = "Two words. And two. And two."
    (whole,) = flat(kept([text], 6))
    assert whole == ["Two", "words", "And", "two", "And", "two"]


def test_words_are_kept_whole():
    """Limit 5: "only1" (3 tokens) fits, the next, as important, does not."""
    text = "a b only1. a b only2. a b only3."
    pieces = {f"only{i}": [f"on{i}", "##l", f"##y{i}"] for i in (1, 2, 3)}
    (row,) = kept([text], 5, lambda word: pieces.get(word, [word]))
    assert row == [["on1", "##l", "##y1"]]


def test_equals_plain_python_on_a_batch():
    draw = np.random.default_rng(1)
    texts = []
    for n_sentences in (7, 1, 0, 12):
        sentences = [
            " ".join(f"w{i}" for i in draw.zipf(1.5, size=draw.integers(1, 15)) % 40)
            for _ in range(n_sentences)
        ]
        texts.append(". ".join(sentences))
    assert flat(kept(texts, 20)) == [reference(text, 20) for text in texts]


def reference(text, limit):
    sentences = [s.split() for s in text.split(". ") if s]
    with_word = Counter(w for s in sentences for w in set(s))
    scored = [
        (s.count(w) * math.log((1 + len(sentences)) / (1 + with_word[w])), w)
        for s in sentences
        for w in s
    ]
    by_score = sorted(range(len(scored)), key=lambda i: -np.float32(scored[i][0]))
    return [scored[i][1] for i in sorted(by_score[:limit])]


def test_sentences():
    texts = tf.constant(
        ['Hi! 3.5 stars?  "Yes." Buy\r\nnow', "", " \n ", "one", "  lead. trail. "]
    )
    split = [[s.decode() for s in row] for row in split_sentences(texts).to_list()]
    assert split == [
        ["Hi!", "3.5 stars?", '"Yes."', "Buy", "now"],
        [],
        [],
        ["one"],
        ["lead.", "trail."],
    ]


def test_empty_batch():
    words = tf.RaggedTensor.from_row_lengths(
        tf.ragged.constant([], tf.int32, ragged_rank=2), tf.constant([], tf.int64)
    )
    assert keep_salient(words, 5).to_list() == []
