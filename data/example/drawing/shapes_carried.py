"""Watches, glasses and umbrellas."""

import math
from random import Random

from drawing.canvas import Canvas
from drawing.look import Look
from drawing.outlines import (
    blob,
    box,
    common,
    ellipse,
    minus,
    polygon,
    spline,
    stroke,
)
from drawing.palette import BRASS, OAK, STEEL, tone

INK = (44, 44, 50)


def watch(c: Canvas, look: Look, r: Random) -> None:
    """A dial on a strap."""
    half, radius = r.uniform(7.5, 10), r.uniform(18, 21)
    metal = r.choice((STEEL, STEEL, BRASS, (60, 62, 68)))
    digital = look.style == "digital"
    for y0, y1, end in ((12, 40, 0.86), (88, 60, 0.82)):
        shape = [
            (50 - half * end, y0),
            (50 + half * end, y0),
            (50 + half, y1),
            (50 - half, y1),
        ]
        band = c.part(polygon(shape), look.paint(6), edge=0.62)
        if look.style == "bracelet":
            for i in range(9):
                y = y0 + (y1 - y0) * i / 9
                c.line([(38, y), (62, y)], tone(look.main, 0.55), 1, 0.9, band)
            for x in (-0.35, 0.35):
                c.line(
                    [(50 + half * x, y0), (50 + half * x, y1)],
                    tone(look.main, 0.6),
                    0.8,
                    0.8,
                    band,
                )
        elif not digital:
            for x in (-0.72, 0.72):
                c.stitches([(50 + half * x, y0), (50 + half * x, y1)], look.second)
    if not digital and look.style != "bracelet":
        for y in (75, 79.5, 84):
            c.part(ellipse(50, y, 1.1, 1.3), tone(look.main, 0.4), "flat", edge=1)
    face = look.second
    light = sum(face) > 380
    ink = INK if light else (246, 244, 238)
    c.part(box(49 + radius, 47, 54 + radius, 53, 1), metal)
    if digital or look.style == "square":
        c.part(
            box(50 - radius, 50 - radius, 50 + radius, 50 + radius, 6), metal, edge=0.6
        )
        inner = box(54 - radius, 54 - radius, 46 + radius, 46 + radius, 4)
    else:
        c.part(ellipse(50, 50, radius, radius), metal, edge=0.6)
        inner = ellipse(50, 50, radius - 3, radius - 3)
    if digital:
        c.part(inner, (50, 54, 60), "flat")
        c.part(box(39, 43, 61, 56, 2), (188, 204, 178), "flat")
        _digits(c, r)
        return
    c.part(inner, face, "flat", edge=0.85)
    for i in range(12):
        angle = i * math.pi / 6
        tick = [
            (
                50 + (radius - 5) * d * math.cos(angle),
                50 + (radius - 5) * d * math.sin(angle),
            )
            for d in (0.84, 1)
        ]
        c.line(tick, ink, 1.4, 0.9)
    for angle, reach in ((r.uniform(0, 6.28), 0.5), (r.uniform(0, 6.28), 0.74)):
        end = (
            50 + radius * reach * math.cos(angle),
            50 + radius * reach * math.sin(angle),
        )
        c.line([(50, 50), end], ink, 1.8, 1)
    c.part(ellipse(50, 50, 1.6, 1.6), metal, "flat")


def _digits(c: Canvas, r: Random) -> None:
    lit = {0: "abcdef", 1: "bc", 2: "abged", 5: "afgcd", 7: "abc", 8: "abcdefg"}
    where = {
        "a": (0, 0, 1, 0),
        "b": (1, 0, 1, 1),
        "c": (1, 1, 1, 2),
        "d": (0, 2, 1, 2),
        "e": (0, 1, 0, 2),
        "f": (0, 0, 0, 1),
        "g": (0, 1, 1, 1),
    }
    for x in (41, 46, 52, 57):
        for segment in lit[r.choice(sorted(lit))]:
            x0, y0, x1, y1 = where[segment]
            c.line(
                [(x + x0 * 3, 45.5 + y0 * 4), (x + x1 * 3, 45.5 + y1 * 4)], INK, 1, 1
            )


def glasses(c: Canvas, look: Look, r: Random) -> None:
    """Two lenses with a bridge and the start of the temples."""
    wide, high = r.uniform(15.5, 17.5), r.uniform(13, 15)
    bar = 1.8 if look.material == "metal" else r.uniform(3, 4.2)
    sun = look.pattern == "solid" and r.random() < 0.62
    lens = r.choice(((62, 62, 70), (96, 76, 60), (64, 88, 84), look.second))
    shapes = {
        "round": [
            (0, -1),
            (0.72, -0.7),
            (1, 0),
            (0.7, 0.72),
            (0, 1),
            (-0.7, 0.72),
            (-1, 0),
            (-0.72, -0.7),
        ],
        "square": [
            (-1, -0.82),
            (0, -0.9),
            (1, -0.86),
            (1.02, -0.2),
            (0.8, 0.75),
            (0, 0.86),
            (-0.76, 0.74),
            (-0.98, -0.2),
        ],
        "aviator": [
            (-0.9, -0.8),
            (0, -0.9),
            (1, -0.8),
            (1.02, 0),
            (0.6, 0.95),
            (0, 1.12),
            (-0.7, 0.62),
            (-0.98, -0.2),
        ],
        "cat-eye": [
            (-0.9, -0.6),
            (0, -0.74),
            (1.22, -1.1),
            (1, 0),
            (0.5, 0.76),
            (-0.1, 0.8),
            (-0.8, 0.5),
            (-0.98, -0.1),
        ],
    }
    gap = wide + r.uniform(4.5, 6)
    for side in (-1, 1):
        temple = [(50 + side * (gap + wide), 44), (50 + side * (gap + wide + 6), 40)]
        temple.append((50 + side * (gap + wide + 7), 47))
        c.part(stroke(temple, max(bar, 2.4)), tone(look.main, 0.8))
    c.part(
        stroke(spline([(50 - 6.5, 46), (50, 43), (56.5, 46)]), max(bar * 0.9, 2)),
        look.main,
    )
    if look.style == "aviator":
        c.part(stroke([(50 - 8, 39), (58, 39)], 1.8), look.main)
    for side in (-1, 1):
        points = [
            (50 + side * (gap + wide * x), 50 + high * y) for x, y in shapes[look.style]
        ]
        outer = blob(points)
        grow = 1 - bar / wide, 1 - bar / high
        inner = blob(
            [
                (50 + side * (gap + wide * x * grow[0]), 50 + high * y * grow[1])
                for x, y in shapes[look.style]
            ]
        )
        c.part(
            inner, lens if sun else (214, 232, 240), "soft", 0.9 if sun else 0.45, 0.9
        )
        for dx in (-4, 1):
            x = 50 + side * gap + dx
            c.line([(x - 4, 60), (x + 6, 41)], (255, 255, 255), 2.2, 0.35, inner)
        c.part(minus(outer, inner), look.paint(5), edge=0.7)


def umbrella(c: Canvas, look: Look, r: Random) -> None:
    """An open canopy on a stick, or folded."""
    grip = r.choice((look.second, OAK, INK))
    if look.style == "folded":
        c.part(stroke([(50, 6), (50, 84)], 1.8), STEEL)
        hook = spline([(50, 78), (50, 90), (55, 94), (60, 90), (60, 85)])
        c.part(stroke(hook, 3.8), grip)
        body = [(48.5, 10), (43, 30), (39, 62), (42, 68), (50, 70), (58, 68), (61, 62)]
        folded = c.part(blob([*body, (57, 30), (51.5, 10)]), look.paint(8), edge=0.66)
        for x in (-6, 0, 6):
            c.line(
                [(50 + x * 0.1, 12), (50 + x, 68)],
                tone(look.main, 0.6),
                1.1,
                0.8,
                folded,
            )
        c.part(common(box(36, 50, 64, 54), folded), look.second, edge=0.8)
        return
    deep = {"dome": 44, "golf": 32}.get(look.style, 37)
    half = {"dome": 36, "golf": 43}.get(look.style, 39)
    low = 12 + deep
    c.part(stroke([(50, 8), (50, 84)], 2.2), STEEL)
    if look.style == "golf":
        c.part(stroke([(50, 78), (50, 92)], 4.2), grip)
    else:
        hook = spline([(50, 78), (50, 89), (54.5, 93), (59, 89), (59, 84)])
        c.part(stroke(hook, 3.8), grip)
    canopy = minus(ellipse(50, low, half, deep), box(0, low, 100, 100))
    ribs = [-1, -0.62, -0.22, 0.22, 0.62, 1]
    for x0, x1 in zip(ribs, ribs[1:], strict=False):
        middle, width = 50 + half * (x0 + x1) / 2, half * (x1 - x0) / 2
        canopy = minus(canopy, ellipse(middle, low + 0.5, width * 0.96, 4))
    c.part(canopy, look.paint(10), "ball", edge=0.66)
    panels = r.random() < 0.5 and look.pattern == "solid"
    for i, (x0, x1) in enumerate(zip(ribs, ribs[1:], strict=False)):
        if panels and i % 2:
            panel = _gore(half, low, deep, x0) + _gore(half, low, deep, x1)[::-1]
            c.part(common(polygon(panel), canopy), look.second, "soft", edge=0.9)
    for x in ribs[1:-1]:
        c.line(_gore(half, low, deep, x), tone(look.main, 0.6), 1, 0.8, canopy)
    c.part(box(49, 6, 51, 14, 0.8), grip)


def _gore(half: float, low: float, deep: float, x: float) -> list:
    """Rib of a canopy from its tip to the rim at x, -1 to 1."""
    return [
        (
            50 + half * x * math.sin(t * math.pi / 16),
            low - deep * math.cos(t * math.pi / 16),
        )
        for t in range(9)
    ]
