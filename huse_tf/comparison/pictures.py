"""Pictures of a comparison: bars with error bars for each table, loss curves."""

import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from huse_tf.comparison.outcomes import Outcome  # noqa: E402
from huse_tf.comparison.tables import Table, shown  # noqa: E402
from huse_tf.run.folder import RunFolder  # noqa: E402

DPI = 130


def draw_tables(outcomes: Sequence[Outcome], folder: Path) -> None:
    """Draws table1.png and so on: a panel a group of columns, bars by method."""
    for number, table in shown(outcomes).items():
        _draw_table(table, outcomes, folder / f"table{number}.png")


def draw_curves(outcomes: Sequence[Outcome], folder: Path) -> None:
    """Draws losses.png: a panel a method, train and validation, a line a seed."""
    across = min(4, len(outcomes))
    down = math.ceil(len(outcomes) / across)
    figure, panels = plt.subplots(
        down,
        across,
        figsize=(3.4 * across, 2.7 * down),
        squeeze=False,
        layout="constrained",
    )
    for panel in panels.flat[len(outcomes) :]:
        panel.axis("off")
    for panel, outcome in zip(panels.flat, outcomes, strict=False):
        for seed, path in outcome.folders.items():
            for split, colour, marker in (
                ("train", "tab:blue", ""),
                ("validation", "tab:orange", "o"),
            ):
                epochs, losses = _losses(path, split)
                label = split if seed == min(outcome.folders) else None
                panel.plot(
                    epochs, losses, marker=marker, ms=3, lw=1, c=colour, label=label
                )
        panel.set_title(outcome.variant.name, fontsize=10)
        panel.tick_params(labelsize=8)
        panel.set_xlabel("epoch", fontsize=8)
        panel.xaxis.get_major_locator().set_params(integer=True)
    panels.flat[0].set_ylabel("loss", fontsize=8)
    panels.flat[0].legend(fontsize=8)
    _save(figure, folder / "losses.png")


def _draw_table(table: Table, outcomes: Sequence[Outcome], path: Path) -> None:
    groups = list(table.columns.items())
    across = min(2, len(groups))
    down = math.ceil(len(groups) / across)
    width = max(5.5, 0.75 * len(outcomes))
    figure, panels = plt.subplots(
        down,
        across,
        figsize=(width * across, 3.0 * down),
        squeeze=False,
        layout="constrained",
    )
    means = [outcome.mean for outcome in outcomes]
    shades = plt.get_cmap("viridis")(np.linspace(0.15, 0.8, 3))
    for panel, (title, columns) in zip(panels.flat, groups, strict=True):
        lowest = 1.0
        for place, (head, name) in enumerate(columns.items()):
            rows = [i for i, mean in enumerate(means) if name in mean]
            values = [means[i][name] for i in rows]
            spreads = [outcomes[i].std.get(name, 0.0) for i in rows]
            panel.bar(
                np.array(rows) + (place - 1) * 0.27,
                values,
                0.25,
                yerr=spreads,
                capsize=2,
                color=shades[place],
                error_kw={"lw": 0.8},
                label=head,
            )
            lowest = min([lowest, *np.subtract(values, spreads)])
        # Cut, and said so in the title: bars that differ by a hundredth stand apart.
        panel.set_ylim(max(0.0, math.floor(10 * lowest - 0.5) / 10), 1.0)
        panel.set_xticks(
            range(len(outcomes)), [o.variant.name for o in outcomes], rotation=30
        )
        panel.set_xlim(-0.6, len(outcomes) - 0.4)
        panel.tick_params(labelsize=8)
        panel.set_title(title, fontsize=10)
        panel.grid(axis="y", lw=0.4)
        panel.set_axisbelow(True)
    handles, labels = panels.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8)
    title = f"{table.title} (axes do not start at 0)"
    figure.suptitle(title, x=0.02, ha="left", fontsize=11)
    _save(figure, path)


def _losses(path: Path, split: str) -> tuple[list[int], list[float]]:
    records = [r for r in RunFolder(path).read_log() if r["split"] == split]
    return [r["epoch"] for r in records], [r["loss"] for r in records]


def _save(figure: plt.Figure, path: Path) -> None:
    figure.savefig(path, dpi=DPI)
    plt.close(figure)
