"""What the metrics of the registry compute from a set of products."""

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np

from huse_tf.metrics import classification, hierarchy, retrieval, words
from huse_tf.metrics.registry import CROSS, PRECISION_AT, RECALL_AT


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
        queries: of a word and a class, which rows answer; None for none.
        query_embeddings: float [Q, D], theirs.
    """

    embeddings: Mapping[str, np.ndarray]
    logits: Mapping[str, np.ndarray]
    labels: np.ndarray
    taxonomy: hierarchy.Taxonomy
    fusion_weight: float
    chunk_size: int
    queries: words.WordQueries | None = None
    query_embeddings: np.ndarray | None = None

    @property
    def has(self) -> frozenset[str]:
        """Which of `Metric.needs` there is."""
        found = {"classifier": bool(self.logits), "words": bool(self.queries)}
        return frozenset(["", *(name for name, there in found.items() if there)])

    @functools.cached_property
    def _told(self) -> dict[str, np.ndarray]:
        """The class that each row is taken for, int [n], by modality."""
        fused = classification.fused_classes(
            self.logits["image"], self.logits["text"], self.fusion_weight
        )
        told = {name: values.argmax(axis=1) for name, values in self.logits.items()}
        return {**told, "fusion": fused}

    def is_right(self, modality: str) -> np.ndarray:
        """Says of each row whether its class is found: bool [n]; of equals the first.

        Args:
            modality: "image", "text" or "fusion".
        """
        return self._told[modality] == self.labels

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
    """Share of products whose class one modality finds, or both by their weights."""
    return float(measured.is_right(modality).mean())


def macro_accuracy(measured: Measured, modality: str) -> float:
    """Mean over the classes of the share of their products whose class is found."""
    right = measured.is_right(modality)
    return classification.mean_over_classes(right, measured.labels)


def balanced_retrieval(measured: Measured) -> float:
    """How well one modality finds the class and the very product in the other.

    Formula: the mean of four shares: of queries with their class in the first place
    (R@1) and with their own product among the ten nearest (instance R@10), image to
    text and text to image, each a mean over the classes. A model that knows the class
    alone cannot reach 1, nor one that knows the largest class alone.
    """
    shares = []
    for way in CROSS:
        ranking, labels = measured.ranking(*way), measured.labels
        of_class = retrieval.finds_class(ranking.neighbours, labels, 1)
        for hits in (of_class, ranking.ranks <= 10):
            shares.append(classification.mean_over_classes(hits, labels))
    return float(np.mean(shares))


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


def words_precision(measured: Measured, items: str, k: int) -> float:
    """P@k: mean share of the k nearest that have the query's class and word.

    Args:
        measured: with queries.
        items: "image", "text" or "product", the weighted sum of both.
        k: at least 1.
    """
    if items == "product":
        weight, parts = measured.fusion_weight, measured.embeddings
        rows = weight * parts["image"] + (1 - weight) * parts["text"]
    else:
        rows = measured.embeddings[items]
    answers = measured.queries.answers
    return float(
        words.word_precision(measured.query_embeddings, rows, answers, k).mean()
    )


def words_chance(measured: Measured) -> float:
    """P@k of a search that knows the class alone: mean share of rows with the word."""
    return measured.queries.chance


def modal_gap(measured: Measured) -> float:
    """Mean cosine distance of a product's image to its text."""
    images, texts = (measured.embeddings[name] for name in ("image", "text"))
    return retrieval.modal_gap(images, texts)
