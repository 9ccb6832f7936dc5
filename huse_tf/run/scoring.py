"""From a model and a split to embeddings, losses and metrics."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from huse_tf.catalog import Catalog
from huse_tf.config import Config
from huse_tf.encoders.base import TextEncoder
from huse_tf.evaluation import evaluate
from huse_tf.metrics.classification import (
    FUSION_WEIGHTS,
    Predictions,
    best_fusion_weight,
    joined,
    predict,
)
from huse_tf.metrics.registry import MODALITIES
from huse_tf.metrics.words import WordQueries
from huse_tf.model import HuseModel
from huse_tf.progress import Progress
from huse_tf.run.pipelines import Pipeline
from huse_tf.run.word_search import WordSearch


class Embedded(NamedTuple):
    """What a model makes of the n rows of a split, in order.

    Attributes:
        vectors: by modality, float32 [n, D], zero rows where it is not there.
        predictions: the classes told; None where nothing trains a classifier.
        losses: means over the batches, weighted by their sizes.
    """

    vectors: dict[str, np.ndarray]
    predictions: Predictions | None
    losses: dict[str, float]


class Scorer:
    """Runs a model over splits of one catalogue, without dropout."""

    def __init__(
        self,
        model: HuseModel,
        config: Config,
        catalog: Catalog,
        text_encoder: TextEncoder,
    ):
        """Takes the model, whose weights are read anew at each call.

        Args:
            model: trained or in training.
            config: evaluation, features and data.class_separator are read.
            catalog: the pipelines' own; its class names are the model's.
            text_encoder: the model's, for queries of words.
        """
        self._objective = model.objective
        self._config = config
        self._class_names = catalog.class_names
        self._words = WordSearch(model, text_encoder, config, catalog)

        def predict(batch: dict) -> tuple[dict, dict]:
            outputs = model(batch, training=False)
            return outputs, model.judged(outputs, batch)

        self._predict = tf.function(predict, reduce_retracing=True)

    def embed(
        self,
        pipeline: Pipeline,
        split: str,
        weights: Sequence[float] = (),
        progress: bool = False,
    ) -> Embedded:
        """Runs the model over all rows of a split, in order.

        Logits are held of one batch at a time, so that memory does not grow with the
        classes.

        Args:
            pipeline: of the catalogue.
            split: its name, with at least one row.
            weights: of the image, at which to tell classes from both modalities.
            progress: whether to show a bar.
        """
        held: dict[str, np.ndarray] = {}
        told: list[Predictions] = []
        sums = dict.fromkeys(self._objective.names, 0.0)
        rows, present = len(pipeline.split[split]), pipeline.present_in(split)
        with Progress(rows, "Embedding", unit="products", quiet=not progress) as bar:
            for batch in pipeline.evaluation(split):
                outputs, losses = self._predict(batch)
                size = int(batch["label"].shape[0])
                of_batch = slice(bar.done, bar.done + size)
                for name in MODALITIES:
                    value = outputs[f"{name}_embedding"]
                    if name not in held:  # whole at once: parts would need it twice
                        held[name] = np.empty([rows, value.shape[1]], np.float32)
                    held[name][of_batch] = value
                if self._objective.classifies:
                    logits = (outputs[f"{name}_logits"].numpy() for name in MODALITIES)
                    has = None if present is None else present.of(of_batch)
                    told.append(predict(*logits, weights, has))
                for name in sums:
                    sums[name] += size * float(losses[name])
                bar.update(size)
        means = {name: total / rows for name, total in sums.items()}
        return Embedded(held, joined(told) if told else None, means)

    def queries(self, pipeline: Pipeline, split: str) -> WordQueries:
        """Returns the queries of a word and a class that a split's rows answer."""
        return self._words.queries(split, pipeline.split[split])

    def embed_queries(self, pipeline: Pipeline, split: str) -> np.ndarray | None:
        """Embeds what `queries` returns: float32 [Q, D], or None where Q is 0."""
        has_any = self.queries(pipeline, split)
        return self._words.embed(split) if has_any else None

    def fusion_weight(self, pipeline: Pipeline) -> float:
        """Returns the configured weight of the image, or the best on validation.

        Without validation rows that have both modalities, or an objective that
        classifies, "validation" means 0.5.
        """
        weight = self._config.evaluation.fusion_weight
        if weight != "validation":
            return float(weight)
        if not (self._objective.classifies and len(pipeline.split["validation"])):
            return 0.5
        found = self.embed(pipeline, "validation", FUSION_WEIGHTS)
        return _best_weight(pipeline, "validation", found.predictions)

    def metrics(
        self,
        pipeline: Pipeline,
        split: str,
        fusion_weight: float | None = None,
        progress: bool = False,
    ) -> dict[str, float]:
        """Computes the losses and every metric of a split.

        Args:
            pipeline: of the catalogue.
            split: its name, with at least one row.
            fusion_weight: of the image; None takes the configured one or, where that
                is "validation", the best one on these very rows.
            progress: whether to show a bar.

        Returns:
            Metric name -> value, and n; no accuracy where the objective trains no
            classifier, no word search where the rows answer no query.
        """
        weight = fusion_weight
        if weight is None:
            weight = self._config.evaluation.fusion_weight
        weights = FUSION_WEIGHTS if weight == "validation" else (float(weight),)
        vectors, predictions, losses = self.embed(pipeline, split, weights, progress)
        if weight == "validation":
            weight = _best_weight(pipeline, split, predictions)
        present = pipeline.present_in(split)
        asked = self.embed_queries(pipeline, split)
        metrics = evaluate(
            vectors["image"],
            vectors["text"],
            _labels(pipeline, split),
            self._class_names,
            predictions=predictions,
            separator=self._config.data.class_separator,
            fusion_weight=float(weight),
            chunk_size=self._config.evaluation.chunk_size,
            max_queries=self._config.evaluation.max_queries,
            queries=None if asked is None else self.queries(pipeline, split),
            query_embeddings=asked,
            has_image=None if present is None else present.image,
            has_text=None if present is None else present.text,
            products=None
            if pipeline.products is None
            else pipeline.products[pipeline.split[split]],
            in_tensorflow=bool(tf.config.get_visible_devices("GPU")),
        )
        return {**metrics, **losses}


def _labels(pipeline: Pipeline, split: str) -> np.ndarray:
    return pipeline.labels[pipeline.split[split]]


def _best_weight(
    pipeline: Pipeline, split: str, predictions: Predictions | None
) -> float:
    """The image's best weight on the rows that have both modalities; 0.5 of none."""
    if predictions is None:
        return 0.5
    present = pipeline.present_in(split)
    both = None if present is None else present.both
    return best_fusion_weight(predictions, _labels(pipeline, split), both)
