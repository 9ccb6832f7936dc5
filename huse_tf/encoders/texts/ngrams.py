"""Vectors of words that no vocabulary holds, from hashes of their n-grams."""

import math

import tensorflow as tf

# Scripts of many characters, each of which says something alone.
DENSE = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\x{30FC}]+"
ORDINARY_WORD = 12  # n-grams of a word of six letters: six of 3, five of 4, one of 5+
_BITS = 32  # components that one hash gives


def isolate_dense(texts: tf.Tensor) -> tf.Tensor:
    """Sets runs of Chinese, Japanese and Korean characters off by spaces.

    Args:
        texts: string [B], UTF-8.

    Returns:
        string [B]; "nike耐克v2" becomes "nike 耐克 v2".
    """
    return tf.strings.regex_replace(texts, f"({DENSE})", r" \1 ")


def ngram_sums(words: tf.Tensor, dim: int) -> tf.Tensor:
    """Sums a pseudo-random vector of -1 and 1 for each n-gram of each word.

    Of a run of dense characters, n = 1 and 2, each counted twice: with n-grams of so
    few characters a word has fewer of them. Of other words between two marks, <word>,
    n = 3 and 4 and the whole. The vectors are bits of hashes: nothing is stored, and
    two n-grams are told apart unless all of some 250 bits agree.

    Args:
        words: string [U], UTF-8, without spaces; dense or not, never mixed.
        dim: length of the vectors.

    Returns:
        float32 [U, dim], whole numbers; zeros for "". An ordinary word's have a length
        near `ordinary_length(dim)`.
    """
    words = tf.strings.regex_replace(words, r"[^\p{L}\p{M}\p{N}]+", "")
    dense = tf.strings.regex_full_match(words, DENSE)
    marked = tf.where(dense | (words == ""), "", tf.strings.join(["<", words, ">"]))
    of_run = _characters(tf.where(dense, words, ""))
    of_word = _characters(marked)
    grams = tf.concat(
        [
            tf.strings.ngrams(of_run, (1, 2), separator=""),
            tf.strings.ngrams(of_word, (3, 4), separator=""),
            tf.RaggedTensor.from_row_lengths(
                tf.boolean_mask(marked, of_word.row_lengths() > 4),
                tf.cast(of_word.row_lengths() > 4, tf.int64),
            ),
        ],
        axis=1,
    )
    distinct, position = tf.unique(grams.values)
    sums = tf.sparse.segment_sum(
        _signs(distinct, dim), position, grams.value_rowids(), grams.nrows()
    )
    return sums * tf.where(dense, 2.0, 1.0)[:, None]


def ordinary_length(dim: int) -> float:
    """Expected length of the sum of as many n-grams as an ordinary word has."""
    return math.sqrt(dim * ORDINARY_WORD)


def _characters(words: tf.Tensor) -> tf.RaggedTensor:
    """Splits string [U] into characters: [U, (characters)]."""
    return tf.strings.unicode_split(words, "UTF-8")


def _signs(grams: tf.Tensor, dim: int) -> tf.Tensor:
    """Draws -1 or 1 from the bits of hashes: string [G] to float32 [G, dim]."""
    salts = [str(i) for i in range(math.ceil(dim / _BITS))]
    hashes = tf.stack(
        [
            tf.strings.to_hash_bucket_fast(tf.strings.join([grams, salt]), 2**_BITS)
            for salt in salts
        ],
        axis=1,
    )  # [G, dim / 32]
    shifts = tf.range(_BITS, dtype=tf.int64)
    bits = tf.bitwise.right_shift(hashes[:, :, None], shifts) & 1
    bits = tf.reshape(bits, [-1, len(salts) * _BITS])[:, :dim]
    return tf.cast(2 * bits - 1, tf.float32)
