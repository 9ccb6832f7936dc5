"""The universal space in two dimensions, as in the paper's Figure 1."""

import numpy as np

from huse_tf.reports.answers import Answers
from huse_tf.reports.class_tree import ClassTree
from huse_tf.reports.html import Html, figure, section, tag
from huse_tf.reports.plots import PAPER, panel, style, svg

SAMPLE = 800  # products; each is a circle and a plus
LEGEND = 24  # entries at most
LABELS = 16  # names in the picture at most
PERPLEXITY = 30.0


def space(answers: Answers) -> Html:
    """Draws a sample of the products, images as circles and texts as pluses."""
    rows = sample_rows(answers.labels, SAMPLE, answers.seed)
    labels, tree = answers.labels[rows], answers.tree
    with_image, with_text = (
        np.isin(rows, answers.having(name)) for name in ("image", "text")
    )
    both = np.concatenate(
        [
            answers.image_embedding[rows[with_image]],
            answers.text_embedding[rows[with_text]],
        ]
    )
    places, method = project(both, answers.seed)
    images, texts = np.split(places, [np.count_nonzero(with_image)])
    of_images, of_texts = labels[with_image], labels[with_text]
    size = 36 if len(rows) <= 250 else 16
    with style():
        picture, axes = panel(6.6, 5.6)
        axes.scatter(
            *images.T,
            s=size,
            facecolors="none",
            edgecolors=[tree.colours[label] for label in of_images],
            linewidths=1,
        )
        colours = [tree.colours[label] for label in of_texts]
        axes.scatter(*texts.T, s=size, marker="+", c=colours, linewidths=1)
        for name, members in _labelled(tree, labels):
            x, y = places[np.isin(np.append(of_images, of_texts), members)].T
            axes.annotate(
                name,
                (np.median(x), np.quantile(y, 0.75)),
                (0, 6),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                bbox={"facecolor": PAPER, "alpha": 0.72, "edgecolor": "none", "pad": 1},
            )
        axes.set_axis_off()
        drawn = svg(picture, "space", f"{len(rows)} products in two dimensions")
    shown = (
        f"{len(rows):,} of {len(answers):,}"
        if len(rows) < len(answers)
        else (f"All {len(rows):,}")
    )
    caption = (
        f"{shown} products, each as a circle (its image) and a plus (its text)"
        f"{', or the one that it has' if answers.present else ''}; "
        "classes near in the class tree have near colours, as in the paper's Figure 1. "
        f"{method}"
    )
    return section(
        "The universal space", figure(drawn, caption), _key(tree, set(labels.tolist()))
    )


def sample_rows(labels: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Picks rows at random, the same ones for the same seed.

    Args:
        labels: int [n].
        size: rows wanted at most.
        seed: of the choice.

    Returns:
        int64 [min(n, size)], ascending.
    """
    if len(labels) <= size:
        return np.arange(len(labels))
    chosen = np.random.default_rng(seed).choice(len(labels), size, replace=False)
    return np.sort(chosen)


def project(points: np.ndarray, seed: int) -> tuple[np.ndarray, str]:
    """Lays points out in the plane: t-SNE where scikit-learn is installed, else PCA.

    Args:
        points: float [n, D].
        seed: of t-SNE.

    Returns:
        float [n, 2], and a sentence that says how they were laid out.
    """
    centred = points - points.mean(axis=0)
    variances, axes = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
    plane = centred @ axes[:, :-3:-1]
    try:
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits
    except ImportError:
        share = variances[-2:].sum() / max(variances.sum(), 1e-12)
        return plane, (
            f"Laid out by PCA, whose two axes show {share:.0%} of the variance, so "
            "that classes far apart may seem to overlap; with scikit-learn installed "
            "(the extra “report”) it is laid out by t-SNE."
        )
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    if perplexity < 1 or variances[-1] <= 1e-12:
        return plane, "Laid out by PCA: too few different points for t-SNE."
    first = plane / max(plane[:, 0].std(), 1e-12) * 1e-4  # as init="pca" scales it
    tsne = TSNE(
        init=first.astype(np.float32),
        metric="cosine",
        perplexity=perplexity,
        random_state=seed,
    )
    with threadpool_limits(1):  # so few points are slower in several threads
        layout = tsne.fit_transform(points)
    return layout, (
        f"Laid out by t-SNE of the cosine distances (perplexity {perplexity:.0f}): "
        "near points are near in the space; how far apart two clusters lie says little."
    )


def _labelled(tree: ClassTree, labels: np.ndarray) -> list[tuple[str, list[int]]]:
    present = set(labels.tolist())
    return [(n, held) for n, held in tree.groups(LABELS) if present & set(held)]


def _key(tree: ClassTree, present: set[int]) -> Html:
    """Builds the legend: a swatch, or a run of colours, for each group of classes."""
    entries = []
    for name, members in tree.groups(LEGEND):
        colours = [tree.colours[label] for label in members if label in present]
        if not colours:
            continue
        stops = [colours[0], colours[len(colours) // 2], colours[-1]]
        swatch = tag(
            "i", style=f"background: linear-gradient(90deg, {', '.join(stops)})"
        )
        size = f" ({len(members)} classes)" if len(members) > 1 else ""
        entries.append(tag("li", swatch, name + size))
    if not entries:
        text = f"{len(tree.names):,} classes, coloured in alphabetical order"
        return tag("p", text, class_="note")
    return tag("ul", *entries, class_="key")
