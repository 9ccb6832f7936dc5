"""Checks of what `huse_tf.evaluation.evaluate` is given."""

from collections.abc import Mapping

import numpy as np

from huse_tf.errors import Diverged, InputError
from huse_tf.metrics.classification import Predictions
from huse_tf.metrics.registry import MODALITIES
from huse_tf.metrics.words import WordQueries
from huse_tf.presence import Present

UNIT_TOLERANCE = 1e-3  # of a row's length; vectors kept as float16 are within 5e-4


def check_embeddings(
    arrays: Mapping[str, np.ndarray], labels: np.ndarray, classes: int
) -> None:
    """Raises where there is nothing to evaluate or the arrays do not fit.

    Args:
        arrays: float [n, D] by the argument's name, of images and of texts.
        labels: int [n].
        classes: K.
    """
    n = len(labels)
    if n == 0:
        raise InputError(
            "nothing to evaluate: the split has no products; expected at least one "
            "(data.validation_fraction, data.test_fraction or the CSV's split column)"
        )
    for name, values in arrays.items():
        _check_rows(name, values, n)
        _check_finite(name, np.isfinite(values).all(axis=1))
        _check_unit(name, values)
    images, texts = (arrays[f"{name}_embeddings"].shape[1] for name in MODALITIES)
    if images != texts:
        raise ValueError(
            f"text_embeddings: expected {images} columns, as image_embeddings has. "
            f"Received: {texts}."
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


def check_logits(name: str, logits: np.ndarray, n: int, classes: int) -> None:
    """Raises where logits, an argument of this name, are not [n, K]."""
    _check_rows(name, logits, n)
    if logits.shape[1] != classes:
        raise ValueError(
            f"{name}: expected {classes} columns, one a class name. "
            f"Received: {logits.shape[1]}."
        )


def check_predictions(predictions: Predictions, n: int, classes: int) -> None:
    """Raises where predictions are of other rows or classes, or of no finite logits."""
    for name in MODALITIES:
        told = getattr(predictions, name)
        if told.shape != (n,) or told.max() >= classes:
            raise ValueError(
                f"predictions: expected a class in [0, {classes}) for each of {n} "
                f"labels. Received: shape {told.shape}, {told.max(initial=-1)} at most."
            )
        _check_finite(f"{name}_logits", told >= 0)


def check_pair(**given: object) -> None:
    """Raises where one of two arguments was given without the other."""
    only = [name for name, value in given.items() if value is not None]
    if len(only) == 1:
        raise ValueError(f"{' and '.join(given)} go together. Received: only {only[0]}")


def check_queries(
    queries: WordQueries, embeddings: np.ndarray, rows: np.ndarray
) -> None:
    """Raises where queries, their embeddings and the products' rows do not fit."""
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


def check_settings(
    separator: str, fusion_weight: float, chunk_size: int, max_queries: int
) -> None:
    """Raises where a setting is outside of its range."""
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


def products_of(products: np.ndarray | None, n: int) -> np.ndarray | None:
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


def presence_of(
    has_image: np.ndarray | None, has_text: np.ndarray | None, n: int
) -> Present | None:
    """Returns which products have which modality; None where all have both.

    Raises:
        ValueError: they are not n truth values, or a product has neither.
    """
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


def _check_rows(name: str, values: np.ndarray, n: int) -> None:
    if len(values) != n or values.ndim != 2:
        raise ValueError(
            f"{name}: expected shape [{n}, ...] for {n} labels. "
            f"Received: {values.shape}."
        )


def _check_finite(name: str, finite: np.ndarray) -> None:
    bad = np.count_nonzero(~finite)
    if bad:
        raise Diverged(
            f"{name}: {bad} of {len(finite)} rows are not finite; the training has "
            "diverged: lower optimizer.learning_rate, or set "
            "training.precision = float32"
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
