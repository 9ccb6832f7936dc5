"""Every metric: its name, what computes it, and whether higher or lower is better."""

import dataclasses
import math
from collections.abc import Iterator
from itertools import product
from typing import Literal

MODALITIES = ("image", "text")
DIRECTIONS = tuple(product(MODALITIES, repeat=2))  # (query, items)
CROSS = tuple((query, items) for query, items in DIRECTIONS if query != items)
RECALL_AT = (1, 5, 10)
PRECISION_AT = (2, 5, 10)
WORDS_FIND = (*MODALITIES, "product")  # what a query of words is answered with
WORDS_AT = 10

_MEASURES = "huse_tf.metrics.measures:"


@dataclasses.dataclass(frozen=True)
class Metric:
    """A number that says how good a model is, or what to compare such numbers with.

    Attributes:
        better: which of two values is; None of a fact about the rows, which no model
            changes and which chooses none.
        maker: "module:function" of a `measures.Measured` and of `arguments`; "" where
            the objective reports it: a term, or their weighted sum.
        arguments: of the maker.
        needs: without which it means nothing and is left out: a "classifier" that is
            trained, queries of "words" that the rows can answer, rows with an "image",
            with a "text", or with "both".
    """

    better: Literal["higher", "lower"] | None
    maker: str = ""
    arguments: tuple = ()
    needs: tuple[str, ...] = ()


def _metrics() -> Iterator[tuple[str, Metric]]:
    for name in (*MODALITIES, "fusion"):
        rows = (name,) if name in MODALITIES else ()
        for kind in ("", "macro_"):
            maker = _MEASURES + f"{kind}accuracy"
            yield (
                f"{kind}{name}_accuracy",
                Metric("higher", maker, (name,), ("classifier", *rows)),
            )
    both = ("both",)
    maker = _MEASURES + "balanced_retrieval"
    yield "balanced_retrieval", Metric("higher", maker, needs=both)
    for query, items in DIRECTIONS:
        way, rows = f"{query}_to_{items}", tuple(dict.fromkeys((query, items)))
        for k in RECALL_AT:
            maker = _MEASURES + "recall"
            yield f"{way}_R@{k}", Metric("higher", maker, (query, items, k), rows)
        for k in PRECISION_AT:
            maker = _MEASURES + "hierarchical_precision"
            yield f"{way}_HP@{k}", Metric("higher", maker, (query, items, k), rows)
        if (query, items) not in CROSS:
            continue
        for k in RECALL_AT:
            maker = _MEASURES + "instance_recall"
            yield (
                f"{way}_instance_R@{k}",
                Metric("higher", maker, (query, items, k), both),
            )
        maker = _MEASURES + "instance_median_rank"
        yield (
            f"{way}_instance_median_rank",
            Metric("lower", maker, (query, items), both),
        )
    for items in WORDS_FIND:
        maker = _MEASURES + "words_precision"
        needs = ("words", *(both if items == "image" else ()))
        yield (
            f"words_to_{items}_P@{WORDS_AT}",
            Metric("higher", maker, (items, WORDS_AT), needs),
        )
    yield "words_chance", Metric(None, _MEASURES + "words_chance", needs=("words",))
    yield "modal_gap", Metric("lower", _MEASURES + "modal_gap", needs=both)
    for name in ("classification", "graph", "gap", "class_embedding", "product"):
        yield f"{name}_loss", Metric("lower")
    for name in ("triplet", "pair", "instance", "class", "rank"):
        yield f"{name}_loss", Metric("lower")
    yield "loss", Metric("lower")


METRICS = dict(_metrics())
CHOOSING = tuple(name for name, found in METRICS.items() if found.better)


def metric(name: str) -> Metric:
    """Returns a metric; a term of the user's own objective, NAME_loss, is minimised.

    Raises:
        KeyError: there is no such metric.
    """
    if name not in METRICS and name.endswith("_loss"):
        return METRICS["loss"]
    return METRICS[name]


def is_better(name: str, value: float, best: float) -> bool:
    """Says whether a metric's value beats the best one so far; NaN never does.

    Raises:
        KeyError: there is no such metric.
        ValueError: it is a fact, of which no value is better.
    """
    better = metric(name).better
    if better is None:
        raise ValueError(f"{name} is a fact about the rows: no value of it is better")
    if math.isnan(value):
        return False
    return value > best if better == "higher" else value < best
