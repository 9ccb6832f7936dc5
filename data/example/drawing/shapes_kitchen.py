"""Mugs, teacups, teapots, bottles and vases: turned bodies, seen from a bit above."""

from random import Random

from drawing.canvas import Canvas
from drawing.look import Look
from drawing.outlines import blob, box, ellipse, minus, ring, spline, stroke, turned
from drawing.palette import OAK, STEEL, tone

TEA = (150, 88, 40)
COFFEE = (84, 54, 36)


def mug(c: Canvas, look: Look, r: Random) -> None:
    """A tall cylinder with a handle on one side."""
    side, half, height = r.choice((-1, 1)), r.uniform(19, 23), r.uniform(40, 52)
    cx, top, bottom = 50 - side * 7, 50 - height / 2, 50 + height / 2
    low, middle = {"tapered": (0.7, 0.87), "barrel": (0.84, 1.12)}.get(
        look.style, (1.0, 1.0)
    )
    profile = spline([(top, half), (50, half * middle), (bottom, half * low)])
    reach, handle = half * middle, look.second if r.random() < 0.3 else look.main
    if look.style == "enamel":
        handle = look.main
    if r.random() < 0.5:
        outer = ring(cx + side * reach, 50, 13, height * 0.33, 4.6)
    else:
        x0, x1 = sorted((cx + side * (reach - 6), cx + side * (reach + 13)))
        outer = minus(
            box(x0, 50 - height * 0.3, x1, 50 + height * 0.3, 8),
            box(x0 + 4.4, 54.4 - height * 0.3, x1 - 4.4, 45.6 + height * 0.3, 5),
        )
    c.part(outer, handle)
    c.part(turned(cx, profile, 0.2), look.paint(11), "round", bend=4)
    inside = look.second if look.style != "enamel" else (244, 242, 236)
    c.rim(cx, top, half, 0.2, inside)
    if look.style == "enamel":
        c.part(ring(cx, top, half, half * 0.2, 1.6), look.second, "flat", edge=1)
    elif r.random() < 0.35:
        c.part(ellipse(cx, top + 1.2, half - 2.6, half * 0.2 - 2), COFFEE, "flat")


def teacup(c: Canvas, look: Look, r: Random) -> None:
    """A low wide bowl with a small handle, on a saucer."""
    side, half, y = r.choice((-1, 1)), r.uniform(23, 27), r.uniform(34, 38)
    cx = 50 - side * 3
    waist = {"tulip": 0.7, "wide": 0.86, "footed": 0.8}[look.style]
    depth = {"tulip": 30, "wide": 22, "footed": 26}[look.style]
    foot = y + depth
    c.part(ellipse(cx, foot + 3, half + 13, 7.5), look.paint(8))
    c.part(ellipse(cx, foot + 2, half + 3, 4.2), tone(look.main, 0.9), edge=0.9)
    c.shade(ellipse(cx + 2, foot + 3, half * 0.7, 2.6), 0.35)
    handle = [(0, 0), (9, -4), (13, 3), (8, 11), (-4, 12)]
    start = cx + side * half * 0.95
    c.part(
        stroke(spline([(start + side * x, y + 5 + dy) for x, dy in handle]), 3),
        look.second if r.random() < 0.4 else look.main,
    )
    outline = [(y, half), (y + depth * 0.35, half * (waist + 1) / 2)]
    outline += [(y + depth * 0.75, half * waist * 0.62), (foot, half * 0.36)]
    if look.style == "footed":
        outline[-1:] = [(foot - 3, half * 0.3), (foot, half * 0.45)]
    c.part(turned(cx, spline(outline), 0.18), look.paint(9), "round", bend=3.5)
    c.rim(cx, y, half, 0.2, (240, 238, 230))
    if r.random() < 0.7:
        drink = TEA if r.random() < 0.7 else COFFEE
        c.part(ellipse(cx, y + 1.2, half - 3.2, half * 0.2 - 2.2), drink, "flat")
    c.part(ring(cx, y, half, half * 0.2, 1.1), look.second, "flat", 0.8, 1)


def teapot(c: Canvas, look: Look, r: Random) -> None:
    """A round body with spout, handle and lid."""
    side = r.choice((-1, 1))
    half, height = {"round": (24, 38), "tall": (20, 46), "squat": (27, 30)}[look.style]
    half, cx = half * r.uniform(0.93, 1.06), 50 + side * 2
    top = 56 - height / 2
    trim = look.second if r.random() < 0.6 else look.main
    spout = [(0.6, 0.72), (1.1, 0.6), (1.35, 0.25), (1.72, 0.02)]
    points = [(cx - side * half * x, top + height * y) for x, y in spout]
    c.part(stroke(spline(points), 11, 4.2), look.main)
    if look.style == "squat" or (look.style == "round" and r.random() < 0.25):
        arch = [(-0.72, 0.12), (-0.74, -0.5), (0, -0.87), (0.74, -0.5), (0.72, 0.12)]
        loop = [(cx + half * x, top + height * y) for x, y in arch]
        c.part(stroke(spline(loop), 2.8), OAK if trim == look.main else trim)
    else:
        ear = [(0.75, 0.16), (1.3, -0.02), (1.68, 0.3), (1.45, 0.65), (0.85, 0.76)]
        loop = [(cx + side * half * x, top + height * y) for x, y in ear]
        c.part(stroke(spline(loop), 4.2), trim)
    shape = [(0, 0.5), (0.16, 0.8), (0.5, 1), (0.8, 0.84), (1, 0.58)]
    body = spline([(top + height * y, half * x) for y, x in shape])
    c.part(turned(cx, body, 0.14), look.paint(9), "ball", bend=4)
    lid = [(top - 6, half * 0.12), (top - 4, half * 0.34), (top + 1, half * 0.52)]
    c.shade(ellipse(cx, top + 2, half * 0.56, 3), 0.3)
    c.part(turned(cx, spline(lid), 0.16), trim, "round")
    c.part(ellipse(cx, top - 8.5, 3.4, 3.2), tone(trim, 0.85), "ball")


def bottle(c: Canvas, look: Look, r: Random) -> None:
    """A tall narrow body with a neck and a cap."""
    half, height = r.uniform(11.5, 15), r.uniform(64, 72)
    top, bottom = 54 - height / 2, 54 + height / 2
    neck, shoulder = {
        "sports": (0.8, 0.1),
        "flask": (0.62, 0.16),
        "swing-top": (0.34, 0.42),
        "slim": (0.44, 0.26),
    }[look.style]
    turn = top + height * shoulder
    outline = [(top, half * neck), (top + height * shoulder * 0.45, half * neck)]
    outline += [(turn, half * 0.94), (turn + 6, half), (bottom - 4, half)]
    outline += [(bottom, half * 0.9)]
    light = "gloss" if look.material in ("steel", "glass") else "round"
    profile = spline(outline)
    c.part(turned(50, profile, 0.08), look.paint(11), light, bend=2)
    if look.style == "flask":
        band = turned(50, [(bottom - 7, half), (bottom - 3, half)], 0.1)
        c.part(band, STEEL, "gloss")
    if look.style == "sports" and r.random() < 0.6:
        grip = turned(50, [(turn + 18, half * 1.02), (turn + 28, half * 1.02)], 0.1)
        c.part(grip, look.second, "round")
    if look.material == "glass" and look.pattern == "solid":
        label = turned(50, [(turn + 10, half * 0.99), (turn + 24, half * 0.99)], 0.1)
        c.part(label, (244, 240, 228), "round", edge=0.9)
        c.line([(44, turn + 16), (56, turn + 16)], look.second, 1.6)
        c.line([(46, turn + 20), (54, turn + 20)], look.second, 1)
    wide = half * neck + 1.4
    if look.style == "swing-top":
        c.part(turned(50, [(top - 6, 3.4), (top, 4.4)], 0.15), (238, 234, 226), "round")
        wire = [(50 - wide, top + 9), (50 - wide - 1, top), (50, top - 7)]
        c.line(wire, (110, 112, 118), 1)
        c.line([(100 - x, y) for x, y in wire], (110, 112, 118), 1)
        return
    if look.style == "sports":
        c.part(ring(50, top - 8, wide * 0.62, 7, 2.6), look.second)
    cap = STEEL if look.style == "flask" and r.random() < 0.5 else look.second
    high = 9 if look.style == "flask" else 6
    c.part(turned(50, [(top - high, wide * 0.94), (top + 1, wide)], 0.1), cap, "gloss")


def vase(c: Canvas, look: Look, r: Random) -> None:
    """A turned vessel without handle, some with stems in it."""
    shape = {
        "bud": [(0, 0.24), (0.3, 0.26), (0.55, 0.8), (0.78, 1), (1, 0.62)],
        "amphora": [(0, 0.5), (0.12, 0.4), (0.35, 0.98), (0.6, 0.86), (1, 0.42)],
        "cylinder": [(0, 0.62), (0.5, 0.62), (1, 0.62)],
        "trumpet": [(0, 0.9), (0.3, 0.5), (0.7, 0.4), (1, 0.56)],
        "globe": [(0, 0.42), (0.12, 0.46), (0.5, 1.15), (0.85, 0.9), (1, 0.6)],
    }[look.style]
    half, height = r.uniform(19, 23), r.uniform(42, 54)
    stems = r.random() < 0.55
    top = 88 - height if stems else 50 - height / 2
    if stems:
        _stems(c, top, r)
    profile = spline([(top + height * y, half * x) for y, x in shape])
    light = "gloss" if look.material == "glass" else "round"
    c.part(turned(50, profile, 0.16), look.paint(10), light, bend=4)
    if stems:
        c.part(ring(50, top, profile[0][1], profile[0][1] * 0.16, 1.2), look.main)
    else:
        c.rim(50, top, profile[0][1], 0.18, look.main)


def _stems(c: Canvas, top: float, r: Random) -> None:
    leaf = r.choice(((92, 138, 84), (128, 150, 110), (188, 150, 96)))
    bloom = r.choice(
        ((236, 120, 130), (250, 214, 96), (246, 240, 232), (186, 140, 206))
    )
    kind = r.choice(("leaves", "blooms", "grass"))
    for _ in range(r.randint(3, 5)):
        x, y = 50 + r.uniform(-24, 24), r.uniform(8, 22)
        path = spline([(50, top + 2), (50 + (x - 50) * 0.4, (top + y) / 2), (x, y)])
        c.line(path, tone(leaf, 0.8), 1.3, 1)
        if kind == "blooms":
            for dx, dy in ((-3, 0), (3, 0), (0, -3), (0, 3)):
                c.part(ellipse(x + dx, y + dy, 3, 3), bloom, "flat", edge=0.86)
            c.part(ellipse(x, y, 2, 2), (214, 160, 60), "flat")
        elif kind == "grass":
            c.part(stroke([path[-1], path[-6], path[-11]], 4.5, 2), tone(leaf, 1.2))
        else:
            for at, side in ((8, -1), (11, 1), (14, -1), (17, 1), (19, 0)):
                px, py = path[at]
                tip = (px + side * 6, py - 5)
                c.part(blob([(px, py), (px + side * 5, py), tip, (px, py - 4)]), leaf)
