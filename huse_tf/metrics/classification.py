"""Classes told from logits: by either modality, and by their weighted average."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from huse_tf.presence import Present, shares

FUSION_WEIGHTS = tuple(step / 20 for step in range(21))  # of the image: 0, 0.05, ... 1
MAX_PROBABILITIES = 2**22  # of a modality in memory at once, in float64: 32 MiB


class Predictions(NamedTuple):
    """The classes that n products are taken for: all that is kept of their logits.

    So n x K logits need not be in memory: `predict` takes a batch of them at a time.

    Attributes:
        image: int32 [n], in [0, K); -1 where logits are not finite.
        text: int32 [n], likewise.
        weights: W weights of the image, in [0, 1].
        fused: int32 [n, W], told by both modalities at each weight; -1 where the
            logits of either are not finite.
    """

    image: np.ndarray
    text: np.ndarray
    weights: tuple[float, ...]
    fused: np.ndarray

    def fusion(self, weight: float) -> np.ndarray:
        """Returns what both modalities tell at one of the weights, int32 [n].

        Raises:
            ValueError: it is none of them.
        """
        if weight not in self.weights:
            raise ValueError(
                "fusion_weight: expected a weight that the predictions were made for, "
                f"of {', '.join(map(str, self.weights))}. Received: {weight!r}."
            )
        return self.fused[:, self.weights.index(weight)]


def predict(
    image_logits: np.ndarray,
    text_logits: np.ndarray,
    weights: Sequence[float],
    present: Present | None = None,
) -> Predictions:
    """Tells the classes of some rows.

    Formula: argmax(weight * softmax(image) + (1 - weight) * softmax(text)), where both
    modalities are there; the first of equal ones.

    Args:
        image_logits: float [n, K].
        text_logits: float [n, K].
        weights: of the image, each in [0, 1].
        present: the modalities of the rows, one of which has all the weight where it
            is alone; None where all have both.

    Returns:
        The classes; what a modality that is not there tells means nothing.
    """
    n, classes = image_logits.shape
    size = max(1, MAX_PROBABILITIES // classes)
    parts = []
    for start in range(0, max(n, 1), size):
        rows = slice(start, start + size)
        has = None if present is None else present.of(rows)
        parts.append(_predict(image_logits[rows], text_logits[rows], weights, has))
    return joined(parts)


def joined(parts: Iterable[Predictions]) -> Predictions:
    """Joins predictions for the same weights, of one batch of rows after the other."""
    images, texts, weights, fused = zip(*parts, strict=True)
    return Predictions(
        np.concatenate(images), np.concatenate(texts), weights[0], np.concatenate(fused)
    )


def best_fusion_weight(
    predictions: Predictions, labels: np.ndarray, rows: np.ndarray | None = None
) -> float:
    """Finds the weight of the image with the best fusion accuracy.

    To be called on validation rows. Of equally good weights the one nearest to 0.5 is
    taken, and of two as near the smaller.

    Args:
        predictions: of n rows, for at least one weight in ascending order, such as
            `FUSION_WEIGHTS`.
        labels: int [n], in [0, K).
        rows: bool [n], which of them to count; None for all.

    Returns:
        One of the predictions' weights.
    """
    right = predictions.fused == labels[:, None]
    hits = np.count_nonzero(right if rows is None else right[rows], axis=0)
    best = [
        weight
        for weight, hit in zip(predictions.weights, hits, strict=True)
        if hit == hits.max()
    ]
    return min(best, key=lambda weight: abs(weight - 0.5))


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


def _predict(
    image: np.ndarray,
    text: np.ndarray,
    weights: Sequence[float],
    present: Present | None,
) -> Predictions:
    finite = [np.isfinite(logits).all(axis=1) for logits in (image, text)]
    image, text = (
        logits if there.all() else np.where(there[:, None], logits, 0)
        for logits, there in zip((image, text), finite, strict=True)
    )
    told = (
        np.where(there, logits.argmax(axis=1), -1).astype(np.int32)
        for logits, there in zip((image, text), finite, strict=True)
    )
    fused = np.empty((len(image), len(weights)), np.int32)
    if weights:
        image, text = _softmax(image), _softmax(text)
    for column, weight in enumerate(weights):
        of_image, of_text = weight, 1 - weight
        if present is not None:
            floats = (has.astype(float)[:, None] for has in present)
            of_image, of_text = shares(weight, *floats)
        fused[:, column] = (of_image * image + of_text * text).argmax(axis=1)
    fused[~(finite[0] & finite[1])] = -1
    return Predictions(*told, tuple(weights), fused)


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities in float64: in float32 sure answers would all be exactly 1."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    np.exp(shifted, out=shifted)
    shifted /= shifted.sum(axis=1, keepdims=True)
    return shifted
