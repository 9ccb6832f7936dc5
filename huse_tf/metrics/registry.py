"""Every metric: its name, what computes it, and whether higher or lower is better."""

import dataclasses
import math
from collections.abc import Iterator
from itertools import product
from typing import Literal

MODALITIES = ("image", "text")
DIRECTIONS = tuple(product(MODALITIES, repeat=2))  # (query, items)
RECALL_AT = (1, 5, 10)
PRECISION_AT = (2, 5, 10)

_MEASURES = "huse_tf.metrics.measures:"


@dataclasses.dataclass(frozen=True)
class Metric:
    """A number that says how good a model is.

    Attributes:
        better: which of two values is.
        maker: "module:function" of a `measures.Measured` and of `arguments`; "" where
            the objective reports it: a term, or their weighted sum.
        arguments: of the maker.
        of_classifier: whether it means nothing where no classifier is trained.
    """

    better: Literal["higher", "lower"]
    maker: str = ""
    arguments: tuple = ()
    of_classifier: bool = False


def _metrics() -> Iterator[tuple[str, Metric]]:
    for name in MODALITIES:
        maker = _MEASURES + "accuracy"
        yield f"{name}_accuracy", Metric("higher", maker, (name,), of_classifier=True)
    maker = _MEASURES + "fusion_accuracy"
    yield "fusion_accuracy", Metric("higher", maker, of_classifier=True)
    for query, items in DIRECTIONS:
        way = f"{query}_to_{items}"
        for k in RECALL_AT:
            maker = _MEASURES + "recall"
            yield f"{way}_R@{k}", Metric("higher", maker, (query, items, k))
        for k in PRECISION_AT:
            maker = _MEASURES + "hierarchical_precision"
            yield f"{way}_HP@{k}", Metric("higher", maker, (query, items, k))
        if query == items:
            continue
        for k in RECALL_AT:
            maker = _MEASURES + "instance_recall"
            yield f"{way}_instance_R@{k}", Metric("higher", maker, (query, items, k))
        maker = _MEASURES + "instance_median_rank"
        yield f"{way}_instance_median_rank", Metric("lower", maker, (query, items))
    yield "modal_gap", Metric("lower", _MEASURES + "modal_gap")
    for name in ("classification", "graph", "gap", "class_embedding", "product"):
        yield f"{name}_loss", Metric("lower")
    for name in ("triplet", "pair", "instance", "class", "rank"):
        yield f"{name}_loss", Metric("lower")
    yield "loss", Metric("lower")


METRICS = dict(_metrics())


def metric(name: str) -> Metric:
    """Returns a metric; a term of the user's own objective, NAME_loss, is minimised.

    Raises:
        KeyError: there is no such metric.
    """
    if name not in METRICS and name.endswith("_loss"):
        return METRICS["loss"]
    return METRICS[name]


def is_better(name: str, value: float, best: float) -> bool:
    """Says whether a metric's value beats the best one so far; NaN never does."""
    if math.isnan(value):
        return False
    return value > best if metric(name).better == "higher" else value < best
