"""From a model and a split to embeddings, losses and metrics."""

import numpy as np
import tensorflow as tf

from huse_tf.catalog import Catalog
from huse_tf.config import Config
from huse_tf.encoders.base import TextEncoder
from huse_tf.evaluation import evaluate
from huse_tf.metrics.classification import choose_fusion_weight
from huse_tf.metrics.words import WordQueries
from huse_tf.model import HuseModel
from huse_tf.progress import Progress
from huse_tf.run.pipelines import Pipeline
from huse_tf.run.word_search import WordSearch


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
        self, pipeline: Pipeline, split: str, progress: bool = False
    ) -> tuple[dict[str, np.ndarray], dict[str, float]]:
        """Runs the model over all rows of a split, in order.

        Args:
            pipeline: of the catalogue.
            split: its name, with at least one row.
            progress: whether to show a bar.

        Returns:
            outputs: image_embedding, text_embedding float32 [n, D], zero rows of a
                modality that is not there; image_logits, text_logits float32 [n, K],
                which mean nothing there.
            losses: means over the batches, weighted by their sizes.
        """
        held: dict[str, np.ndarray] = {}
        sums = dict.fromkeys(self._objective.names, 0.0)
        rows = len(pipeline.split[split])
        with Progress(rows, "Embedding", unit="products", quiet=not progress) as bar:
            for batch in pipeline.evaluation(split):
                outputs, losses = self._predict(batch)
                size = int(batch["label"].shape[0])
                for name, value in outputs.items():
                    if name not in held:  # whole at once: parts would need it twice
                        held[name] = np.empty([rows, value.shape[1]], np.float32)
                    held[name][bar.done : bar.done + size] = value
                for name in sums:
                    sums[name] += size * float(losses[name])
                bar.update(size)
        return held, {name: total / rows for name, total in sums.items()}

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
        outputs, _ = self.embed(pipeline, "validation")
        return _best_weight(pipeline, "validation", outputs)

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
        outputs, losses = self.embed(pipeline, split, progress)
        labels = _labels(pipeline, split)
        images, texts = outputs["image_logits"], outputs["text_logits"]
        if fusion_weight is None:
            configured = self._config.evaluation.fusion_weight
            fusion_weight = (
                _best_weight(pipeline, split, outputs)
                if configured == "validation"
                else float(configured)
            )
        present = pipeline.present_in(split)
        classifies = self._objective.classifies
        asked = self.embed_queries(pipeline, split)
        metrics = evaluate(
            outputs["image_embedding"],
            outputs["text_embedding"],
            labels,
            self._class_names,
            image_logits=images if classifies else None,
            text_logits=texts if classifies else None,
            separator=self._config.data.class_separator,
            fusion_weight=fusion_weight,
            chunk_size=self._config.evaluation.chunk_size,
            max_queries=self._config.evaluation.max_queries,
            queries=None if asked is None else self.queries(pipeline, split),
            query_embeddings=asked,
            has_image=None if present is None else present.image,
            has_text=None if present is None else present.text,
            products=None
            if pipeline.products is None
            else pipeline.products[pipeline.split[split]],
        )
        return {**metrics, **losses}


def _labels(pipeline: Pipeline, split: str) -> np.ndarray:
    return pipeline.labels[pipeline.split[split]]


def _best_weight(
    pipeline: Pipeline, split: str, outputs: dict[str, np.ndarray]
) -> float:
    """The image's best weight on the rows that have both modalities; 0.5 of none."""
    labels, present = _labels(pipeline, split), pipeline.present_in(split)
    logits = [outputs["image_logits"], outputs["text_logits"]]
    if present is not None:
        labels = labels[present.both]
        logits = [values[present.both] for values in logits]
    return choose_fusion_weight(*logits, labels) if len(labels) else 0.5
