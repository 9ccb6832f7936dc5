"""Clocks, lamps, chairs, sofas, coffee tables and desks."""

import math
from random import Random

from PIL import ImageChops

from drawing.canvas import Canvas
from drawing.look import Look
from drawing.outlines import (
    box,
    ellipse,
    minus,
    spline,
    stroke,
    turned,
)
from drawing.palette import BRASS, OAK, STEEL, Colour, tone

GLOW = (255, 240, 196)
INK = (44, 44, 50)


def clock(c: Canvas, look: Look, r: Random) -> None:
    """A dial with ticks and hands in a frame, or an alarm clock on two feet."""
    radius, width = r.uniform(32, 36), r.uniform(3.5, 6.5)
    if look.style == "alarm":
        radius *= 0.8
        for side in (-1, 1):
            foot = [(50 + side * radius * x, 54 + radius * x) for x in (0.6, 0.86)]
            c.part(stroke(foot, 5), tone(look.main, 0.75))
            bell = ellipse(50 + side * radius * 0.62, 54 - radius * 0.98, 10, 8)
            c.part(bell, look.second, "ball")
        c.part(box(48, 50 - radius * 1.3, 52, 54 - radius, 1), tone(look.main, 0.7))
        c.part(ellipse(50, 50 - radius * 1.3, 4.4, 2.6), tone(look.main, 0.7))
    cy = 54 if look.style == "alarm" else 50
    face = r.choice(((250, 249, 245), (250, 249, 245), (244, 236, 216), (48, 50, 56)))
    if look.style == "square":
        edges = (50 - radius, cy - radius, 50 + radius, cy + radius)
        c.part(box(*edges, 6), look.paint(8))
        inner = box(
            *(e + s * width for e, s in zip(edges, (1, 1, -1, -1), strict=True)), 4
        )
        c.part(inner, face, "flat")
    elif look.style == "sunburst":
        for i in range(24):
            angle, far = i * math.pi / 12, radius * (1.18 if i % 2 else 1.02)
            ray = [
                (50 + d * math.cos(angle), cy + d * math.sin(angle))
                for d in (radius * 0.6, far)
            ]
            c.part(stroke(ray, 3.2, 1.6), look.second if i % 2 else look.main)
        radius *= 0.7
        c.part(ellipse(50, cy, radius, radius), look.main)
        inner = c.part(ellipse(50, cy, radius - 3, radius - 3), face, "flat")
        width = 3
    else:
        c.part(ellipse(50, cy, radius, radius), look.paint(8))
        inner = ellipse(50, cy, radius - width, radius - width)
        c.part(inner, face, "flat")
    c.shade(minus(inner, ImageChops.offset(inner, 6, 6)), 0.5, inner)
    _dial(c, cy, radius - width - 3, INK if sum(face) > 400 else (240, 240, 240), r)
    c.part(ellipse(50, cy, 2.2, 2.2), look.second, "ball")


def _dial(c: Canvas, cy: float, radius: float, ink: Colour, r: Random) -> None:
    every = r.choice((1, 1, 3))
    for i in range(0, 12, every):
        angle, long = i * math.pi / 6, 0.78 if i % 3 == 0 else 0.88
        tick = [
            (50 + radius * d * math.cos(angle), cy + radius * d * math.sin(angle))
            for d in (long, 1)
        ]
        c.line(tick, ink, 2.2 if i % 3 == 0 else 1.3, 0.9)
    hour = r.uniform(0, 12)
    for turn, reach, width in ((hour / 12, 0.52, 2.8), (hour % 1, 0.8, 1.9)):
        angle = 2 * math.pi * turn - math.pi / 2
        end = (
            50 + radius * reach * math.cos(angle),
            cy + radius * reach * math.sin(angle),
        )
        c.line([(50, cy), end], ink, width, 1)


def table_lamp(c: Canvas, look: Look, r: Random) -> None:
    """A shade on a base."""
    wide, narrow = r.uniform(24, 29), r.uniform(12, 18)
    top, low = 14, r.uniform(42, 48)
    metal = r.choice((BRASS, STEEL, OAK, look.second))
    if look.style == "tripod":
        for x in (-22, 22, 3):
            c.part(stroke([(50, low - 2), (50 + x, 88)], 3.6, 2.6), metal)
    elif look.style == "column":
        c.part(turned(50, [(low - 2, 2), (86, 2)], 0.1), metal, "round")
        c.part(turned(50, [(84, 15), (87, 16)], 0.16), metal, "round")
    else:
        plump = r.uniform(14, 19)
        shape = [(low - 2, 3), (low + 6, 4), (66, plump), (80, plump * 0.8)]
        body = spline([*shape, (87, plump * 0.62)])
        c.part(turned(50, body, 0.12), look.second, "gloss")
    shade = turned(50, [(top, narrow), (low, wide)], 0.12)
    c.part(shade, look.paint(9), "round", bend=3)
    c.glow(ellipse(50, low - 5, wide * 0.6, 8), GLOW, 0.5, shade)
    c.part(ellipse(50, top, narrow, narrow * 0.13), tone(look.main, 1.35), edge=0.75)


def pendant_lamp(c: Canvas, look: Look, r: Random) -> None:
    """A shade on a cord under a ceiling rose."""
    drop = r.uniform(36, 48)
    c.part(box(42, 6, 58, 10.5, 2), tone(look.second, 0.85))
    c.part(stroke([(50, 10), (50, drop)], 1.5), INK, "flat")
    c.part(turned(50, [(drop - 5, 2.6), (drop + 1, 3.4)], 0.1), BRASS, "gloss")
    wide, height = r.uniform(25, 31), r.uniform(26, 32)
    if look.style == "globe":
        half = height * 0.62
        ball = ellipse(50, drop + half, half, half)
        c.part(ball, look.paint(8), "ball")
        c.glow(ellipse(50, drop + half, half * 0.5, half * 0.5), GLOW, 0.5, ball)
        return
    shape = {
        "dome": [(0, 0.12), (0.1, 0.5), (0.45, 0.86), (1, 1)],
        "cone": [(0, 0.12), (0.5, 0.52), (1, 0.95)],
        "drum": [(0, 0.85), (0.5, 0.86), (1, 0.86)],
        "bell": [(0, 0.14), (0.2, 0.36), (0.7, 0.5), (1, 0.85)],
    }[look.style]
    low = drop + height
    profile = spline([(drop + height * y, wide * x) for y, x in shape])
    rim = profile[-1][1]
    c.part(ellipse(50, low, rim, rim * 0.16), tone(look.second, 0.9), edge=0.7)
    c.part(ellipse(50, low + 0.6, rim * 0.86, rim * 0.11), GLOW, "flat", 0.9, 1)
    c.part(ellipse(50, low + 1, 5.4, 5.8), (255, 250, 226), "ball")
    body = minus(turned(50, profile, 0.0), ellipse(50, low + 1.5, rim, rim * 0.15))
    c.part(body, look.paint(9), "round", bend=2)
