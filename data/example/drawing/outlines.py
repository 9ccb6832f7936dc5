"""Masks of shapes. A canvas is 100 units wide and high, y points down."""

import math
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw

SIZE = 96
SUPERSAMPLING = 4
SIDE = SIZE * SUPERSAMPLING
UNIT = SIDE / 100

Point = tuple[float, float]
Mask = Image.Image


def _pixels(points: Sequence[Point]) -> list[Point]:
    return [(x * UNIT, y * UNIT) for x, y in points]


def _blank() -> tuple[Mask, ImageDraw.ImageDraw]:
    mask = Image.new("L", (SIDE, SIDE), 0)
    return mask, ImageDraw.Draw(mask)


def spline(points: Sequence[Point], closed: bool = False) -> list[Point]:
    """Catmull-Rom curve through `points`."""
    n = len(points)
    curve = []
    for i in range(n if closed else n - 1):
        a, b, c, d = (
            points[(i + k) % n] if closed else points[min(max(i + k, 0), n - 1)]
            for k in (-1, 0, 1, 2)
        )
        for step in range(10):
            t = step / 10
            curve.append(
                tuple(
                    b[axis]
                    + 0.5 * t * (c[axis] - a[axis])
                    + t * t * (a[axis] - 2.5 * b[axis] + 2 * c[axis] - 0.5 * d[axis])
                    + t**3 * 0.5 * (3 * (b[axis] - c[axis]) + d[axis] - a[axis])
                    for axis in (0, 1)
                )
            )
    return curve if closed else [*curve, points[-1]]


def polygon(points: Sequence[Point]) -> Mask:
    """Straight-edged area."""
    mask, draw = _blank()
    draw.polygon(_pixels(points), fill=255)
    return mask


def blob(points: Sequence[Point]) -> Mask:
    """Area inside a smooth closed curve."""
    return polygon(spline(points, closed=True))


def ellipse(cx: float, cy: float, rx: float, ry: float) -> Mask:
    """Filled ellipse of half axes rx, ry."""
    mask, draw = _blank()
    draw.ellipse(_pixels([(cx - rx, cy - ry)]) + _pixels([(cx + rx, cy + ry)]), 255)
    return mask


def box(x0: float, y0: float, x1: float, y1: float, radius: float = 0) -> Mask:
    """Rectangle, its corners rounded."""
    mask, draw = _blank()
    corners = _pixels([(x0, y0), (x1, y1)])
    draw.rounded_rectangle(corners, radius * UNIT, fill=255)
    return mask


def stroke(points: Sequence[Point], width: float, end: float | None = None) -> Mask:
    """Line with round ends whose width runs from `width` to `end`."""
    mask, draw = _blank()
    end = width if end is None else end
    dense = []
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        steps = max(1, round(math.hypot(x1 - x0, y1 - y0) * 2))
        dense += [
            (x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps)
            for i in range(steps)
        ]
    dense.append(points[-1])
    for i, (x, y) in enumerate(dense):
        radius = (width + (end - width) * i / len(dense)) / 2
        circle = [(x - radius, y - radius), (x + radius, y + radius)]
        draw.ellipse(_pixels(circle), 255)
    return mask


def ring(cx: float, cy: float, rx: float, ry: float, width: float) -> Mask:
    """Ellipse with a hole; rx, ry are the outer half axes."""
    hole = ellipse(cx, cy, max(rx - width, 0), max(ry - width, 0))
    return minus(ellipse(cx, cy, rx, ry), hole)


def turned(cx: float, profile: Sequence[tuple[float, float]], tilt: float) -> Mask:
    """Side of a turned body.

    Args:
        cx: axis of the body.
        profile: (y, half width) from top to bottom.
        tilt: height of the rim's ellipse over its width; 0 is seen from the side.
    """
    left = [(cx - half, y) for y, half in profile]
    right = [(cx + half, y) for y, half in reversed(profile)]
    (top, top_half), (bottom, bottom_half) = profile[0], profile[-1]
    side = polygon(left + right)
    rims = union(
        ellipse(cx, top, top_half, top_half * tilt),
        ellipse(cx, bottom, bottom_half, bottom_half * tilt),
    )
    return union(side, rims)


def mirrored(points: Sequence[Point]) -> list[Point]:
    """Outline whose left half is `points`, from top to bottom."""
    return [*points, *((100 - x, y) for x, y in reversed(points))]


def union(*masks: Mask) -> Mask:
    """All that is in any mask."""
    result = masks[0]
    for mask in masks[1:]:
        result = ImageChops.lighter(result, mask)
    return result


def minus(mask: Mask, hole: Mask) -> Mask:
    """What of `mask` is outside `hole`."""
    return ImageChops.subtract(mask, hole)


def common(mask: Mask, other: Mask) -> Mask:
    """What is in both masks."""
    return ImageChops.multiply(mask, other)
