"""The class graph A beside the learned distances between classes."""

import numpy as np
import pandas as pd

from huse_tf.distances import cosine_distances
from huse_tf.reports.answers import Answers
from huse_tf.reports.class_tree import ClassTree
from huse_tf.reports.html import Html, figure, paragraph, section, tag
from huse_tf.reports.plots import PAPER, panel, style, svg

NAMED = 30  # classes with a name of their own at the axes
GROUPS = 20  # branches named at the axes where there are more classes


def class_graph(answers: Answers) -> Html:
    """Draws both matrices in the order of the class tree, with their correlation."""
    tree, centres = answers.tree, answers.centres
    present = [label for label in tree.order if np.isfinite(centres[label]).all()]
    missing = len(tree.names) - len(present)
    if len(present) < 2:
        note = "Fewer than two classes have products here: no distances to compare."
        return section("Class graph", paragraph(note))
    wanted = answers.graph[np.ix_(present, present)]
    learned = cosine_distances(centres[present])
    correlation = spearman(wanted, learned)
    shown = "not defined (one of the two is constant)"
    if np.isfinite(correlation):
        shown = f"{correlation:.3f}"
    plots = [
        (wanted, "semantic-graph", "A: how far apart the classes should be (eq. 4)"),
        (learned, "learned", "Learned: distances between class centres"),
    ]
    absent = f" {missing:,} classes without products here are left out."
    return section(
        "Class graph",
        paragraph(
            "Rank correlation (Spearman) of the two over all "
            f"{len(present) * (len(present) - 1) // 2:,} pairs of classes: ",
            tag("strong", shown),
            ". 1 means that the space orders the classes' distances as A does.",
        ),
        tag(
            "div",
            *(figure(_matrix(v, name, t, tree, present), t) for v, name, t in plots),
            class_="side",
        ),
        paragraph(
            "Both are cosine distances, classes ordered by the class tree; a centre is "
            "the mean of a class's images and texts.",
            absent if missing else "",
        ),
    )


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Rank correlation of the entries above the diagonal; equal ones share a rank.

    Args:
        a: float [K, K], symmetric.
        b: float [K, K], symmetric.

    Returns:
        A number in [-1, 1]; nan where all entries of one are equal.
    """
    above = np.triu_indices(len(a), 1)
    ranks = [pd.Series(matrix[above]).rank().to_numpy() for matrix in (a, b)]
    deviations = [values - values.mean() for values in ranks]
    spread = np.sqrt(np.prod([(values**2).sum() for values in deviations]))
    return float((deviations[0] * deviations[1]).sum() / spread) if spread else np.nan


def _matrix(
    values: np.ndarray, name: str, title: str, tree: ClassTree, present: list[int]
) -> Html:
    with style():
        picture, axes = panel(5.2, 5.0)
        drawn = axes.imshow(values, cmap="viridis", vmin=0, interpolation="nearest")
        label_axes(axes, tree, present)
        bar = picture.colorbar(drawn, ax=axes, shrink=0.7, aspect=30, pad=0.02)
        bar.outline.set_visible(False)
        return svg(picture, name, title)


def label_axes(axes, tree: ClassTree, present: list[int]) -> None:
    """Names the classes at both axes or, where they are many, the tree's branches.

    Args:
        axes: of a matrix of the classes.
        tree: the classes.
        present: labels in the order of the matrix's rows.
    """
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if len(present) <= NAMED:
        places = list(range(len(present)))
        names = [tree.short(label) for label in present]
    else:
        position = {label: i for i, label in enumerate(present)}
        places, names = [], []
        for name, members in tree.groups(GROUPS):
            held = [position[label] for label in members if label in position]
            if not held:
                continue
            axes.axhline(held[-1] + 0.5, color=PAPER, linewidth=0.8)
            axes.axvline(held[-1] + 0.5, color=PAPER, linewidth=0.8)
            if len(held) >= len(present) / 60:
                places.append((held[0] + held[-1]) / 2)
                names.append(name)
    size = 8 if len(places) <= 20 else 7
    names = [name if len(name) <= 24 else name[:23] + "…" for name in names]
    axes.set_xticks(places, names, rotation=90, fontsize=size)
    axes.set_yticks(places, names, fontsize=size)
