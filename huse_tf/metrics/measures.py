"""What the metrics of the registry compute from a set of products."""

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np

from huse_tf.metrics import classification, hierarchy, retrieval, words
from huse_tf.metrics.registry import CROSS, PRECISION_AT, RECALL_AT
from huse_tf.presence import Present, shares


@dataclasses.dataclass(frozen=True, eq=False)
class Measured:
    """n products as a model sees them.

    Attributes:
        embeddings: by modality, float [n, D].
        predictions: the classes told, at `fusion_weight` among others; None where
            nothing trains a classifier.
        labels: int [n], in [0, K).
        taxonomy: the tree of the K classes.
        fusion_weight: of the image, in [0, 1].
        chunk_size: queries ranked at a time.
        queries: of a word and a class, which rows answer; None for none.
        query_embeddings: float [Q, D], theirs.
        present: the modalities of the products; None where all have both.
        products: int [n], the product that each row is a picture of; None where each
            is its own.
        max_queries: in retrieval more products than this do not all ask: so many of
            them do, drawn once; 0 lets all ask. All are answers.
        in_tensorflow: whether TensorFlow ranks, rather than NumPy.
    """

    embeddings: Mapping[str, np.ndarray]
    predictions: classification.Predictions | None
    labels: np.ndarray
    taxonomy: hierarchy.Taxonomy
    fusion_weight: float
    chunk_size: int
    queries: words.WordQueries | None = None
    query_embeddings: np.ndarray | None = None
    present: Present | None = None
    products: np.ndarray | None = None
    max_queries: int = 0
    in_tensorflow: bool = False

    @property
    def has(self) -> frozenset[str]:
        """Which of `Metric.needs` there is."""
        found = {
            "classifier": self.predictions is not None,
            "words": bool(self.queries),
        }
        found |= {name: len(self.rows(name)) for name in ("image", "text", "both")}
        return frozenset(name for name, there in found.items() if there)

    def rows(self, what: str) -> np.ndarray:
        """Returns the products that have an "image", a "text" or "both", ascending.

        All of them, int64 [n], for anything else: "fusion" and "product" take what
        there is.
        """
        if self.present is None or what not in ("image", "text", "both"):
            return np.arange(len(self.labels))
        return np.flatnonzero(getattr(self.present, what))

    def vectors(self, modality: str, what: str) -> np.ndarray:
        """Returns the embeddings of one modality of the products that `rows` says."""
        values = self.embeddings[modality]
        return values if self.present is None else values[self.rows(what)]

    def asked(self, what: str) -> np.ndarray:
        """Returns which of `rows` ask in retrieval, int64 [at most n], ascending."""
        rows = self.rows(what)
        if not self.max_queries or len(rows) <= self.max_queries:
            return rows
        first = np.argpartition(self._draw[rows], self.max_queries)
        return np.sort(rows[first[: self.max_queries]])

    @functools.cached_property
    def _draw(self) -> np.ndarray:
        """An order of the products, the same for as many: the first of it ask."""
        return np.random.default_rng(0).permutation(len(self.labels))

    def is_right(self, modality: str) -> np.ndarray:
        """Says of `rows` whether their class is found: bool [m]; of equals the first.

        Args:
            modality: "image", "text" or "fusion".
        """
        if modality == "fusion":
            told = self.predictions.fusion(self.fusion_weight)
        else:
            told = getattr(self.predictions, modality)
        rows = self.rows(modality)
        return told[rows] == self.labels[rows]

    @functools.cached_property
    def _rankings(self) -> dict[tuple[str, str], retrieval.Ranking]:
        return {}

    def ranking(self, query: str, items: str) -> retrieval.Ranking:
        """Ranks the items of one modality for the queries of one, once.

        Returns:
            neighbours, as rows of the products, of those `asked` of the query's
            modality; ranks of those `asked` of "both".
        """
        if (query, items) not in self._rankings:
            found, both = self.rows(items), self.asked("both")
            asked = all_asked = self.asked(query)
            if query != items:
                all_asked = np.union1d(asked, both)
            place = np.full(len(self.labels), -1)
            place[found] = np.arange(len(found))
            vectors = self.embeddings[query]
            ranking = retrieval.rank(
                vectors if len(all_asked) == len(vectors) else vectors[all_asked],
                self.vectors(items, items),
                max(RECALL_AT + PRECISION_AT),
                self.chunk_size,
                leave_own_row_out=query == items,
                own=place[all_asked],
                products=None
                if self.products is None
                else (self.products[all_asked], self.products[found]),
                in_tensorflow=self.in_tensorflow,
            )
            nearest, ranks = ranking
            nearest = nearest[np.searchsorted(all_asked, asked)]
            if ranks is not None:
                ranks = ranks[np.searchsorted(all_asked, both)]
            self._rankings[query, items] = retrieval.Ranking(
                np.where(nearest >= 0, found[nearest], -1), ranks
            )
        return self._rankings[query, items]


def accuracy(measured: Measured, modality: str) -> float:
    """Share of products whose class one modality finds, or both by their weights.

    Of one modality: of the products that have it.
    """
    return float(measured.is_right(modality).mean())


def macro_accuracy(measured: Measured, modality: str) -> float:
    """Mean over the classes of the share of their products whose class is found."""
    right, rows = measured.is_right(modality), measured.rows(modality)
    return classification.mean_over_classes(right, measured.labels[rows])


def balanced_retrieval(measured: Measured) -> float:
    """How well one modality finds the class and the very product in the other.

    Formula: the mean of four shares: of queries with their class in the first place
    (R@1) and with their own product among the ten nearest (instance R@10), image to
    text and text to image, each a mean over the classes. A model that knows the class
    alone cannot reach 1, nor one that knows the largest class alone.
    """
    found = []
    for way in CROSS:
        ranking, labels = measured.ranking(*way), measured.labels
        asked = measured.asked(way[0])
        of_class = retrieval.finds_class(ranking.neighbours, labels, 1, asked)
        for hits, rows in (
            (of_class, asked),
            (ranking.ranks <= 10, measured.asked("both")),
        ):
            found.append(classification.mean_over_classes(hits, labels[rows]))
    return float(np.mean(found))


def recall(measured: Measured, query: str, items: str, k: int) -> float:
    """R@K: share of queries with their class among the k nearest."""
    neighbours, asked = measured.ranking(query, items).neighbours, measured.asked(query)
    return retrieval.recall_at_k(neighbours, measured.labels, k, asked)


def hierarchical_precision(measured: Measured, query: str, items: str, k: int) -> float:
    """HP@K: share of the k nearest whose class is near the query's in the tree."""
    neighbours, asked = measured.ranking(query, items).neighbours, measured.asked(query)
    return hierarchy.hierarchical_precision_at_k(
        neighbours, measured.labels, measured.taxonomy, k, asked
    )


def instance_recall(measured: Measured, query: str, items: str, k: int) -> float:
    """Share of queries with their own product among the k nearest."""
    return retrieval.instance_recall_at_k(measured.ranking(query, items).ranks, k)


def instance_median_rank(measured: Measured, query: str, items: str) -> float:
    """Median place of the query's own product, from 1."""
    return float(np.median(measured.ranking(query, items).ranks))


def words_precision(measured: Measured, items: str, k: int) -> float:
    """P@k: mean share of the k nearest that have the query's class and word.

    Only a title says whether a product has the word, so those without one are left out.

    Args:
        measured: with queries.
        items: "image", "text" or "product", the weighted sum of both.
        k: at least 1.
    """
    judged = "both" if items == "image" else "text"
    if items == "product" and measured.products is not None:
        measured = one_row_a_product(measured)
    answers = measured.queries.answers
    if items == "product":
        parts = (measured.vectors(name, judged) for name in ("image", "text"))
        present = measured.present
        if present is not None:
            present = present.of(measured.rows(judged))
        vectors = product_vectors(*parts, measured.fusion_weight, present)
    else:
        vectors = measured.vectors(items, judged)
    if measured.present is not None:
        answers = [np.flatnonzero(np.isin(measured.rows(judged), a)) for a in answers]
    precisions = words.word_precision(
        measured.query_embeddings, vectors, answers, k, measured.in_tensorflow
    )
    return float(precisions.mean())


def one_row_a_product(measured: Measured) -> Measured:
    """Joins the rows of each product, for what is asked of products.

    Its image and text are the sums of its rows' unit rows, of length 1 again. A query
    that one of its rows answers, it answers.
    """
    _, first, number = np.unique(
        measured.products, return_index=True, return_inverse=True
    )
    embeddings, has = {}, {}
    for name, values in measured.embeddings.items():
        rows = measured.rows(name)
        sums = np.zeros((len(first), values.shape[1]), np.float32)
        np.add.at(sums, number[rows], values[rows])
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        embeddings[name] = sums / np.where(lengths > 0, lengths, 1)
        has[name] = np.isin(np.arange(len(first)), number[rows])
    queries = measured.queries
    if queries is not None:
        answers = tuple(np.unique(number[rows]) for rows in queries.answers)
        queries = dataclasses.replace(queries, answers=answers)
    return dataclasses.replace(
        measured,
        embeddings=embeddings,
        labels=measured.labels[first],
        queries=queries,
        present=None if measured.present is None else Present(**has),
        products=None,
    )


def product_vectors(
    images: np.ndarray, texts: np.ndarray, weight: float, present: Present | None
) -> np.ndarray:
    """One vector a product, of any length: what it has, by the modalities' weights.

    Args:
        images: float [n, D].
        texts: float [n, D].
        weight: of the image where both are there, in [0, 1].
        present: the modalities of the products; None where all have both.

    Returns:
        float [n, D].
    """
    of_image, of_text = weight, 1 - weight
    if present is not None:
        floats = (has.astype(images.dtype)[:, None] for has in present)
        of_image, of_text = shares(weight, *floats)
    return of_image * images + of_text * texts


def words_chance(measured: Measured) -> float:
    """P@k of a search that knows the class alone: mean share of rows with the word."""
    return measured.queries.chance


def modal_gap(measured: Measured) -> float:
    """Mean cosine distance of a product's image to its text."""
    return retrieval.modal_gap(
        *(measured.vectors(name, "both") for name in ("image", "text"))
    )
