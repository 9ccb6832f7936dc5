"""Losses and validation metrics over the epochs."""

from huse_tf.metrics.registry import DIRECTIONS, MODALITIES, WORDS_AT, WORDS_FIND
from huse_tf.reports.answers import Answers
from huse_tf.reports.html import Html, figure, paragraph, section, tag
from huse_tf.reports.plots import INK, LINE, SERIES, panel, style, svg

Series = dict[str, tuple[list[float], list[float]]]  # name -> epochs, values


def curves(answers: Answers) -> Html:
    """Draws every loss, the accuracies, R@1 and word search over the epochs."""
    lines = answers.history
    if not lines:
        return section("Training", paragraph("metrics.jsonl holds no epoch."))
    losses = [name for name in lines[0] if name.endswith("loss")]
    if len(losses) == 2:
        losses = losses[:1]  # one term alone is the loss itself
    plots = [
        (
            name.replace("_", " "),
            {split: points(lines, split, name) for split in ("train", "validation")},
        )
        for name in losses
    ]
    accuracies = {
        name: points(lines, "validation", f"{name}_accuracy")
        for name in (*MODALITIES, "fusion")
    }
    recalls = {
        f"{q} → {i}": points(lines, "validation", f"{q}_to_{i}_R@1")
        for q, i in DIRECTIONS
    }
    by_words = {
        f"words → {name}s": points(lines, "validation", f"words_to_{name}_P@{WORDS_AT}")
        for name in WORDS_FIND
    }
    plots += [
        ("validation accuracy", accuracies),
        ("validation R@1", recalls),
        (f"validation word search, P@{WORDS_AT}", by_words),
    ]
    best = answers.meta.get("epoch")
    shown = [
        _plot(f"curve-{i}", title, series, best)
        for i, (title, series) in enumerate(plots)
        if any(epochs for epochs, _ in series.values())
    ]
    note = f"The dotted line is epoch {best}, whose weights are evaluated here."
    return section(
        "Training",
        paragraph("Means over each epoch. ", note if best else ""),
        tag("div", *shown, class_="side"),
    )


def points(lines: list[dict], split: str, name: str) -> tuple[list[float], list[float]]:
    """Returns the epochs at which a metric of a split was written, and its values."""
    found = [line for line in lines if line["split"] == split and name in line]
    return [line["epoch"] for line in found], [line[name] for line in found]


def _plot(name: str, title: str, series: Series, best: int | None) -> Html:
    with style():
        picture, axes = panel(4.6, 2.9)
        for colour, (label, (epochs, values)) in zip(
            SERIES, series.items(), strict=False
        ):
            if epochs:
                marker = "o" if len(epochs) < 30 else None
                axes.plot(
                    epochs, values, color=colour, label=label, marker=marker, ms=3
                )
        if best:
            axes.axvline(best, color=INK, linestyle=":", linewidth=1)
        axes.set_title(title, loc="left")
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(axis="y", color=LINE, linewidth=0.6)
        axes.legend(frameon=False, fontsize=9)
        drawn = svg(picture, name, f"{title} by epoch")
    return figure(drawn)
