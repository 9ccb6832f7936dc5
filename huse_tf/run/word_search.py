"""Queries of a word and a class, as the model sees them while it trains or after."""

import numpy as np
import tensorflow as tf

from huse_tf.catalog import Catalog
from huse_tf.config import Config
from huse_tf.encoders.base import TextEncoder
from huse_tf.encoders.texts.stop_words import STOP_WORDS
from huse_tf.features.encode import encode_texts
from huse_tf.metrics.words import WordQueries, word_queries
from huse_tf.model import HuseModel
from huse_tf.run.halves import as_bytes, text_features_half, text_half


class WordSearch:
    """Finds the queries that a split's rows answer, and embeds them.

    The queries are found once a split. What a frozen encoder makes of them is stored
    with the other features and read once a split; only the text's half of the network
    runs anew, by its weights of the moment. An encoder that trains along runs with it.
    """

    def __init__(
        self,
        model: HuseModel,
        text_encoder: TextEncoder,
        config: Config,
        catalog: Catalog,
    ) -> None:
        """Takes the parts; nothing is searched or encoded yet.

        Args:
            model: whose weights are read anew at each call.
            text_encoder: the model's own, inside of it or frozen.
            config: data.class_separator and features are read.
            catalog: whose titles have the words.
        """
        self._model = model
        self._encoder = text_encoder
        self._config = config
        self._catalog = catalog
        self._queries: dict[str, WordQueries] = {}
        self._features: dict[str, np.ndarray] = {}
        self._half = None

    def queries(self, split: str, rows: np.ndarray) -> WordQueries:
        """Finds the queries, the same ones for the same rows.

        Args:
            split: names the rows; those of its first call are remembered.
            rows: int64 [n], positions in the catalogue.
        """
        if split not in self._queries:
            self._queries[split] = word_queries(
                self._catalog.texts[rows],
                self._catalog.labels[rows],
                self._catalog.class_names,
                self._config.data.class_separator,
                leave_out=STOP_WORDS,
            )
        return self._queries[split]

    def embed(self, split: str) -> np.ndarray:
        """Embeds the queries of a split by the current weights.

        Args:
            split: whose `queries` were found.

        Returns:
            float32 [Q, D], unit rows; Q is at least 1.

        Raises:
            InputError: the features' folder cannot be written.
            Interrupted: Ctrl-C came while a frozen encoder ran.
        """
        texts = self._queries[split].texts
        if self._model.text_encoder is not None:
            return self._embed_along(texts)
        if self._half is None:
            self._half = text_features_half(self._model.network)
        if split not in self._features:
            found = encode_texts(
                self._encoder,
                np.array(texts, object),
                self._config.features,
                progress=False,
            )
            self._features[split] = found.load()
        features = tf.constant(self._features[split])
        return self._half(features)["embedding"].numpy()

    def _embed_along(self, texts: tuple[str, ...]) -> np.ndarray:
        if self._half is None:
            self._half = text_half(self._model.text_encoder, self._model.network)
        strings, size = as_bytes(texts), self._config.features.batch_size
        parts = [
            self._half(tf.constant(strings[start : start + size]))["embedding"].numpy()
            for start in range(0, len(strings), size)
        ]
        return np.concatenate(parts)
