"""Accuracy of either modality and of their weighted average ("fusion")."""

from collections.abc import Sequence

import numpy as np

from huse_tf.presence import Present, shares

FUSION_WEIGHTS = tuple(step / 20 for step in range(21))  # of the image: 0, 0.05, ... 1
CHUNK = 4096  # rows whose probabilities are in memory at once


def mean_over_classes(hits: np.ndarray, labels: np.ndarray) -> float:
    """Share of hits, every class counting the same however many rows it has.

    Formula: 1/|C| sum_{c in C} |{hits of c}| / |{rows of c}|, C the classes that have
    rows.

    Args:
        hits: bool [n], n at least 1.
        labels: int [n], not negative.

    Returns:
        A share in [0, 1].
    """
    rows = np.bincount(labels)
    found = np.bincount(labels, weights=hits)
    return float((found[rows > 0] / rows[rows > 0]).mean())


def fused_classes(
    image_logits: np.ndarray,
    text_logits: np.ndarray,
    weight: float,
    present: Present | None = None,
) -> np.ndarray:
    """The class that the two modalities' averaged probabilities take each row for.

    Formula: argmax(weight * softmax(image) + (1 - weight) * softmax(text)).

    Args:
        image_logits: float [n, K].
        text_logits: float [n, K].
        weight: of the image, in [0, 1].
        present: the modalities of the rows, one of which has all the weight where it
            is alone; None where all have both.

    Returns:
        int64 [n], in [0, K).
    """
    of_image, of_text = weight, 1 - weight
    told = np.empty(len(image_logits), np.int64)
    for start in range(0, len(told), CHUNK):
        rows = slice(start, start + CHUNK)
        image, text = _softmax(image_logits[rows]), _softmax(text_logits[rows])
        if present is not None:
            floats = (has[rows].astype(float)[:, None] for has in present)
            of_image, of_text = shares(weight, *floats)
        told[rows] = (of_image * image + of_text * text).argmax(axis=1)
    return told


def choose_fusion_weight(
    image_logits: np.ndarray, text_logits: np.ndarray, labels: np.ndarray
) -> float:
    """Finds the weight of the image with the best fusion accuracy.

    To be called on validation rows. Of equally good weights the one nearest to 0.5 is
    taken, and of two as near the smaller.

    Args:
        image_logits: float [n, K].
        text_logits: float [n, K].
        labels: int [n], in [0, K).

    Returns:
        One of 0, 0.05, ... 1.
    """
    hits = _fusion_hits(image_logits, text_logits, labels, FUSION_WEIGHTS)
    best = [w for w, hit in zip(FUSION_WEIGHTS, hits, strict=True) if hit == max(hits)]
    return min(best, key=lambda weight: abs(weight - 0.5))


def _fusion_hits(
    image_logits: np.ndarray,
    text_logits: np.ndarray,
    labels: np.ndarray,
    weights: Sequence[float],
) -> list[int]:
    """Counts the right answers at each weight, in chunks of rows."""
    hits = np.zeros(len(weights), np.int64)
    for start in range(0, len(labels), CHUNK):
        rows = slice(start, start + CHUNK)
        image, text = _softmax(image_logits[rows]), _softmax(text_logits[rows])
        for i, weight in enumerate(weights):
            fused = weight * image + (1 - weight) * text
            hits[i] += np.count_nonzero(fused.argmax(axis=1) == labels[rows])
    return hits.tolist()


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities in float64: in float32 sure answers would all be exactly 1."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    np.exp(shifted, out=shifted)
    return shifted / shifted.sum(axis=1, keepdims=True)
