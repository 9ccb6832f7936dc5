"""What of two starts of a run differs, a line each."""

from collections.abc import Mapping, Sequence

import numpy as np

_SHOWN = 12  # characters of a digest


def fact_differences(
    then: Mapping[str, object], now: Mapping[str, object], prefix: str = ""
) -> list[str]:
    """Lists what differs, one line a fact: "rows: 60 then, 59 now"."""
    lines = []
    for name in dict.fromkeys([*then, *now]):
        a, b = then.get(name), now.get(name)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            lines += fact_differences(a, b, f"{prefix}{name} ")
        elif a != b:
            lines.append(f"{prefix}{name}: {_short(a)} then, {_short(b)} now")
    return lines


def class_differences(then: Sequence[str], now: Sequence[str]) -> list[str]:
    """Lists classes that came or went."""
    lines = []
    for what, names in (("new", set(now) - set(then)), ("gone", set(then) - set(now))):
        if names:
            first = ", ".join(sorted(names)[:3])
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            lines.append(f"{what} in the class list: {first}{more}")
    return lines


def graph_differences(then: np.ndarray, now: np.ndarray) -> list[str]:
    """Compares semantic graphs of the same classes [K, K], but for rounding."""
    largest = float(np.abs(then - now).max())
    if largest < 1e-3:
        return []
    return [f"class distances differ by up to {largest:.2g} (class_encoder)"]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 3 * _SHOWN else f"{text[:_SHOWN]}..."
