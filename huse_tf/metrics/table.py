"""The metrics of a set of products, laid out for a terminal."""

from collections.abc import Iterable, Mapping

from huse_tf.metrics.registry import (
    DIRECTIONS,
    MODALITIES,
    PRECISION_AT,
    RECALL_AT,
    WORDS_AT,
    WORDS_FIND,
)


def format_table(metrics: Mapping[str, float]) -> str:
    """Lays out what `evaluate` returned for a terminal 80 columns wide.

    Accuracies may be missing, where nothing trained the classifier, the word search,
    where the products answer no query, and what asks for a modality that no product
    has.
    """
    accuracies, means = (
        _row(metrics.get(f"{kind}{name}_accuracy") for name in (*MODALITIES, "fusion"))
        for kind in ("", "macro_")
    )
    others = _row(map(metrics.get, ("modal_gap", "balanced_retrieval")), 12)
    parts = [
        f"{metrics[name]:,} with {what}"
        for name, what in (
            ("n_image", "an image"),
            ("n_text", "a text"),
            ("n_both", "both"),
        )
        if name in metrics
    ]
    lines = [
        f"{metrics['n']:,} products" + (f": {', '.join(parts)}" if parts else ""),
        *(
            [f"{metrics['n_queries']:,} of them, drawn, ask below; all are answers"]
            if "n_queries" in metrics
            else []
        ),
        "",
        "accuracy       "
        + _header("image", "text", "fusion")
        + "   modal gap    balanced",
        "of products    " + accuracies + others,
        "mean of classes" + means,
        "",
        "same class     "
        + _header(*(f"R@{k}" for k in RECALL_AT), *(f"HP@{k}" for k in PRECISION_AT)),
    ]
    for query, items in DIRECTIONS:
        name = f"{query}_to_{items}"
        values = [metrics.get(f"{name}_R@{k}") for k in RECALL_AT]
        values += [metrics.get(f"{name}_HP@{k}") for k in PRECISION_AT]
        lines.append(f"{query:<5} -> {items:<6}" + _row(values))
    if all(value == 1 for name, value in metrics.items() if "_HP@" in name):
        lines.append("(HP@K is 1 for every model where classes have one level)")
    ranks_header = _header(*(f"R@{k}" for k in RECALL_AT)) + "   median rank"
    lines += ["", "same product   " + ranks_header]
    for query, items in DIRECTIONS:
        if query != items:
            name = f"{query}_to_{items}_instance"
            recalls = _row(metrics.get(f"{name}_R@{k}") for k in RECALL_AT)
            rank = metrics.get(f"{name}_median_rank")
            shown = f"{'-':>14}" if rank is None else f"{rank:14,.1f}"
            lines.append(f"{query:<5} -> {items:<6}{recalls}{shown}")
    if "words_chance" in metrics:
        ways = (f"words_to_{name}_P@{WORDS_AT}" for name in WORDS_FIND)
        found = _row(map(metrics.get, ways))
        lines += [
            "",
            "word and class " + _header(*WORDS_FIND) + "   by chance",
            f"{f'P@{WORDS_AT}':<15}{found}{metrics['words_chance']:12.4f}",
        ]
    return "\n".join(lines)


def _header(*names: str) -> str:
    return "".join(f"{name:>9}" for name in names)


def _row(values: Iterable[float | None], width: int = 9) -> str:
    return "".join(
        f"{'-':>{width}}" if v is None else f"{v:{width}.4f}" for v in values
    )
