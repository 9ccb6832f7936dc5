"""Checks of plain arguments, where a part is built.

They return a value as it came, or raise a ValueError that names the argument, what
was expected and what was received.
"""

import math
import numbers
from collections.abc import Iterable
from typing import Any


def number(
    name: str, value: Any, low: float, high: float = math.inf, bounds: str = "[]"
) -> float:
    """A finite number between `low` and `high`; "(" or ")" leaves a bound out."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not (
        real
        and math.isfinite(value)
        and (value > low if bounds[0] == "(" else value >= low)
        and (value < high if bounds[1] == ")" else value <= high)
    ):
        raise _wrong(name, f"a number {range_text(low, high, bounds)}", value)
    return value


def not_negative(**values: Any) -> None:
    """Each argument, by its name, is a finite number of at least 0."""
    for name, value in values.items():
        number(name, value, 0)


def integer(name: str, value: Any, low: int, high: float = math.inf) -> int:
    """A whole number between `low` and `high`, both included."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not (whole and low <= value <= high):
        raise _wrong(name, f"a whole number {range_text(low, high, '[]')}", value)
    return value


def choice(name: str, value: Any, known: Iterable[str]) -> str:
    """One of the words known."""
    known = tuple(known)
    if value not in known:
        raise _wrong(name, f"one of {', '.join(known)}", value)
    return value


def range_text(low: float, high: float, bounds: str) -> str:
    """Says in words what lies between two bounds: ">= 0", "in [0, 1)"."""
    if high == math.inf:
        return f"{'>' if bounds[0] == '(' else '>='} {low:.10g}"
    return f"in {bounds[0]}{low:.10g}, {high:.10g}{bounds[1]}"


def _wrong(name: str, expected: str, value: Any) -> ValueError:
    return ValueError(f"{name} must be {expected}. Received: {value!r}")
