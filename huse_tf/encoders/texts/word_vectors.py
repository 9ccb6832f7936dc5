"""Averages of pretrained word vectors, weighted with TF-IDF."""

import numpy as np
import tensorflow as tf

from huse_tf.encoders.base import TextEncoder
from huse_tf.encoders.texts import limit, vector_files, words
from huse_tf.encoders.texts.stop_words import STOP_WORDS

UNKNOWN_BUCKETS = 1024


class WordVectorsEncoder(TextEncoder):
    """Averages a text's GloVe or word2vec vectors.

    Formula: phi = sum_w idf_w v_w / sum_w idf_w, idf_w = ln((1 + N) / (1 + df_w)) + 1

    Both sums run over the text's word occurrences, N and df_w count training texts
    (scikit-learn's smooth idf). A word outside the file falls by its hash on one of
    1,024 fixed random vectors as long as the file's are on average, so that an unknown
    brand still tells its products from others'.

    With `clean`, texts and the file's words are lower-cased, everything but letters
    separates words, and stop words weigh nothing; without, words are what blanks
    separate. `state` holds all that is used of the file: a restored encoder does not
    read it.
    """

    def __init__(self, vectors: str, clean: bool):
        """Makes an encoder that still has to adapt or to be restored.

        Args:
            vectors: GloVe or word2vec text file.
            clean: whether to clean texts as described above.
        """
        super().__init__(trainable=False, dtype="float32")
        self.vectors, self.clean = vectors, clean
        self._learned: dict[str, np.ndarray] = {}

    @property
    def dim(self) -> int:
        """Length of the feature vector: that of the file's vectors."""
        return self._learned["vectors"].shape[1]

    @property
    def identity(self) -> dict[str, object]:
        """Changes with the vectors in use, the weights and the cleaning."""
        return {
            "name": "word_vectors",
            "clean": self.clean,
            "state": words.digest(self._learned),
            "preprocessing": 1,
        }

    def adapt(self, texts: np.ndarray) -> None:
        """Learns the weights and reads the vectors.

        Args:
            texts: object [N], str.

        Raises:
            InputError: the file is missing or no text file of word vectors.
        """
        texts = tf.constant(np.asarray(texts, dtype=object), tf.string)
        counted = words.count_words(self._split(texts))
        names, vectors = vector_files.read(
            self.vectors, used=frozenset(counted.words.tolist()), lower=self.clean
        )
        rarity = (1.0 + counted.n_documents) / (1.0 + counted.document_counts)
        self.restore(
            {
                "words": np.array(names, dtype=np.str_),
                "vectors": vectors,
                "idf_words": counted.words,
                "idf": (np.log(rarity) + 1.0).astype(np.float32),
                "idf_unseen": np.float32(np.log(1.0 + counted.n_documents) + 1.0),
            }
        )

    def state(self) -> dict[str, np.ndarray]:
        """Returns words, vectors and weights."""
        return dict(self._learned)

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Puts back what `state` returned."""
        names = ("words", "vectors", "idf_words", "idf", "idf_unseen")
        self._learned = {name: np.asarray(state[name]) for name in names}
        vectors = self._learned["vectors"]
        weights = dict(
            zip(
                self._learned["idf_words"].tolist(),
                self._learned["idf"].tolist(),
                strict=True,
            )
        )
        if self.clean:
            weights |= dict.fromkeys(STOP_WORDS, 0.0)
        # outside any graph that is being traced, and where tf.data runs
        with tf.init_scope(), tf.device("CPU:0"):
            self._vectors = tf.constant(np.concatenate([vectors, _unknown(vectors)]))
            self._rows = tf.lookup.StaticVocabularyTable(
                tf.lookup.KeyValueTensorInitializer(
                    self._learned["words"].tolist(),
                    np.arange(len(vectors)),
                    key_dtype=tf.string,
                    value_dtype=tf.int64,
                ),
                num_oov_buckets=UNKNOWN_BUCKETS,
            )
            self._weights = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(
                    list(weights),
                    list(weights.values()),
                    key_dtype=tf.string,
                    value_dtype=tf.float32,
                ),
                default_value=float(self._learned["idf_unseen"]),
            )

    def prepare(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """Computes the features themselves.

        Args:
            texts: string [B], UTF-8.

        Returns:
            features: float32 [B, dim]; zeros for a text without words.
        """
        found = self._split(limit.cut(texts))
        weights = self._weights.lookup(found.values)[:, None]  # [W, 1]
        vectors = tf.gather(self._vectors, self._rows.lookup(found.values))  # [W, dim]
        rows, n_texts = found.value_rowids(), found.nrows()
        sums = tf.math.unsorted_segment_sum(weights * vectors, rows, n_texts)
        total = tf.math.unsorted_segment_sum(weights, rows, n_texts)
        return {"features": tf.math.divide_no_nan(sums, total)}

    def call(self, prepared: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns the features [B, dim] that `prepare` computed."""
        return prepared["features"]

    def _split(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Splits string [B] into words: string [B, (words)]."""
        if self.clean:
            texts = tf.strings.lower(texts, encoding="utf-8")
            texts = tf.strings.regex_replace(texts, r"['’]s\b", "")
            texts = tf.strings.regex_replace(texts, r"[^\p{L}\p{M}]+", " ")
        return tf.strings.split(texts)


def _unknown(vectors: np.ndarray) -> np.ndarray:
    """Draws the vectors of unknown words: float32 [UNKNOWN_BUCKETS, dim]."""
    drawn = np.random.default_rng(0).normal(size=(UNKNOWN_BUCKETS, vectors.shape[1]))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return (drawn * np.linalg.norm(vectors, axis=1).mean()).astype(np.float32)
