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
    WORDS_AT,
    WORDS_FIND,
)
from huse_tf.metrics.words import WordQueries
from huse_tf.presence import Present
from huse_tf.registry import imported
from huse_tf.replacing import replaced

UNIT_TOLERANCE = 1e-3  # of a row's length; vectors kept as float16 are within 5e-4


def evaluate(
    image_embeddings: np.ndarray,
    text_embeddings: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    *,
    image_logits: np.ndarray | None = None,
    text_logits: np.ndarray | None = None,
    separator: str = "<",
    fusion_weight: float = 0.5,
    chunk_size: int = 1024,
    queries: WordQueries | None = None,
    query_embeddings: np.ndarray | None = None,
    has_image: np.ndarray | None = None,
    has_text: np.ndarray | None = None,
    products: np.ndarray | None = None,
    max_queries: int = 0,
) -> dict[str, float]:
    """Computes every metric of sections 4.3 to 4.5, exactly.

    Each item is a query against all others, unless `max_queries` says otherwise; each
    cosine is computed once for R@K, HP@K
    and the instance level together. Where products lack a modality, a metric is one of
    those that have what it asks for, and left out where none has.

    Args:
        image_embeddings: float [n, D], unit rows, or zero where a model found
            nothing. Rows of other lengths are refused, not scaled: features in the
            place of embeddings would go unnoticed.
        text_embeddings: float [n, D], unit rows of the same products.
        labels: int [n], in [0, K).
        class_names: [K] paths, in label order.
        image_logits: float [n, K]; given with `text_logits`, or there are no
            accuracies.
        text_logits: float [n, K].
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

    Returns:
        Metric name -> value, and n, the number of products; where some lack a
        modality also n_image, n_text and n_both, the numbers that have which; and
        n_queries, how many of a modality ask at most, where not all do.

    Raises:
        InputError: there is no product, or the model gave numbers that are not finite.
        ValueError: an argument does not fit the others, or is outside of its range.
    """
    _check_pair(image_logits=image_logits, text_logits=text_logits)
    _check_pair(queries=queries, query_embeddings=query_embeddings)
    given = {
        "image_embeddings": image_embeddings,
        "text_embeddings": text_embeddings,
        "image_logits": image_logits,
        "text_logits": text_logits,
    }
    arrays = {name: np.asarray(a) for name, a in given.items() if a is not None}
    labels = np.asarray(labels)
    _check(arrays, labels, class_names)
    _check_settings(separator, fusion_weight, chunk_size, max_queries)
    present = _present(has_image, has_text, len(labels))
    if queries is not None:
        query_embeddings = np.asarray(query_embeddings)
        _check_queries(queries, query_embeddings, arrays["text_embeddings"])
    measured = Measured(
        {name: arrays[f"{name}_embeddings"] for name in MODALITIES},
        {n: arrays[f"{n}_logits"] for n in MODALITIES if f"{n}_logits" in arrays},
        labels,
        Taxonomy(class_names, separator),
        fusion_weight,
        chunk_size,
        queries,
        query_embeddings,
        present,
        _products(products, len(labels)),
        max_queries,
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


def format_table(metrics: Mapping[str, float]) -> str:
    """Lays out what `evaluate` returned for a terminal 80 columns wide.

    Accuracies may be missing, where nothing trained the classifier, the word search,
    where the products answer no query, and what asks for a modality that no product
    has.
    """
    accuracies, means = (
        _row(metrics.get(f"{kind}{name}_accuracy") for name in (*MODALITIES, "fusion"))
        for kind in ("", "macro_")
    )
    others = _row(map(metrics.get, ("modal_gap", "balanced_retrieval")), 12)
    parts = [
        f"{metrics[name]:,} with {what}"
        for name, what in (
            ("n_image", "an image"),
            ("n_text", "a text"),
            ("n_both", "both"),
        )
        if name in metrics
    ]
    lines = [
        f"{metrics['n']:,} products" + (f": {', '.join(parts)}" if parts else ""),
        *(
            [f"{metrics['n_queries']:,} of them, drawn, ask below; all are answers"]
            if "n_queries" in metrics
            else []
        ),
        "",
        "accuracy       "
        + _header("image", "text", "fusion")
        + "   modal gap    balanced",
        "of products    " + accuracies + others,
        "mean of classes" + means,
        "",
        "same class     "
        + _header(*(f"R@{k}" for k in RECALL_AT), *(f"HP@{k}" for k in PRECISION_AT)),
    ]
    for query, items in DIRECTIONS:
        name = f"{query}_to_{items}"
        values = [metrics.get(f"{name}_R@{k}") for k in RECALL_AT]
        values += [metrics.get(f"{name}_HP@{k}") for k in PRECISION_AT]
        lines.append(f"{query:<5} -> {items:<6}" + _row(values))
    if all(value == 1 for name, value in metrics.items() if "_HP@" in name):
        lines.append("(HP@K is 1 for every model where classes have one level)")
    ranks_header = _header(*(f"R@{k}" for k in RECALL_AT)) + "   median rank"
    lines += ["", "same product   " + ranks_header]
    for query, items in DIRECTIONS:
        if query != items:
            name = f"{query}_to_{items}_instance"
            recalls = _row(metrics.get(f"{name}_R@{k}") for k in RECALL_AT)
            rank = metrics.get(f"{name}_median_rank")
            shown = f"{'-':>14}" if rank is None else f"{rank:14,.1f}"
            lines.append(f"{query:<5} -> {items:<6}{recalls}{shown}")
    if "words_chance" in metrics:
        ways = (f"words_to_{name}_P@{WORDS_AT}" for name in WORDS_FIND)
        found = _row(map(metrics.get, ways))
        lines += [
            "",
            "word and class " + _header(*WORDS_FIND) + "   by chance",
            f"{f'P@{WORDS_AT}':<15}{found}{metrics['words_chance']:12.4f}",
        ]
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
    arrays: Mapping[str, np.ndarray], labels: np.ndarray, class_names: Sequence[str]
) -> None:
    """Raises where there is nothing to evaluate or the arrays do not fit."""
    n, classes = len(labels), len(class_names)
    if n == 0:
        raise InputError(
            "nothing to evaluate: the split has no products; expected at least one "
            "(data.validation_fraction, data.test_fraction or the CSV's split column)"
        )
    for name, values in arrays.items():
        if len(values) != n or values.ndim != 2:
            raise ValueError(
                f"{name}: expected shape [{n}, ...] for {n} labels. "
                f"Received: {values.shape}."
            )
        bad = np.count_nonzero(~np.isfinite(values).all(axis=1))
        if bad:
            raise Diverged(
                f"{name}: {bad} of {n} rows are not finite; the training has "
                "diverged: lower optimizer.learning_rate, or set "
                "training.precision = float32"
            )
        if name.endswith("_logits") and values.shape[1] != classes:
            raise ValueError(
                f"{name}: expected {classes} columns, one a class name. "
                f"Received: {values.shape[1]}."
            )
        if name.endswith("_embeddings"):
            _check_unit(name, values)
    dims = [arrays[f"{name}_embeddings"].shape[1] for name in MODALITIES]
    if dims[0] != dims[1]:
        raise ValueError(
            f"text_embeddings: expected {dims[0]} columns, as image_embeddings has. "
            f"Received: {dims[1]}."
        )
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            "labels: expected whole numbers of shape [n]. "
            f"Received: {labels.dtype} of shape {labels.shape}."
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"labels: expected values in [0, {classes}). Received: "
            f"{labels.min()} to {labels.max()}."
        )


def _products(products: np.ndarray | None, n: int) -> np.ndarray | None:
    """Returns products as an array; None where each row is one.

    Raises:
        ValueError: they are not n whole numbers.
    """
    if products is None:
        return None
    products = np.asarray(products)
    if products.shape != (n,) or not np.issubdtype(products.dtype, np.integer):
        raise ValueError(
            f"products: expected whole numbers of shape [{n}]. Received: "
            f"{products.dtype} of shape {products.shape}."
        )
    return products if len(np.unique(products)) < n else None


def _check_pair(**given: object) -> None:
    """Raises where one of two arguments was given without the other."""
    only = [name for name, value in given.items() if value is not None]
    if len(only) == 1:
        raise ValueError(f"{' and '.join(given)} go together. Received: only {only[0]}")


def _check_queries(
    queries: WordQueries, embeddings: np.ndarray, rows: np.ndarray
) -> None:
    expected = (len(queries), rows.shape[1])
    if embeddings.shape != expected:
        raise ValueError(
            f"query_embeddings: expected shape {expected}, a row a query and as many "
            f"columns as text_embeddings has. Received: {embeddings.shape}."
        )
    if not np.isfinite(embeddings).all():
        raise ValueError("query_embeddings: expected finite numbers")
    _check_unit("query_embeddings", embeddings)
    outside = [held for held in queries.answers if held.max(initial=0) >= len(rows)]
    if outside:
        raise ValueError(
            f"queries: expected answers among these {len(rows)} rows. Received: row "
            f"{outside[0].max()}."
        )


def _check_unit(name: str, rows: np.ndarray) -> None:
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64))
    wrong = np.flatnonzero((np.abs(lengths - 1) > UNIT_TOLERANCE) & (lengths > 0))
    if wrong.size:
        raise ValueError(
            f"{name}: expected rows of length 1; divide each by its own. Received: "
            f"{wrong.size} of {len(rows)} of other lengths, such as row {wrong[0]} of "
            f"{lengths[wrong[0]]:.4g}."
        )


def _check_settings(
    separator: str, fusion_weight: float, chunk_size: int, max_queries: int
) -> None:
    if not (isinstance(separator, str) and separator):
        raise ValueError(
            f"separator: expected a string that is not empty. Received: {separator!r}."
        )
    if not 0 <= fusion_weight <= 1:
        raise ValueError(
            f"fusion_weight: expected a number in [0, 1]. Received: {fusion_weight!r}."
        )
    if chunk_size < 1:
        raise ValueError(
            f"chunk_size: expected a whole number >= 1. Received: {chunk_size!r}."
        )
    if max_queries < 0:
        raise ValueError(
            f"max_queries: expected a whole number >= 0. Received: {max_queries!r}."
        )


def _present(
    has_image: np.ndarray | None, has_text: np.ndarray | None, n: int
) -> Present | None:
    """Returns which products have which modality; None where all have both."""
    present = []
    for name, has in (("has_image", has_image), ("has_text", has_text)):
        has = np.ones(n, bool) if has is None else np.asarray(has)
        if has.shape != (n,) or has.dtype != bool:
            raise ValueError(
                f"{name}: expected true or false for each of {n} labels. Received: "
                f"{has.dtype} of shape {has.shape}."
            )
        present.append(has)
    neither = np.flatnonzero(~(present[0] | present[1]))
    if neither.size:
        raise ValueError(
            "has_image, has_text: expected one of the two for each product. Received: "
            f"neither for {neither.size} of {n}, such as row {neither[0]}."
        )
    found = Present(*present)
    return None if found.both.all() else found


def _header(*names: str) -> str:
    return "".join(f"{name:>9}" for name in names)


def _row(values: Iterable[float | None], width: int = 9) -> str:
    return "".join(
        f"{'-':>{width}}" if v is None else f"{v:{width}.4f}" for v in values
    )
