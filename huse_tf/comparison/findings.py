"""The paper's qualitative findings (section 4), checked on the outcomes."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from huse_tf.comparison.outcomes import Outcome
from huse_tf.metrics.registry import DIRECTIONS, PRECISION_AT

# HUSE-P is the authors' own, and the product loss is ours: no other methods in the
# sense of their claim.
OWN = ("huse", "huse_product", "huse_p")
SEMANTIC = ("huse", "huse_product", "huse_p", "devise", "hie")


def findings(outcomes: Sequence[Outcome]) -> list[str]:
    """Returns a line for each finding that the methods at hand allow to check."""
    by_name = {outcome.variant.name: outcome for outcome in outcomes}
    lines = [
        cross_modal_gain(by_name),
        semantic_precision(by_name),
        fusion_not_below_separate(by_name),
    ]
    return [line for line in lines if line]


def cross_modal_gain(by_name: Mapping[str, Outcome]) -> str:
    """Is HUSE's gain over the best other method larger across modalities?

    The gain of a direction is HUSE's mean R@1 less the highest mean R@1 of methods
    that share a space and are not the authors'.
    """
    others = [
        outcome
        for name, outcome in by_name.items()
        if name not in OWN and outcome.variant.shares_space
    ]
    if "huse" not in by_name or not others:
        return ""
    gains, shown = {}, []
    for query, items in DIRECTIONS:
        metric = f"{query}_to_{items}_R@1"
        best = max(others, key=lambda outcome: outcome.mean[metric])
        gains[query, items] = by_name["huse"].mean[metric] - best.mean[metric]
        shown.append(
            f"{query}→{items} {gains[query, items]:+.4f} over {best.variant.name}"
        )
    across = np.mean([gain for (a, b), gain in gains.items() if a != b])
    within = np.mean([gain for (a, b), gain in gains.items() if a == b])
    return (
        "HUSE's gain in R@1 over the best other method is larger across modalities "
        f"than within one: **{_verdict(across > within)}**. Mean gain across "
        f"{across:+.4f}, within {within:+.4f} ({', '.join(shown)})."
    )


def semantic_precision(by_name: Mapping[str, Outcome]) -> str:
    """Have methods that know how classes are related higher HP@K?"""
    one_space = [o for o in by_name.values() if o.variant.shares_space]
    with_names = [o for o in one_space if o.variant.name in SEMANTIC]
    without = [o for o in one_space if o.variant.name not in SEMANTIC]
    if not with_names or not without or not set(by_name) & set(SEMANTIC):
        return ""
    metrics = [f"{q}_to_{i}_HP@{k}" for q, i in DIRECTIONS for k in PRECISION_AT]
    metrics = [m for m in metrics if all(m in o.mean for o in one_space)]

    def means(outcomes: Sequence[Outcome]) -> np.ndarray:
        return np.mean([[o.mean[m] for m in metrics] for o in outcomes], axis=0)

    knowing, others = means(with_names), means(without)
    higher = int((knowing > others).sum())
    each = ", ".join(f"{o.variant.name} {means([o]).mean():.4f}" for o in one_space)
    return (
        "Methods with semantic information have higher HP@K: "
        f"**{_verdict(higher == len(metrics))}**. Their mean is higher in {higher} of "
        f"the {len(metrics)} columns of Table 2; over all columns {knowing.mean():.4f} "
        f"against {others.mean():.4f} ({each})."
    )


def fusion_not_below_separate(by_name: Mapping[str, Outcome]) -> str:
    """Is HUSE's fusion accuracy at least that of separate models?"""
    if not {"huse", "separate"} <= set(by_name):
        return ""
    name = "fusion_accuracy"
    huse, separate = by_name["huse"], by_name["separate"]
    difference = huse.mean[name] - separate.mean[name]
    line = (
        "HUSE's fusion accuracy is not below that of separate models: "
        f"**{_verdict(difference >= 0)}**. {huse.mean[name]:.4f} against "
        f"{separate.mean[name]:.4f}, difference {difference:+.4f}"
    )
    if huse.std and separate.std:
        spread = math.hypot(huse.std[name], separate.std[name])
        line += f" (standard deviation between seeds {spread:.4f})"
    return line + "."


def _verdict(holds: bool) -> str:
    return "holds" if holds else "does not hold"
