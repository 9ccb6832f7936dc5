"""Strings to words in the graph, and how often a corpus uses each word."""

import dataclasses
import hashlib

import numpy as np
import tensorflow as tf

LONGEST_WORD = 64  # characters; longer ones (addresses, codes) are not learned


def normalise(texts: tf.Tensor) -> tf.Tensor:
    """Lower-cases and keeps letters and digits: "Men's T-Shirt" to "mens t shirt".

    Args:
        texts: string, any shape, UTF-8.

    Returns:
        string, same shape, words separated by spaces.
    """
    texts = tf.strings.lower(texts, encoding="utf-8")
    texts = tf.strings.regex_replace(texts, r"['’]", "")
    return tf.strings.regex_replace(texts, r"[^\p{L}\p{M}\p{N}]+", " ")


@dataclasses.dataclass(frozen=True)
class WordCounts:
    """How often a corpus uses each word.

    Attributes:
        words: str [U], distinct, in order of first use.
        counts: int64 [U], uses.
        document_counts: int64 [U], texts that use the word.
        n_documents: number of texts.
    """

    words: np.ndarray
    counts: np.ndarray
    document_counts: np.ndarray
    n_documents: int


def count_words(words: tf.RaggedTensor) -> WordCounts:
    """Counts the words of a corpus: string [N, (words)]."""
    distinct, ids, counts = tf.unique_with_counts(words.values, out_idx=tf.int64)
    used = words.value_rowids() * tf.size(distinct, tf.int64) + ids
    pairs = tf.unique(used).y % tf.maximum(tf.size(distinct, tf.int64), 1)
    in_documents = np.bincount(pairs.numpy(), minlength=len(distinct))
    short = tf.strings.length(distinct, unit="UTF8_CHAR") <= LONGEST_WORD
    short = short.numpy()
    decoded = [word.decode("utf-8") for word in distinct.numpy()[short]]
    return WordCounts(
        words=np.array(decoded, dtype=np.str_),
        counts=counts.numpy()[short],
        document_counts=in_documents[short].astype(np.int64),
        n_documents=int(words.nrows()),
    )


def digest(state: dict[str, np.ndarray]) -> str:
    """Returns the SHA-256 of learned arrays, by name, type, shape and bytes."""
    sha = hashlib.sha256()
    for name in sorted(state):
        array = np.ascontiguousarray(state[name])
        sha.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()
