"""TF-IDF features of the most frequent words."""

import keras
import numpy as np
import tensorflow as tf

from huse_tf.encoders.base import TextEncoder
from huse_tf.encoders.texts import limit, words


class TfidfEncoder(TextEncoder):
    """Weighs each word of a text by how rare it is in the training texts.

    Formula: x_w = tf_w * ln(1 + N / (1 + df_w)), phi = x / |x|

    N counts the training texts, df_w those with word w. Words outside the vocabulary
    share one component, weighted with the mean of the others.
    """

    def __init__(self, vocabulary_size: int):
        """Makes an encoder that still has to adapt or to be restored.

        Args:
            vocabulary_size: most frequent words kept, the shared component included.
        """
        super().__init__(trainable=False, dtype="float32")
        self.vocabulary_size = vocabulary_size
        self._learned: dict[str, np.ndarray] = {}

    @property
    def dim(self) -> int:
        """Length of the feature vector: the vocabulary's size."""
        return len(self._learned["vocabulary"]) + 1

    @property
    def identity(self) -> dict[str, object]:
        """Changes with the vocabulary and its weights."""
        return {
            "name": "tfidf",
            "state": words.digest(self._learned),
            "preprocessing": 1,
        }

    def adapt(self, texts: np.ndarray) -> None:
        """Learns vocabulary and weights.

        Keras's own `TextVectorization.adapt` learns the same, but visits the texts one
        by one in Python: 20 s for 35,000 titles.

        Args:
            texts: object [N], str.
        """
        texts = tf.constant(np.asarray(texts, dtype=object), tf.string)
        counted = words.count_words(tf.strings.split(words.normalise(texts)))
        by_use = np.lexsort((counted.words, counted.counts))[::-1]
        kept = by_use[: self.vocabulary_size - 1]
        n_with = 1.0 + counted.document_counts[kept]
        self.restore(
            {
                "vocabulary": counted.words[kept],
                "idf": np.log1p(counted.n_documents / n_with).astype(np.float32),
            }
        )

    def state(self) -> dict[str, np.ndarray]:
        """Returns vocabulary, str [V-1], and idf, float32 [V-1]."""
        return dict(self._learned)

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Puts back what `state` returned."""
        self._learned = {name: state[name] for name in ("vocabulary", "idf")}
        self._vectorise = keras.layers.TextVectorization(
            standardize=words.normalise, output_mode="tf_idf", dtype="float32"
        )
        self._vectorise.set_vocabulary(
            self._learned["vocabulary"].tolist(), idf_weights=self._learned["idf"]
        )

    def prepare(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """Computes the features themselves.

        Args:
            texts: string [B], UTF-8.

        Returns:
            features: float32 [B, dim], unit rows; zeros for a text without words.
        """
        weights = self._vectorise(limit.cut(texts))
        return {"features": tf.math.l2_normalize(weights, axis=1)}

    def call(self, prepared: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns the features [B, dim] that `prepare` computed."""
        return prepared["features"]
