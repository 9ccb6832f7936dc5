"""The text encoder that needs no download: one vector for each word piece."""

import hashlib
from pathlib import Path

import numpy as np
import tensorflow as tf

from huse_tf.encoders.base import TextEncoder

ASSET = Path(__file__).parents[1] / "embedded" / "text.npz"
PREPROCESSING_VERSION = 1
LONGEST_WORD = 64  # characters; the rest of a longer word is ignored


class EmbeddedTextEncoder(TextEncoder):
    """Sums frequency-weighted word-piece vectors and scales the sum to length one.

    The vectors are distilled from all-MiniLM-L6-v2 (see embedded/TEXT_CARD.md). A word
    outside the vocabulary is the sum of its pieces, longest match first. Only core
    TensorFlow ops are used, so that an exported model loads anywhere.
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

        Args:
            texts: string [B], UTF-8.

        Returns:
            features: float32 [B, dim], unit rows; zeros where no piece is known.
        """
        texts = tf.convert_to_tensor(texts)
        words = self._split(texts)
        ids = self._table.lookup(words.values)
        known = ids >= 0
        rows = words.value_rowids()
        unknown, position = tf.unique(tf.boolean_mask(words.values, ~known))
        # sums of int8 values are exact in float32: no order of summation matters
        vectors = tf.concat(
            [
                self._look_up(tf.boolean_mask(ids, known)),
                tf.gather(self._spell(unknown), position),
            ],
            axis=0,
        )
        rows = tf.concat(
            [tf.boolean_mask(rows, known), tf.boolean_mask(rows, ~known)], axis=0
        )
        sums = tf.math.unsorted_segment_sum(vectors, rows, tf.size(texts))
        return {"features": tf.math.l2_normalize(sums * self._scales, axis=1)}

    def call(self, prepared: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns the features [B, dim] that `prepare` computed."""
        return prepared["features"]

    def _split(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Splits string [B] into lower-case words without accents: [B, (words)]."""
        # accents of their own code point, soft hyphens and the like join, not split
        texts = tf.strings.regex_replace(texts, r"[\p{Mn}\p{Cf}]+", "")
        codes = tf.strings.unicode_decode(texts, "UTF-8")
        last = tf.size(self._folding) - 1
        folded = tf.where(
            codes.values > last,
            codes.values,
            tf.gather(self._folding, tf.minimum(codes.values, last)),
        )
        return tf.strings.split(
            tf.strings.unicode_encode(codes.with_values(folded), "UTF-8")
        )

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
