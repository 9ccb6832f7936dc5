"""The text encoder that needs no download: one vector for each word piece."""

import hashlib
from pathlib import Path

import numpy as np
import tensorflow as tf

from huse_tf.encoders.base import TextEncoder
from huse_tf.encoders.texts import limit
from huse_tf.encoders.texts.ngrams import (
    isolate_dense,
    ngram_sums,
    ordinary_length,
)

ASSET = Path(__file__).parents[1] / "embedded" / "text.npz"
PREPROCESSING_VERSION = 2
# Marks that say how a letter sounds, not which it is, and invisible characters: of
# European scripts, Hebrew, Arabic, Japanese. Vowel signs of other scripts stay.
_ACCENTS = r"[\p{Inherited}\p{Cf}\x{0591}-\x{05BD}]+"
LONGEST_WORD = 64  # characters; the rest of a longer word is ignored


class EmbeddedTextEncoder(TextEncoder):
    """Sums frequency-weighted word-piece vectors and scales the sum to length one.

    The vectors are distilled from all-MiniLM-L6-v2 (see embedded/TEXT_CARD.md), which
    read English. A word outside the vocabulary is the sum of its pieces, longest match
    first; one with other letters than a to z, the sum of pseudo-random vectors of its
    n-grams: it means nothing, but equal words are equal and similar ones near. Only
    core TensorFlow ops are used, so that an exported model loads anywhere.
    """

    def __init__(self, **kwargs):
        """Loads the packaged vectors; takes a Keras layer's own arguments."""
        super().__init__(trainable=False, **kwargs)
        self.identity = {
            "name": "embedded",
            "weights": hashlib.sha256(ASSET.read_bytes()).hexdigest(),
            "preprocessing": PREPROCESSING_VERSION,
        }
        with np.load(ASSET) as asset:
            pieces = asset["pieces"]
            vectors, scales = asset["vectors"], asset["scales"]
            folding = asset["folding"]
        self.dim = len(scales)
        lengths = np.linalg.norm(vectors * scales, axis=1)
        self._ngram_scale = float(lengths.mean()) / ordinary_length(self.dim)
        self._longest_piece = max(len(p.decode()) for p in pieces.tolist())
        # outside any graph that is being traced, and where tf.data runs
        with tf.init_scope(), tf.device("CPU:0"):
            self._vectors = tf.constant(vectors)
            self._scales = tf.constant(scales)
            self._folding = tf.constant(folding)
            self._table = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(
                    pieces.tolist(),
                    np.arange(len(pieces)),
                    key_dtype=tf.string,
                    value_dtype=tf.int64,
                ),
                default_value=-1,
            )

    def prepare(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """Computes the features themselves.

        Formula: phi = u / |u|, u = sum over the pieces of weight x vector
            + (pieces' mean length / ordinary word's) x sum over n-grams of signs

        Args:
            texts: string [B], UTF-8.

        Returns:
            features: float32 [B, dim], unit rows; zeros where there is no letter.
        """
        texts = limit.cut(tf.convert_to_tensor(texts))
        words = self._split(texts)
        ids = self._table.lookup(words.values)
        known = ids >= 0
        rows = words.value_rowids()
        unknown, position = tf.unique(tf.boolean_mask(words.values, ~known))
        ascii_only = tf.strings.regex_full_match(unknown, r"[\x00-\x7f]*")
        spelled = self._spell(tf.where(ascii_only, unknown, ""))
        known_rows = tf.boolean_mask(rows, known)
        unknown_rows = tf.boolean_mask(rows, ~known)
        # sums of whole numbers are exact in float32: no order of summation matters
        pieces = tf.math.unsorted_segment_sum(
            tf.concat(
                [
                    self._look_up(tf.boolean_mask(ids, known)),
                    tf.gather(spelled, position),
                ],
                axis=0,
            ),
            tf.concat([known_rows, unknown_rows], axis=0),
            tf.size(texts),
        )
        known_parts = pieces * self._scales

        def with_ngrams():
            ngrams = tf.sparse.segment_sum(
                ngram_sums(tf.where(ascii_only, "", unknown), self.dim),
                position,
                unknown_rows,
                tf.size(texts),
            )
            return known_parts + ngrams * self._ngram_scale

        # English batches are spared the rest
        sums = tf.cond(tf.reduce_all(ascii_only), lambda: known_parts, with_ngrams)
        return {"features": tf.math.l2_normalize(sums, axis=1)}

    def call(self, prepared: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns the features [B, dim] that `prepare` computed."""
        return prepared["features"]

    def _split(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Splits string [B] into lower-case words without accents: [B, (words)]."""
        # accents of their own code point, soft hyphens and the like join, not split
        texts = tf.strings.regex_replace(texts, _ACCENTS, "")
        codes = tf.strings.unicode_decode(texts, "UTF-8")
        last = tf.size(self._folding) - 1
        folded = tf.where(
            codes.values > last,
            codes.values,
            tf.gather(self._folding, tf.minimum(codes.values, last)),
        )
        texts = tf.strings.unicode_encode(codes.with_values(folded), "UTF-8")
        texts = tf.cond(
            tf.reduce_all(folded < 128), lambda: texts, lambda: isolate_dense(texts)
        )
        return tf.strings.split(texts)

    def _look_up(self, ids: tf.Tensor) -> tf.Tensor:
        """Gathers the unscaled vectors of piece ids [P]: float32 [P, dim]."""
        return tf.cast(tf.gather(self._vectors, ids), tf.float32)

    def _spell(self, words: tf.Tensor) -> tf.Tensor:
        """Sums the vectors of each word's pieces, longest match first.

        All words advance together; each step tries one candidate piece of each word.
        A character that starts no piece is skipped.

        Args:
            words: string [U].

        Returns:
            float32 [U, dim], unscaled.
        """
        words = tf.strings.substr(words, 0, LONGEST_WORD, unit="UTF8_CHAR")
        lengths = tf.strings.length(words, unit="UTF8_CHAR")
        zeros = tf.zeros_like(lengths)

        def unfinished(starts, ends, ids, owners):
            return tf.reduce_any(starts < lengths)

        def step(starts, ends, ids, owners):
            sizes = ends - starts
            pieces = tf.strings.substr(words, starts, sizes, unit="UTF8_CHAR")
            found = self._table.lookup(
                tf.where(starts > 0, tf.strings.join(["##", pieces]), pieces)
            )
            hit = found >= 0
            ids = tf.concat([ids, tf.boolean_mask(found, hit)], axis=0)
            owners = tf.concat([owners, tf.where(hit)[:, 0]], axis=0)
            done = hit | (sizes <= 1)
            starts = tf.where(done, ends, starts)
            ends = tf.where(
                done, tf.minimum(lengths, starts + self._longest_piece), ends - 1
            )
            return starts, ends, ids, owners

        empty = tf.zeros([0], tf.int64)
        *_, ids, owners = tf.while_loop(
            unfinished,
            step,
            (zeros, tf.minimum(lengths, zeros + self._longest_piece), empty, empty),
            shape_invariants=(
                lengths.shape,
                lengths.shape,
                tf.TensorShape([None]),
                tf.TensorShape([None]),
            ),
        )
        return tf.math.unsorted_segment_sum(self._look_up(ids), owners, tf.size(words))
