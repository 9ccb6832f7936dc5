"""Handbags and backpacks, from the front."""

from random import Random

from drawing.canvas import Canvas
from drawing.look import Look
from drawing.outlines import box, common, ellipse, polygon, ring, spline, stroke, union
from drawing.palette import BRASS, STEEL, tone


def handbag(c: Canvas, look: Look, r: Random) -> None:
    """A body under one or two handles."""
    half, top, low = r.uniform(28, 33), r.uniform(40, 45), r.uniform(80, 86)
    strap = look.second if r.random() < 0.5 else tone(look.main, 0.8)
    metal = r.choice((BRASS, STEEL))
    arch, high = half * r.uniform(0.45, 0.6), r.uniform(22, 28)
    if look.style == "crossbody":
        loop = [
            (50 - half + 2, top + 4),
            (30, 12),
            (50, 7),
            (70, 12),
            (48 + half, top + 4),
        ]
        c.part(stroke(spline(loop), 2), strap)
    else:
        for lift, shade in ((high + 3, 0.75), (high, 1.0)):
            loop = [(50 - arch, top + 8), (50 - arch * 0.9, top - lift * 0.7)]
            loop += [(50, top - lift), (50 + arch * 0.9, top - lift * 0.7)]
            loop.append((50 + arch, top + 8))
            c.part(stroke(spline(loop), 3.4), tone(strap, shade))
    slant = {"tote": 0.86, "bucket": 1.12, "satchel": 0.94, "crossbody": 1.0}[
        look.style
    ]
    corner = 3 if look.style == "tote" else 8
    body = polygon(
        [
            (50 - half * slant, top),
            (50 + half * slant, top),
            (50 + half, low),
            (50 - half, low),
        ]
    )
    if look.style == "bucket":
        body = polygon(
            [
                (50 - half, top),
                (50 + half, top),
                (50 + half * 0.74, low),
                (50 - half * 0.74, low),
            ]
        )
        body = union(body, ellipse(50, low, half * 0.74, 4))
    elif look.style != "tote":
        body = box(50 - half, top, 50 + half, low, corner)
    c.part(body, look.paint(10), edge=0.68)
    dark = tone(look.main, 0.72)
    if look.style in ("satchel", "crossbody"):
        flap = [(50 - half, top + 3), (50 - half * 0.86, top + 20), (50, top + 27)]
        flap += [(50 + half * 0.86, top + 20), (50 + half, top + 3)]
        edge = spline(flap)
        cover = polygon([(50 - half + 1, top), *edge, (49 + half, top)])
        c.shade(polygon([(x, y + 2) for x, y in edge]), 0.3, body)
        c.part(common(cover, body), tone(look.main, 0.93), edge=0.66)
        c.stitches([(x, y - 2.4) for x, y in edge[4:-4:4]], strap)
        c.part(box(45.5, top + 21, 54.5, top + 30, 2), metal, "gloss")
    else:
        c.line([(50 - half, top + 5), (50 + half, top + 5)], dark, 1.1, 0.8, body)
        for x in (-arch, arch):
            c.part(box(48 + x, top + 3, 52 + x, top + 13, 1), strap)
            c.part(ellipse(50 + x, top + 11, 1.3, 1.3), metal, "flat")
        if look.style == "bucket":
            tie = spline([(50 - half, top + 8), (50, top + 12), (50 + half, top + 8)])
            c.line(tie, strap, 2, 1, body)
            for x in (46, 54):
                c.line([(50, top + 12), (x, top + 26)], strap, 1.8, 1)
    for side in (-1, 1):
        c.line(
            [(50 + side * (half - 3), low - 2), (50 + side * half, low - 8)],
            dark,
            1.2,
            0.7,
            body,
        )


def backpack(c: Canvas, look: Look, r: Random) -> None:
    """A tall rounded body with a front pocket and shoulder straps."""
    half, top, low = r.uniform(22, 25), r.uniform(20, 24), r.uniform(84, 88)
    pocket = look.second if r.random() < 0.6 else tone(look.main, 0.9)
    web, dark = tone(look.second, 0.8), tone(look.main, 0.6)
    c.part(ring(50, top, 8, 10, 3), web)
    for side in (-1, 1):
        loop = [(50 + side * half * 0.7, top + 8), (50 + side * (half + 9), 46)]
        loop += [(50 + side * (half + 8), 66), (50 + side * half * 0.8, 80)]
        c.part(stroke(spline(loop), 6, 3.4), web)
    if look.style != "daypack":
        for side in (-1, 1):
            c.part(
                box(47 + side * (half + 1), 60, 53 + side * (half + 1), 80, 3),
                tone(look.main, 0.74),
            )
    arch = 9 if look.style in ("rolltop", "flap") else 19
    body = box(50 - half, top, 50 + half, low, arch)
    body = union(body, box(50 - half, (top + low) / 2, 50 + half, low, 7))
    c.part(body, look.paint(10), edge=0.66)
    if look.style == "rolltop":
        c.part(box(48 - half, top - 1, 52 + half, top + 9, 3), tone(look.main, 0.82))
        c.line([(48 - half, top + 4), (52 + half, top + 4)], dark, 1.2)
        for x in (-0.5, 0.5):
            c.part(box(48.3 + half * x, top + 5, 51.7 + half * x, 56, 1), web)
            c.part(box(47 + half * x, 40, 53 + half * x, 46, 1), BRASS)
    elif look.style == "flap":
        flap = box(48.5 - half, top, 51.5 + half, 50, 10)
        c.shade(box(50 - half, 46, 50 + half, 52, 4), 0.4, body)
        c.part(flap, tone(look.main, 0.9), edge=0.66)
        for x in (-0.5, 0.5):
            c.part(box(48 + half * x, 38, 52 + half * x, 60, 1), web)
            c.part(box(47 + half * x, 51, 53 + half * x, 56, 1), BRASS)
    else:
        zip_line = spline(
            [
                (50 - half + 3, 48),
                (50 - half * 0.7, top + 11),
                (50, top + 6),
                (50 + half * 0.7, top + 11),
                (47 + half, 48),
            ]
        )
        c.line(zip_line, dark, 1.5, 0.9)
        c.part(stroke([(50, top + 6), (51, top + 13)], 1.6), STEEL)
    c.part(box(51 - half * 0.8, 57, 49 + half * 0.8, low - 4, 6), pocket, edge=0.62)
    c.line([(52 - half * 0.7, 62), (48 + half * 0.7, 62)], tone(pocket, 0.6), 1.4)
    c.part(stroke([(62, 62), (63, 68)], 1.6), STEEL)
    if r.random() < 0.5:
        c.part(
            box(45, 68, 55, 74, 1),
            look.second if pocket != look.second else look.main,
            "flat",
            edge=0.8,
        )
