"""All metrics of a set of products: one flat dict, a table, evaluation.json."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from huse_tf.errors import Diverged, InputError
from huse_tf.metrics.hierarchy import Taxonomy
from huse_tf.metrics.measures import Measured
from huse_tf.metrics.registry import (
    DIRECTIONS,
    METRICS,
    MODALITIES,
    PRECISION_AT,
    RECALL_AT,
)
from huse_tf.registry import imported
from huse_tf.replacing import replaced


def evaluate(
    image_emb: np.ndarray,
    text_emb: np.ndarray,
    image_logits: np.ndarray,
    text_logits: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    separator: str,
    fusion_weight: float,
    chunk_size: int,
) -> dict[str, float]:
    """Computes every metric of sections 4.3 to 4.5, exactly.

    Each item is a query against all others; each cosine is computed once for R@K, HP@K
    and the instance level together.

    Args:
        image_emb: float [n, D].
        text_emb: float [n, D], same rows.
        image_logits: float [n, K].
        text_logits: float [n, K].
        labels: int [n], in [0, K).
        class_names: [K] paths, in label order.
        separator: what stands between two levels of a path.
        fusion_weight: of the image, in [0, 1].
        chunk_size: queries at a time; chunk_size * n cosines are held in memory.

    Returns:
        Metric name -> value, and n, the number of products.

    Raises:
        InputError: there is no product, or the model gave numbers that are not finite.
        ValueError: the shapes do not fit each other.
    """
    embeddings = {"image": image_emb, "text": text_emb}
    logits = {"image": image_logits, "text": text_logits}
    labels = np.asarray(labels)
    _check(embeddings, logits, labels, class_names)
    measured = Measured(
        embeddings,
        logits,
        labels,
        Taxonomy(class_names, separator),
        fusion_weight,
        chunk_size,
    )
    metrics: dict[str, float] = {"n": len(labels)}
    for name, metric in METRICS.items():
        if metric.maker:
            metrics[name] = imported(metric.maker)(measured, *metric.arguments)
    return metrics


def format_table(metrics: Mapping[str, float]) -> str:
    """Lays out what `evaluate` returned for a terminal 80 columns wide.

    Accuracies may be missing, where nothing trained the classifier.
    """
    accuracies = [metrics.get(f"{name}_accuracy") for name in (*MODALITIES, "fusion")]
    lines = [
        f"{metrics['n']:,} products",
        "",
        "accuracy       " + _header("image", "text", "fusion") + "   modal gap",
        " " * 15 + _row(accuracies) + f"{metrics['modal_gap']:12.4f}",
        "",
        "same class     "
        + _header(*(f"R@{k}" for k in RECALL_AT), *(f"HP@{k}" for k in PRECISION_AT)),
    ]
    for query, items in DIRECTIONS:
        name = f"{query}_to_{items}"
        values = [metrics[f"{name}_R@{k}"] for k in RECALL_AT]
        values += [metrics[f"{name}_HP@{k}"] for k in PRECISION_AT]
        lines.append(f"{query:<5} -> {items:<6}" + _row(values))
    if all(
        metrics[f"{q}_to_{i}_HP@{k}"] == 1 for q, i in DIRECTIONS for k in PRECISION_AT
    ):
        lines.append("(HP@K is 1 for every model where classes have one level)")
    ranks_header = _header(*(f"R@{k}" for k in RECALL_AT)) + "   median rank"
    lines += ["", "same product   " + ranks_header]
    for query, items in DIRECTIONS:
        if query != items:
            name = f"{query}_to_{items}_instance"
            recalls = _row(metrics[f"{name}_R@{k}"] for k in RECALL_AT)
            rank = metrics[f"{name}_median_rank"]
            lines.append(f"{query:<5} -> {items:<6}{recalls}{rank:14,.1f}")
    return "\n".join(lines)


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


def _check(
    embeddings: Mapping[str, np.ndarray],
    logits: Mapping[str, np.ndarray],
    labels: np.ndarray,
    class_names: Sequence[str],
) -> None:
    """Raises where there is nothing to evaluate or the arrays do not fit."""
    n = len(labels)
    if n == 0:
        raise InputError(
            "nothing to evaluate: the split has no products; expected at least one "
            "(data.validation_fraction, data.test_fraction or the CSV's split column)"
        )
    for kind, arrays in (("embeddings", embeddings), ("logits", logits)):
        for name, values in arrays.items():
            if len(values) != n or values.ndim != 2:
                raise ValueError(
                    f"{name} {kind}: expected shape [{n}, ...] for {n} labels. "
                    f"Received: {values.shape}."
                )
            bad = np.count_nonzero(~np.isfinite(values).all(axis=1))
            if bad:
                raise Diverged(
                    f"{name} {kind}: {bad} of {n} rows are not finite; the training "
                    "has diverged: lower optimizer.learning_rate, or set "
                    "training.precision = float32"
                )
    for name, values in logits.items():
        if values.shape[1] != len(class_names):
            raise ValueError(
                f"{name} logits: expected {len(class_names)} columns, one a class "
                f"name. Received: {values.shape[1]}."
            )
    if labels.min() < 0 or labels.max() >= len(class_names):
        raise ValueError(
            f"labels: expected values in [0, {len(class_names)}). Received: "
            f"{labels.min()} to {labels.max()}."
        )


def _header(*names: str) -> str:
    return "".join(f"{name:>9}" for name in names)


def _row(values: Iterable[float | None]) -> str:
    return "".join(f"{'-':>9}" if v is None else f"{v:9.4f}" for v in values)
