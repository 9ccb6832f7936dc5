"""Which classes are taken for which, and the figures of each class."""

from dataclasses import dataclass

import numpy as np

from huse_tf.metrics.registry import MODALITIES
from huse_tf.reports.answers import Answers
from huse_tf.reports.graph import label_axes
from huse_tf.reports.html import Html, figure, number, paragraph, section, table, tag
from huse_tf.reports.plots import PAPER, panel, style, svg
from huse_tf.reports.queries import product
from huse_tf.reports.thumbnails import Thumbnails

CLASSES = 30  # in the matrix
PAIRS = 10
EXAMPLES = 3  # products shown of a pair


@dataclass(frozen=True)
class Pair:
    """Products of one class that were taken for another.

    Attributes:
        label: their class.
        told: what they were taken for.
        rows: int64 [m], their positions.
        share: of all products of the class, in (0, 1].
    """

    label: int
    told: int
    rows: np.ndarray
    share: float


def confused_pairs(labels: np.ndarray, told: np.ndarray, count: int) -> list[Pair]:
    """Finds the pairs of classes with the most mistakes, the worst first.

    Args:
        labels: int [n], the classes.
        told: int [n], what they were taken for.
        count: pairs wanted at most.
    """
    wrong = np.flatnonzero(labels != told)
    pairs, sizes = np.unique(
        np.stack([labels[wrong], told[wrong]], axis=1), axis=0, return_counts=True
    )
    worst = np.argsort(-sizes, kind="stable")[:count]
    return [
        Pair(
            int(label),
            int(as_class),
            np.flatnonzero((labels == label) & (told == as_class)),
            float(size / np.count_nonzero(labels == label)),
        )
        for (label, as_class), size in zip(pairs[worst], sizes[worst], strict=True)
    ]


def shown_rows(answers: Answers) -> np.ndarray:
    """Returns the positions of the products whose pictures the section shows."""
    pairs = confused_pairs(answers.labels, answers.told, PAIRS)
    rows = [pair.rows[:EXAMPLES] for pair in pairs]
    return np.concatenate([np.empty(0, np.int64), *rows])


def confusion(answers: Answers, thumbnails: Thumbnails) -> Html:
    """Draws the matrix and shows products of the most confused pairs."""
    labels, told, tree = answers.labels, answers.told, answers.tree
    pairs = confused_pairs(labels, told, PAIRS)
    how = "Image and text together, by the classifier."
    if not answers.classified:
        how = "The objective trains no classifier: the class of the nearest centre."
    if not pairs:
        return section("Confusion", paragraph(how, " No product is misclassified."))
    chosen = most_confused(labels, told, CLASSES)
    order = [label for label in tree.order.tolist() if label in chosen]
    all_shown = len(order) == len(np.unique(np.concatenate([labels, told])))
    wrong = int(np.count_nonzero(labels != told))
    which = "" if all_shown else f" The {len(order)} most confused classes."
    examples = []
    for pair in pairs:
        taken = f"{tree.short(pair.label)} taken for {tree.short(pair.told)}"
        many = f": {len(pair.rows):,}, {pair.share:.0%} of the class"
        cards = [
            product(answers, row, thumbnails, "both")
            for row in pair.rows[:EXAMPLES].tolist()
        ]
        shown = tag("div", *cards, class_="query pair")
        examples.append(tag("div", tag("h3", taken, many), shown))
    return section(
        "Confusion",
        paragraph(f"{wrong:,} of {len(answers):,} products are misclassified. {how}"),
        figure(
            _matrix(answers, order),
            "Rows: the class; columns: what it is taken for; share of the row's "
            f"products in per cent.{which}",
        ),
        tag("h3", "Most confused pairs"),
        tag("div", *examples, class_="side"),
    )


def most_confused(labels: np.ndarray, told: np.ndarray, count: int) -> set[int]:
    """Picks the classes of the most confused pairs; all classes where they are few.

    Args:
        labels: int [n], the classes.
        told: int [n], what they were taken for.
        count: classes wanted at most.
    """
    seen = set(labels.tolist()) | set(told.tolist())
    if len(seen) <= count:
        return seen
    chosen: set[int] = set()
    for pair in confused_pairs(labels, told, count * count):
        if len(chosen | {pair.label, pair.told}) > count:
            break
        chosen |= {pair.label, pair.told}
    return chosen


def classes(answers: Answers) -> Html:
    """Builds the sortable table of each class's figures."""
    tree, labels, told = answers.tree, answers.labels, answers.told
    gaps = 1.0 - np.einsum("nd,nd->n", answers.image_embedding, answers.text_embedding)
    places, rows = np.arange(len(answers)), []
    has = {"fusion": np.ones(len(answers), bool)}
    for name in (*MODALITIES, "both"):
        has[name] = np.isin(places, answers.having(name))
    for label in tree.order.tolist():
        own = labels == label
        if not own.any():
            continue
        accuracies = [
            number(_mean(told[own & has[name]] == label), 3)
            for name, told in answers.classified.items()
        ]
        wrong = told[own & (told != label)]
        mistaken = "–"
        if len(wrong):
            mistaken = tree.short(int(np.bincount(wrong).argmax()))
        rows.append(
            [
                tree.full(label),
                number(int(own.sum())),
                *accuracies,
                number(_mean(gaps[own & has["both"]]), 3),
                mistaken,
            ]
        )
    heads = [f"{name} acc." for name in answers.classified]
    return section(
        "Classes",
        paragraph(
            "The gap is the mean cosine distance between a product's image and text. A "
            "click on a column's name sorts by it."
        ),
        table(
            ["class", "products", *heads, "gap", "most often taken for"],
            rows,
            sortable=True,
            tall=True,
        ),
    )


def _mean(values: np.ndarray) -> float | None:
    """Mean of what there is; None of nothing."""
    return float(values.mean()) if len(values) else None


def _matrix(answers: Answers, order: list[int]) -> Html:
    place = {label: i for i, label in enumerate(order)}
    counts = np.zeros([len(order), len(order)])
    for label, told in zip(answers.labels.tolist(), answers.told.tolist(), strict=True):
        if label in place and told in place:
            counts[place[label], place[told]] += 1
    totals = np.array([np.count_nonzero(answers.labels == label) for label in order])
    shares = 100 * counts / np.maximum(totals, 1)[:, None]
    side = max(3.4, min(6.6, 1.6 + 0.22 * len(order)))
    with style():
        picture, axes = panel(side + 0.6, side)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=100, interpolation="nearest")
        for i, j in np.argwhere(shares >= 0.5):
            axes.text(
                j,
                i,
                f"{shares[i, j]:.0f}",
                ha="center",
                va="center",
                fontsize=7,
                color="#ffffff" if shares[i, j] > 55 else "#08306b",
            )
        label_axes(axes, answers.tree, order)
        axes.set_xticks(np.arange(len(order) + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(order) + 1) - 0.5, minor=True)
        axes.grid(which="minor", color=PAPER, linewidth=0.5)
        axes.tick_params(which="minor", length=0)
        return svg(picture, "confusion", "Confusion between classes")
