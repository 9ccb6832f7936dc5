"""The paper's tables 1 to 3, and ours, as markdown: mean ± deviation, best in bold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from huse_tf.comparison.outcomes import Outcome
from huse_tf.metrics.registry import (
    DIRECTIONS,
    MODALITIES,
    PRECISION_AT,
    RECALL_AT,
    WORDS_AT,
    WORDS_FIND,
    metric,
)

DIGITS = 3
MISSING = "–"


@dataclass(frozen=True)
class Table:
    """One of the paper's tables, or ours.

    Attributes:
        title: above the table.
        columns: groups of columns: title -> (header -> metric's name).
    """

    title: str
    columns: Mapping[str, Mapping[str, str]]


def _retrieval(kind: str, at: Sequence[int]) -> dict[str, dict[str, str]]:
    return {
        f"{query}→{items}": {
            f"{kind}@{k}": f"{query}_to_{items}_{kind}@{k}" for k in at
        }
        for query, items in DIRECTIONS
    }


RECALL = Table("Table 1: retrieval, R@K, same class", _retrieval("R", RECALL_AT))
PRECISION = Table(
    "Table 2: hierarchical precision, HP@K", _retrieval("HP", PRECISION_AT)
)
ACCURACY = Table(
    "Table 3: classification accuracy",
    {"accuracy": {name: f"{name}_accuracy" for name in (*MODALITIES, "fusion")}},
)
WORDS = Table(
    f"Table 4: word search, P@{WORDS_AT} of class and word (ours)",
    {"words→": {f"{name}s": f"words_to_{name}_P@{WORDS_AT}" for name in WORDS_FIND}},
)
TABLES = (RECALL, PRECISION, ACCURACY, WORDS)


def shown(outcomes: Sequence[Outcome]) -> dict[int, Table]:
    """Returns the tables by number, without those that no row has a value for."""
    known = {name for outcome in outcomes for name in outcome.mean}
    return {
        number: table
        for number, table in enumerate(TABLES, 1)
        if any(known.intersection(group.values()) for group in table.columns.values())
    }


def markdown(table: Table, outcomes: Sequence[Outcome]) -> str:
    """Lays a table out; a row lacks what its variant does not learn.

    The best mean of a column is bold, and all that look equal to it.
    """
    names = [name for group in table.columns.values() for name in group.values()]
    heads = [
        f"{group} {head}" if len(table.columns) > 1 else head
        for group, columns in table.columns.items()
        for head in columns
    ]
    means = [outcome.mean for outcome in outcomes]
    best = {name: _best(name, [m[name] for m in means if name in m]) for name in names}
    lines = [
        f"| | {' | '.join(heads)} |",
        f"| --- |{' --- |' * len(heads)}",
    ]
    for outcome, mean in zip(outcomes, means, strict=True):
        cells = [
            _cell(mean.get(name), outcome.std.get(name), best[name]) for name in names
        ]
        lines.append(f"| {outcome.variant.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _best(name: str, values: Sequence[float]) -> str:
    """Returns the best of a column as its cell shows it, "" where it is empty."""
    choose = max if metric(name).better == "higher" else min
    return f"{choose(values):.{DIGITS}f}" if values else ""


def _cell(mean: float | None, std: float | None, best: str) -> str:
    if mean is None:
        return MISSING
    text = f"{mean:.{DIGITS}f}"
    shown = f"**{text}**" if text == best else text
    return shown if std is None else f"{shown} ± {std:.{DIGITS}f}"
