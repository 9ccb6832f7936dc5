"""What the metrics of the registry compute from a set of products."""

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np

from huse_tf.metrics import classification, hierarchy, retrieval
from huse_tf.metrics.registry import PRECISION_AT, RECALL_AT


@dataclasses.dataclass(frozen=True, eq=False)
class Measured:
    """n products as a model sees them.

    Attributes:
        embeddings: by modality, float [n, D].
        logits: by modality, float [n, K].
        labels: int [n], in [0, K).
        taxonomy: the tree of the K classes.
        fusion_weight: of the image, in [0, 1].
        chunk_size: queries ranked at a time.
    """

    embeddings: Mapping[str, np.ndarray]
    logits: Mapping[str, np.ndarray]
    labels: np.ndarray
    taxonomy: hierarchy.Taxonomy
    fusion_weight: float
    chunk_size: int

    @functools.cached_property
    def _rankings(self) -> dict[tuple[str, str], retrieval.Ranking]:
        return {}

    def ranking(self, query: str, items: str) -> retrieval.Ranking:
        """Ranks the items of one modality for the queries of one, once."""
        if (query, items) not in self._rankings:
            self._rankings[query, items] = retrieval.rank(
                self.embeddings[query],
                self.embeddings[items],
                max(RECALL_AT + PRECISION_AT),
                self.chunk_size,
                leave_own_row_out=query == items,
            )
        return self._rankings[query, items]


def accuracy(measured: Measured, modality: str) -> float:
    """Share of products whose class one modality finds."""
    return classification.accuracy(measured.logits[modality], measured.labels)


def fusion_accuracy(measured: Measured) -> float:
    """Share of products whose class both modalities find together."""
    return classification.fusion_accuracy(
        measured.logits["image"],
        measured.logits["text"],
        measured.labels,
        measured.fusion_weight,
    )


def recall(measured: Measured, query: str, items: str, k: int) -> float:
    """R@K: share of queries with their class among the k nearest."""
    neighbours = measured.ranking(query, items).neighbours
    return retrieval.recall_at_k(neighbours, measured.labels, k)


def hierarchical_precision(measured: Measured, query: str, items: str, k: int) -> float:
    """HP@K: share of the k nearest whose class is near the query's in the tree."""
    neighbours = measured.ranking(query, items).neighbours
    return hierarchy.hierarchical_precision_at_k(
        neighbours, measured.labels, measured.taxonomy, k
    )


def instance_recall(measured: Measured, query: str, items: str, k: int) -> float:
    """Share of queries with their own product among the k nearest."""
    return retrieval.instance_recall_at_k(measured.ranking(query, items).ranks, k)


def instance_median_rank(measured: Measured, query: str, items: str) -> float:
    """Median place of the query's own product, from 1."""
    return float(np.median(measured.ranking(query, items).ranks))


def modal_gap(measured: Measured) -> float:
    """Mean cosine distance of a product's image to its text."""
    images, texts = (measured.embeddings[name] for name in ("image", "text"))
    return retrieval.modal_gap(images, texts)
