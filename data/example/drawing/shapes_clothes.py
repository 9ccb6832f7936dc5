"""T-shirts, shirts, trousers and shorts, laid flat."""

import math
from random import Random

from drawing.canvas import Canvas
from drawing.look import Look
from drawing.outlines import (
    box,
    common,
    ellipse,
    minus,
    mirrored,
    polygon,
    stroke,
)
from drawing.palette import BRASS, tone


def tshirt(c: Canvas, look: Look, r: Random) -> None:
    """A wide body with short sleeves and an open neck."""
    half, hem = r.uniform(20, 24), r.uniform(80, 88)
    cuff, drop = r.uniform(11, 16), r.uniform(36, 43)
    neck = r.uniform(7.5, 10)
    sleeve = [(50 - half * 0.82, 21), (cuff, drop), (cuff + 10.5, drop + 7)]
    left = [(50 - neck, 16), *sleeve, (50 - half, 41), (50 - half * 1.03, hem)]
    whole = polygon(mirrored(left))
    ringer = look.style == "ringer"
    c.part(whole, look.paint(9), edge=0.72)
    for flip in (lambda x: x, lambda x: 100 - x):
        seam = [(50 - half * 0.84, 21), (50 - half, 41)]
        c.line([(flip(x), y) for x, y in seam], tone(look.main, 0.6), 1.1, 0.7, whole)
        band = stroke([(flip(x), y) for x, y in sleeve[1:]], 4.2 if ringer else 2.4)
        band = common(band, whole)
        c.part(band, look.second if ringer else tone(look.main, 0.88), edge=0.85)
        fold = [(flip(50 - half * 0.5), hem), (flip(50 - half * 0.72), 58)]
        c.line(fold, tone(look.main, 0.7), 1.6, 0.3, whole)
    c.stitches([(50 - half, hem - 3), (50 + half, hem - 3)], tone(look.main, 0.72))
    collar = look.second if ringer else tone(look.main, 0.86)
    if look.style == "V-neck":
        opening = polygon([(50 - neck, 15), (50 + neck, 15), (50, 32)])
        rib = polygon([(47 - neck, 15), (53 + neck, 15), (50, 36)])
    else:
        opening = ellipse(50, 15.5, neck, 8)
        rib = ellipse(50, 15.5, neck + 3, 11)
    c.part(common(rib, whole), collar, edge=0.85)
    c.part(common(opening, whole), tone(look.main, 0.52), edge=0.9)
    if look.style == "graphic":
        _print(c, look, r)
    elif look.style == "pocket":
        c.part(box(54, 38, 66, 51, 2), look.second, edge=0.75)


def _print(c: Canvas, look: Look, r: Random) -> None:
    colour, kind = look.second, r.choice(("sun", "star", "peak", "bars", "ring"))
    if kind == "star":
        points = [
            (50 + d * math.sin(i * math.pi / 5), 50 - d * math.cos(i * math.pi / 5))
            for i, d in enumerate((13, 5.4) * 5)
        ]
        c.part(polygon(points), colour, "flat", edge=1)
    elif kind == "peak":
        c.part(
            polygon([(35, 60), (47, 40), (53, 50), (57, 45), (66, 60)]), colour, "flat"
        )
        c.part(ellipse(61, 40, 3.6, 3.6), colour, "flat", edge=1)
    elif kind == "bars":
        for y in (42, 49, 56):
            c.part(box(36, y, 64, y + 4, 1), colour, "flat", edge=1)
    else:
        c.part(ellipse(50, 50, 13, 13), colour, "flat", edge=1)
        if kind == "ring":
            c.part(ellipse(50, 50, 8, 8), tone(look.main, 1), "flat", edge=1)


def shirt(c: Canvas, look: Look, r: Random) -> None:
    """Collar, button placket and sleeves with cuffs."""
    half, hem = r.uniform(18, 21), r.uniform(82, 88)
    short = look.style == "short-sleeved"
    wrist, elbow = (12, 46) if short else (r.uniform(9, 12), r.uniform(68, 74))
    paint = look.paint(8)
    for flip in (lambda x: x, lambda x: 100 - x):
        arm = [(50 - half * 0.8, 18), (50 - half * 1.15, 22), (wrist, elbow)]
        arm += [(wrist + 10, elbow + 3), (50 - half * 0.82, 42)]
        c.part(polygon([(flip(x), y) for x, y in arm]), paint, edge=0.66)
        cuff = stroke([(flip(wrist + 1), elbow - 1), (flip(wrist + 9), elbow + 1)], 6)
        c.part(cuff, look.main if short else tone(look.main, 0.92), edge=0.72)
    left = [
        (42, 14),
        (50 - half * 0.9, 18.5),
        (50 - half, 42),
        (50 - half * 0.97, hem - 6),
    ]
    left.append((50 - half * 0.6, hem))
    whole = c.part(polygon(mirrored(left)), paint, edge=0.66)
    for side in (-1, 1):
        fold = [(50 + side * half * 0.55, hem - 4), (50 + side * half * 0.75, 56)]
        c.line(fold, tone(look.main, 0.7), 1.6, 0.3, whole)
    c.part(common(box(46.6, 18, 53.4, 92), whole), tone(look.main, 0.94), edge=0.75)
    button = look.second
    for y in range(28, int(hem) - 2, 9):
        c.part(ellipse(50, y, 1.7, 1.7), button, "flat", edge=0.6)
    pockets = {"two-pocket": (-1, 1), "classic": (1,)}.get(look.style, ())
    for side in pockets:
        x = 50 + side * half * 0.56
        c.part(box(x - 5.4, 36, x + 5.4, 48, 1.6), look.paint(8), edge=0.62)
        if look.style == "two-pocket":
            c.part(box(x - 5.8, 35, x + 5.8, 39, 1), tone(look.main, 0.86), edge=0.7)
    c.part(ellipse(50, 13.6, 8, 4), tone(look.main, 0.5), edge=0.9)
    if look.style == "grandad-collar":
        stand = minus(ellipse(50, 14, 10, 7), ellipse(50, 12.6, 8, 4.6))
        c.part(common(stand, box(0, 12.5, 100, 30)), tone(look.main, 0.94))
        return
    for flip in (lambda x: x, lambda x: 100 - x):
        point = [(42.5, 9.5), (50, 19), (43, 26), (36, 16)]
        c.part(
            polygon([(flip(x), y) for x, y in point]), tone(look.main, 1.04), edge=0.64
        )


def trousers(c: Canvas, look: Look, r: Random) -> None:
    """Two long legs."""
    _legs(c, look, r, hem=r.uniform(89, 93))


def shorts(c: Canvas, look: Look, r: Random) -> None:
    """Two short legs."""
    _legs(c, look, r, hem=r.uniform(52, 62))


def _legs(c: Canvas, look: Look, r: Random, hem: float) -> None:
    waist, hip = r.uniform(14.5, 16.5), r.uniform(18.5, 21)
    long, top = hem > 70, 10
    widths = {"slim": (0.4, 9), "wide-leg": (1.18, 18), "jogger": (0.5, 9)}
    flare, ankle = widths.get(look.style, (0.72, 12.5))
    outer = 50 - hip * (0.9 + flare * 0.35) if long else 50 - hip * 1.14
    inner = min(outer + ankle, 47.5) if long else 48.5
    left = [(50 - waist, top), (50 - hip, 30), (outer, hem), (inner, hem), (49.5, 38)]
    whole = polygon([*left, *((100 - x, y) for x, y in reversed(left))])
    c.part(whole, look.paint(8), edge=0.66)
    dark = tone(look.main, 0.62)
    denim = look.material == "denim"
    thread = BRASS if denim else tone(look.main, 0.75)
    soft = look.style in ("jogger", "drawstring", "swim")
    for flip in (lambda x: x, lambda x: 100 - x):
        if denim:
            seam = [(flip(50 - hip + 2), 32), (flip(outer + 2), hem - 3)]
            c.stitches(seam, thread)
        elif long:
            crease = [(flip(50 - hip * 0.58), 34), (flip((outer + inner) / 2), hem)]
            c.line(crease, dark, 1.2, 0.5, whole)
        pocket = [(flip(50 - waist * 0.62), 16), (flip(50 - hip * 0.96), 27)]
        c.line(pocket, dark, 1.5, 0.9, whole)
        high = 4.5 if look.style == "jogger" else 2.8
        x0, x1 = sorted((flip(outer - 1), flip(inner + 1)))
        cuff = box(x0, hem - high, x1, hem + 1)
        if look.style == "jogger":
            c.part(common(cuff, whole), look.second, edge=0.75)
        else:
            c.part(common(cuff, whole), tone(look.main, 0.88), edge=0.85)
        if look.style == "cargo":
            x = flip(50 - hip * 0.82)
            y = 56 if long else 42
            c.part(box(x - 5, y, x + 5, y + 10, 1), tone(look.main, 0.92), edge=0.6)
            c.line([(x - 5, y + 3), (x + 5, y + 3)], dark, 1)
    c.line([(50, 17), (50, 37)], dark, 1.4, 0.9)
    band = box(49.4 - waist, top - 1, 50.6 + waist, top + 6, 1.4)
    c.part(
        band, look.second if look.style in ("jogger", "swim") else tone(look.main, 0.9)
    )
    if soft:
        for x in (47, 53):
            c.line([(50, top + 4), (x, 24)], (240, 238, 232), 1.5, 1)
        return
    for x in (-0.75, -0.3, 0.3, 0.75):
        c.part(box(49 + waist * x, top - 1.6, 51 + waist * x, top + 7, 0.6), dark)
    c.part(ellipse(50, top + 2.6, 1.8, 1.8), thread, "ball")
    if look.style == "belted":
        c.part(box(49.4 - waist, top + 0.6, 50.6 + waist, top + 4.8, 1), look.second)
        c.part(box(46.6, top - 0.2, 53.4, top + 5.6, 1), BRASS)
        c.part(box(48.4, top + 1.4, 51.6, top + 4, 0.4), look.second, "flat")
