"""The metrics as tables, the rejected rows, the config and where it was trained."""

import platform
from collections import Counter

import matplotlib
import numpy as np

from huse_tf.machine import hardware, versions
from huse_tf.metrics.registry import (
    DIRECTIONS,
    MODALITIES,
    PRECISION_AT,
    RECALL_AT,
    WORDS_AT,
    WORDS_FIND,
)
from huse_tf.progress import clock
from huse_tf.reports.answers import Answers
from huse_tf.reports.html import Html, number, paragraph, section, table, tag

REJECTED_SHOWN = 200
KINDS = ("", "macro_")  # accuracies: over products, and means over classes


def metrics(answers: Answers) -> Html:
    """Lays out every metric."""
    values = answers.metrics
    tiles = [
        (f"{name} accuracy", values.get(f"{name}_accuracy"))
        for name in (*MODALITIES, "fusion")
    ]
    tiles += [
        ("image → text R@1", values.get("image_to_text_R@1")),
        ("text → image R@1", values.get("text_to_image_R@1")),
        ("balanced retrieval", values.get("balanced_retrieval")),
        ("modal gap", values.get("modal_gap")),
    ]
    shown = [
        tag("div", tag("b", number(value)), tag("span", name), class_="tile")
        for name, value in tiles
        if value is not None
    ]
    ways = [(f"{q} → {i}", f"{q}_to_{i}") for q, i in DIRECTIONS]
    of_class = [
        [
            label,
            *(number(values[f"{way}_R@{k}"]) for k in RECALL_AT),
            *(number(values[f"{way}_HP@{k}"]) for k in PRECISION_AT),
        ]
        for label, way in ways
        if f"{way}_R@1" in values
    ]
    of_product = [
        [
            label,
            *(number(values[f"{way}_instance_R@{k}"]) for k in RECALL_AT),
            number(values[f"{way}_instance_median_rank"], 1),
        ]
        for label, way in ways
        if f"{way}_instance_median_rank" in values
    ]
    of_class_means = [
        [name, *(number(values.get(f"{kind}{name}_accuracy")) for kind in KINDS)]
        for name in (*MODALITIES, "fusion")
        if f"{name}_accuracy" in values
    ]
    by_words = [
        [f"{name}s", number(values.get(f"words_to_{name}_P@{WORDS_AT}"))]
        for name in WORDS_FIND
        if "words_chance" in values
    ]
    if by_words:
        by_words.append(["chance", number(values["words_chance"])])
    losses = [[name, number(v)] for name, v in values.items() if name.endswith("loss")]
    at = [f"R@{k}" for k in RECALL_AT]
    return section(
        "Metrics",
        tag("div", *shown, class_="tiles"),
        tag("h3", "Same class"),
        paragraph(
            "R@K: share of queries with an item of their class among the K nearest. "
            "HP@K: mean share of the K nearest whose class is among the K classes "
            "nearest in the class tree."
        ),
        table(["query → items", *at, *(f"HP@{k}" for k in PRECISION_AT)], of_class),
        tag(
            "div",
            _table("Same product", ["query → items", *at, "median rank"], of_product),
            _table("Accuracy", ["", "products", "mean of classes"], of_class_means),
            _table("Word and class", ["words →", f"P@{WORDS_AT}"], by_words),
            _table("Losses", ["loss", "value"], losses),
            class_="tables",
        ),
    )


def _table(title: str, head: list[str], rows: list[list[str]]) -> Html | str:
    """Builds a table under its title, or nothing of no rows."""
    return tag("div", tag("h3", title), table(head, rows)) if rows else ""


def rejected(answers: Answers) -> Html:
    """Lists the rows that were not used, by reason and one by one."""
    rows = answers.rejected
    if not rows:
        return section("Rejected rows", paragraph("Every row of the CSV was used."))
    reasons = Counter(row.reason for row in rows).most_common()
    more = len(rows) - REJECTED_SHOWN
    return section(
        "Rejected rows",
        table(["reason", "rows"], [[name, number(count)] for name, count in reasons]),
        table(
            ["row", "image", "text", "class", "reason"],
            [
                [row.row, row.image, row.text, row.class_name, row.reason]
                for row in rows[:REJECTED_SHOWN]
            ],
            tall=True,
        ),
        paragraph(f"{more:,} more stand in rejected.csv.") if more > 0 else "",
    )


def about(answers: Answers) -> Html:
    """Says on what, with what and how long the run was trained."""
    data = [(name.replace("_", " "), str(v)) for name, v in answers.catalog.items()]
    data += [(f"evaluated: {name}", str(v)) for name, v in answers.meta.items()]
    known = {**versions(), "matplotlib": matplotlib.__version__}
    return section(
        "About this run",
        tag(
            "div",
            tag("div", tag("h3", "Data"), table([], data)),
            tag(
                "div",
                tag("h3", "Times"),
                table([], _times(answers.history).items()),
                tag("h3", "Versions and hardware, where the report was drawn"),
                table([], [*known.items(), *_hardware().items()]),
            ),
            class_="side",
        ),
        tag(
            "details",
            tag("summary", "The whole config"),
            tag("pre", answers.config),
        ),
    )


def _times(history: list[dict]) -> dict[str, str]:
    """Training and wall time out of metrics.jsonl."""
    train = [line for line in history if line["split"] == "train"]
    if not train:
        return {"training": "–"}
    rates = np.array([line["products_per_second"] for line in train])
    wall = history[-1]["time"] - history[0]["time"]
    return {
        "epochs": number(train[-1]["epoch"]),
        "steps": number(train[-1]["step"]),
        "products a second, median epoch": f"{np.median(rates):,.0f}",
        "first to last epoch, with validation": clock(wall),
    }


def _hardware() -> dict[str, str]:
    machine = hardware()
    return {
        "processor": machine["processor"],
        "cores": str(machine["cores"]),
        "memory": f"{machine['memory_gib']} GiB",
        "GPU": ", ".join(machine["gpus"]) or "none",
        "system": f"{platform.system()} {platform.release()}",
    }
