"""All metrics of a set of products: one flat dict, and evaluation.json."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from huse_tf.metrics import checks
from huse_tf.metrics.classification import Predictions, predict
from huse_tf.metrics.hierarchy import Taxonomy
from huse_tf.metrics.measures import Measured
from huse_tf.metrics.registry import METRICS, MODALITIES
from huse_tf.metrics.words import WordQueries
from huse_tf.registry import imported
from huse_tf.replacing import replaced


def evaluate(
    image_embeddings: np.ndarray,
    text_embeddings: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    *,
    image_logits: np.ndarray | None = None,
    text_logits: np.ndarray | None = None,
    predictions: Predictions | None = None,
    separator: str = "<",
    fusion_weight: float = 0.5,
    chunk_size: int = 1024,
    queries: WordQueries | None = None,
    query_embeddings: np.ndarray | None = None,
    has_image: np.ndarray | None = None,
    has_text: np.ndarray | None = None,
    products: np.ndarray | None = None,
    max_queries: int = 0,
    in_tensorflow: bool = False,
) -> dict[str, float]:
    """Computes every metric of sections 4.3 to 4.5, exactly.

    Each item is a query against all others, unless `max_queries` says otherwise; each
    cosine is computed once for R@K, HP@K and the instance level together. Where
    products lack a modality, a metric is one of those that have what it asks for, and
    left out where none has.

    Args:
        image_embeddings: float [n, D], unit rows, or zero where a model found
            nothing. Rows of other lengths are refused, not scaled: features in the
            place of embeddings would go unnoticed.
        text_embeddings: float [n, D], unit rows of the same products.
        labels: int [n], in [0, K).
        class_names: [K] paths, in label order.
        image_logits: float [n, K]; given with `text_logits`, or with `predictions` in
            their place, or there are no accuracies.
        text_logits: float [n, K].
        predictions: of logits that are too many to hold, made batch by batch by
            `metrics.classification.predict`, at `fusion_weight` among others.
        separator: what stands between two levels of a path.
        fusion_weight: of the image in fusion_accuracy and in a product's vector, in
            [0, 1].
        chunk_size: queries at a time, at least 1; chunk_size * n cosines are held in
            memory.
        queries: Q queries of a word and a class that these products answer, from
            `metrics.words.word_queries`; given with `query_embeddings`. Without them,
            or where Q is 0, there is no word search in the result.
        query_embeddings: float [Q, D], what the model makes of `queries.texts`, unit
            rows or zero.
        has_image: bool [n], which products have an image; None for all. What the
            arrays hold of others is not read.
        has_text: bool [n], likewise; each product has at least one.
        products: int [n], the product that each row is a picture of, where one may
            have several: any of its rows is then right for another, and hidden from
            it within a modality. None: each row is a product.
        max_queries: of more products than this so many ask in retrieval, always the
            same ones of as many, against all; a share then has a standard error of at
            most 0.5 / sqrt(max_queries). 0 lets all ask.
        in_tensorflow: whether TensorFlow computes the cosines and counts, rather than
            NumPy: for a GPU, which then holds one modality's embeddings and 1 GiB.
            Only where rounding decides an order may it be another.

    Returns:
        Metric name -> value, and n, the number of products; where some lack a
        modality also n_image, n_text and n_both, the numbers that have which; and
        n_queries, how many of a modality ask at most, where not all do.

    Raises:
        InputError: there is no product, or the model gave numbers that are not finite.
        ValueError: an argument does not fit the others, or is outside of its range.
    """
    checks.check_pair(image_logits=image_logits, text_logits=text_logits)
    checks.check_pair(queries=queries, query_embeddings=query_embeddings)
    given = {"image_embeddings": image_embeddings, "text_embeddings": text_embeddings}
    embeddings = {name: np.asarray(values) for name, values in given.items()}
    labels, classes = np.asarray(labels), len(class_names)
    checks.check_embeddings(embeddings, labels, classes)
    checks.check_settings(separator, fusion_weight, chunk_size, max_queries)
    present = checks.presence_of(has_image, has_text, len(labels))
    if image_logits is not None:
        if predictions is not None:
            raise ValueError(
                "predictions: expected none beside image_logits and text_logits, of "
                "which they are made. Received: all three."
            )
        logits = np.asarray(image_logits), np.asarray(text_logits)
        for name, values in zip(MODALITIES, logits, strict=True):
            checks.check_logits(f"{name}_logits", values, len(labels), classes)
        predictions = predict(*logits, [fusion_weight], present)
    if predictions is not None:
        checks.check_predictions(predictions, len(labels), classes)
    if queries is not None:
        query_embeddings = np.asarray(query_embeddings)
        checks.check_queries(queries, query_embeddings, embeddings["text_embeddings"])
    measured = Measured(
        {name: embeddings[f"{name}_embeddings"] for name in MODALITIES},
        predictions,
        labels,
        Taxonomy(class_names, separator),
        fusion_weight,
        chunk_size,
        queries,
        query_embeddings,
        present,
        checks.products_of(products, len(labels)),
        max_queries,
        in_tensorflow,
    )
    metrics: dict[str, float] = {"n": len(labels)}
    if present is not None:
        metrics |= {
            f"n_{what}": len(measured.rows(what)) for what in (*MODALITIES, "both")
        }
    if 0 < max_queries < max(len(measured.rows(name)) for name in MODALITIES):
        metrics["n_queries"] = max_queries
    has = measured.has
    for name, metric in METRICS.items():
        if metric.maker and has.issuperset(metric.needs):
            metrics[name] = imported(metric.maker)(measured, *metric.arguments)
    return metrics


def write_evaluation(
    path: str | os.PathLike[str],
    metrics: Mapping[str, float],
    meta: Mapping[str, object],
) -> None:
    """Writes the metrics as JSON, in one piece or not at all.

    Args:
        path: the file; an older one is replaced.
        metrics: name -> finite number, written at the top level.
        meta: what the numbers belong to (split, epoch ...), written under "meta".
    """
    content = json.dumps({**metrics, "meta": dict(meta)}, indent=2, allow_nan=False)
    with replaced(Path(path)) as beside:
        beside.write_text(content + "\n", encoding="utf-8")
