"""Sneakers, boots, hats and caps, from the side."""

from collections.abc import Callable, Sequence
from random import Random

from drawing.canvas import Canvas
from drawing.look import Look
from drawing.outlines import (
    Mask,
    Point,
    blob,
    box,
    common,
    ellipse,
    minus,
    polygon,
    spline,
    stroke,
    union,
)
from drawing.palette import BRASS, WALNUT, tone

RUBBER = (244, 242, 236)


def sneaker(c: Canvas, look: Look, r: Random) -> None:
    """A low shoe with a thick pale sole, laces and a side stripe."""
    flip = _flip(r)
    high = look.style == "high-top"
    top = 24 if high else r.uniform(38, 42)
    sole = RUBBER if r.random() < 0.75 else look.second
    upper = [
        (86, 68),
        (85.5, 58),
        (86, top + 6),
        (85, top),
        (77, top + 3),
        (66, top + 1),
    ]
    upper += [(61, top - 2), (55, top + 7 if not high else 40), (42, 54), (27, 58)]
    upper += [(15, 63), (13, 70)]
    body = c.part(polygon(_on(flip, spline(upper))), look.paint(8), edge=0.68)
    collar = [(86, top + 1), (77, top + 4), (66, top + 2)]
    c.part(stroke(_on(flip, spline(collar)), 3.4), tone(look.main, 0.72))
    toe = blob(_on(flip, [(10, 74), (13, 63), (24, 58), (30, 63), (29, 75)]))
    cap = sole if look.style in ("high-top", "low-top") else tone(look.main, 0.82)
    c.part(common(toe, body), cap, edge=0.8)
    heel = blob(_on(flip, [(78, 72), (80, 54), (87, 50), (90, 72)]))
    c.part(common(heel, body), look.second, edge=0.8)
    stripe = r.choice(("bars", "wave", "dot"))
    if stripe == "bars":
        for x in (58, 64, 70):
            bar = stroke(_on(flip, [(x, 68), (x - 6, 52)]), 2.8)
            c.part(common(bar, body), look.second, "flat", edge=1)
    elif stripe == "wave":
        wave = spline(_on(flip, [(80, 54), (66, 66), (50, 62), (46, 56)]))
        c.part(common(stroke(wave, 1.5, 4.5), body), look.second, "flat", edge=1)
    else:
        c.part(ellipse(flip(70), 56, 5, 5), look.second, "flat", edge=0.85)
    if look.style == "slip-on":
        gusset = polygon(_on(flip, [(60, top + 4), (67, top + 4), (62, 54), (54, 54)]))
        c.part(common(gusset, body), tone(look.main, 0.45), edge=0.9)
    else:
        lace = (250, 250, 248) if sum(look.main) < 660 else (70, 72, 80)
        for i in range(6 if high else 4):
            x, y = 43 + i * (3 if high else 3.6), 53 - i * (5 if high else 3.3)
            c.part(stroke(_on(flip, [(x, y), (x + 6.5, y + 4)]), 2), lace, edge=0.7)
    if look.style == "runner":
        under = [(9, 70), (22, 67), (60, 70), (90, 66), (92, 76), (80, 81)]
        under += [(56, 79), (28, 82), (13, 79)]
        c.part(blob(_on(flip, under)), sole, edge=0.75)
        c.line(spline(_on(flip, [(13, 76), (40, 77), (88, 75)])), look.second, 1.8)
    else:
        x0, x1 = sorted((flip(10), flip(89)))
        c.part(box(x0, 69, x1, 78, 4), sole, edge=0.75)
        c.line([(x0 + 3, 74), (x1 - 3, 74)], look.second, 1.2)


def boot(c: Canvas, look: Look, r: Random) -> None:
    """A shoe with a high shaft and a heel."""
    flip = _flip(r)
    wellington = look.style == "wellington"
    top = {"wellington": 12, "cowboy": 14}.get(look.style, r.uniform(24, 30))
    wide = r.uniform(0, 3)
    shaft = [(82, 76), (81, 60), (83 + wide, top + 8), (83 + wide, top), (66, top + 1)]
    shaft += [(50 - wide, top), (51, top + 14), (50, 50), (40, 57), (26, 62)]
    shaft += [(16 if look.style != "cowboy" else 10, 69), (15, 78)]
    light = "gloss" if wellington else "soft"
    body = c.part(polygon(_on(flip, spline(shaft))), look.paint(9), light, edge=0.66)
    leather, dark = look.main, tone(look.main, 0.55)
    heel, sole = (tone(WALNUT, 0.55),) * 2 if not wellington else (look.second,) * 2
    x0, x1 = sorted((flip(12 if look.style != "cowboy" else 9), flip(84)))
    deep = 5 if look.style in ("lace-up", "wellington") else 3
    c.part(box(x0, 77, x1, 77 + deep, 2), sole)
    x0, x1 = sorted((flip(62), flip(83)))
    c.part(box(x0, 77, x1, 86 if look.style == "cowboy" else 84, 1.4), heel)
    if look.style == "chelsea":
        gap = [(60, top + 2), (72, top + 2), (69, 58), (63, 58)]
        c.part(polygon(_on(flip, gap)), look.second, edge=0.7)
        c.part(stroke(_on(flip, [(83, top), (85, top - 5)]), 3), dark)
    elif look.style == "lace-up":
        tongue = [(50, top - 3), (58, top - 2), (57, 52), (44, 57), (47, 50)]
        c.part(polygon(_on(flip, tongue)), tone(leather, 0.7))
        lace = look.second
        for y in range(int(top) + 4, 56, 6):
            lean = 51 - max(0, y - 46) * 0.7
            c.part(stroke(_on(flip, [(lean, y), (lean + 9, y + 2)]), 1.9), lace)
            c.part(ellipse(flip(lean + 10), y + 2, 1.3, 1.3), BRASS, "flat")
        c.line(_on(flip, spline([(80, 62), (64, 60), (58, 76)])), dark, 1.1, 0.8, body)
    elif wellington:
        band = polygon(_on(flip, [(40, top), (92, top), (92, top + 6), (40, top + 6)]))
        c.part(common(band, body), look.second)
        c.part(box(flip(70) - 3, 26, flip(70) + 3, 32, 1), look.second, "flat")
    else:
        cut = ellipse(flip(67), top - 1, 9, 6)
        c.part(common(cut, body), tone(leather, 0.4), edge=0.9)
        for y in (26, 32, 38):
            arch = spline(_on(flip, [(55, y), (66, y + 9), (79, y)]))
            c.line(arch, look.second, 1.5, 0.9, body)
        c.line(_on(flip, spline([(46, 57), (38, 66), (22, 68)])), look.second, 1.4)


def hat(c: Canvas, look: Look, r: Random) -> None:
    """A crown with a brim all round."""
    wide = {"sun": 43, "bucket": 34, "bowler": 34}.get(look.style, r.uniform(37, 40))
    crown = {"sun": 20, "bucket": 21, "bowler": 21}.get(look.style, r.uniform(19, 22))
    top, low = r.uniform(24, 30), 64
    band = look.second
    droop = {"sun": 0.24, "bucket": 0.34, "bowler": 0.2}.get(look.style, 0.22)
    straw = look.material == "straw"
    if look.style == "bucket":
        brim = [(crown, low - 8), (wide, low + 11)]
        c.part(_skirt(brim), look.paint(8), "round", edge=0.7)
        for i in (3, 6.5, 10):
            row = spline(
                [
                    (50 - crown - i, low - 6 + i),
                    (50, low + 2 + i * 1.2),
                    (50 + crown + i, low - 6 + i),
                ]
            )
            c.stitches(row, tone(look.main, 0.7))
    else:
        under = ellipse(50, low, wide, wide * droop)
        c.part(under, look.paint(8), edge=0.66)
        curl = ellipse(50, low - 1.6, wide - 3, wide * droop - 2.4)
        c.part(curl, tone(look.main, 0.9), edge=0.9)
        if straw:
            for d in (0.72, 0.84, 0.95):
                c.part(
                    _hoop(50, low, wide * d, wide * droop * d),
                    tone(look.main, 0.72),
                    "flat",
                    0.7,
                    1,
                )
        c.shade(ellipse(51, low - 1, crown + 2, 6), 0.4, under)
    if look.style in ("bowler", "sun"):
        shape = [
            (50 - crown, low),
            (50 - crown * 0.98, top + 16),
            (50 - crown * 0.6, top + 2),
        ]
        outline = _mirrored([*shape, (50, top - 1)])
    elif look.style == "bucket":
        outline = [(50 - crown, low - 7), (50 - crown * 0.84, top), (50, top - 2)]
        outline += [(50 + crown * 0.84, top), (50 + crown, low - 7)]
    else:
        shape = [
            (50 - crown, low),
            (50 - crown * 0.92, top + 14),
            (50 - crown * 0.62, top),
        ]
        outline = _mirrored([*shape, (50, top + 2.2)])
    base = low if look.style != "bucket" else low - 7
    dome = polygon(outline)
    foot = ellipse(50, base, crown, 4.6)
    top_of_hat = c.part(union(dome, foot), look.paint(8), "round", edge=0.7, bend=3)
    if straw:
        for y in range(int(top) + 6, base - 6, 5):
            row = spline([(26, y), (50, y + 4), (74, y)])
            c.line(row, tone(look.main, 0.72), 0.8, 0.6, top_of_hat)
    if look.style != "bucket":
        ribbon = minus(
            union(box(28, base - 9, 72, base), foot), ellipse(50, base - 9, 24, 4.6)
        )
        c.part(common(ribbon, top_of_hat), band, "round")
    if look.style == "fedora":
        c.line(
            spline([(42, top + 5), (50, top + 12), (55, top + 6)]),
            tone(look.main, 0.6),
            2,
            0.6,
            top_of_hat,
        )


def cap(c: Canvas, look: Look, r: Random) -> None:
    """A round crown with a peak to one side."""
    flip = _flip(r)
    low = 62
    flat = look.style in ("snapback", "five-panel")
    peak = [(34, low - 6), (14, low - 2), (4, low + 4 if flat else low + 9)]
    peak += [(16, low + 5 if flat else low + 8), (38, low + 3), (46, low)]
    front = look.second if look.style in ("trucker", "colour-block") else look.main
    top = r.uniform(22, 27)
    lean = 30 if flat else 33
    crown = [(lean, low), (lean + 1, low - 18), (43, top + 3), (60, top)]
    crown += [(78, top + 10), (86, low - 14), (86, low)]
    body = c.part(polygon(_on(flip, spline(crown))), look.paint(8), "ball", edge=0.68)
    panel = polygon(
        _on(
            flip,
            spline(
                [(lean - 3, low), (lean - 3, 30), (60, top - 2), (56, 38), (56, low)]
            ),
        )
    )
    if front != look.main:
        c.part(common(panel, body), front, "ball", edge=0.75)
    if look.style == "trucker":
        for i in range(7):
            c.line(
                _on(flip, [(58 + i * 5, 20), (58 + i * 5, low)]),
                tone(look.main, 0.6),
                0.7,
                0.6,
                minus(body, panel),
            )
            c.line(
                _on(flip, [(58, 28 + i * 6), (90, 28 + i * 6)]),
                tone(look.main, 0.6),
                0.7,
                0.6,
                minus(body, panel),
            )
    dark = tone(look.main, 0.58)
    for seam in ([(60, top), (56, 40), (56, low)], [(60, top), (76, 38), (78, low)]):
        c.line(_on(flip, spline(seam)), dark, 1.1, 0.7, body)
    for x in (47, 68):
        c.part(ellipse(flip(x), top + 13, 1.2, 1.2), dark, "flat")
    c.part(ellipse(flip(60), top, 3, 1.9), look.second, "ball")
    badge = tone(look.main, 0.5) if front != look.main else look.second
    if r.random() < 0.7:
        kind = r.choice(("disc", "bar", "block"))
        if kind == "disc":
            c.part(ellipse(flip(42), 46, 5, 6), badge, "flat")
        elif kind == "bar":
            c.part(box(flip(42) - 6, 44, flip(42) + 6, 48, 1), badge, "flat")
        else:
            c.part(polygon(_on(flip, [(37, 51), (42, 40), (48, 51)])), badge, "flat")
    c.shade(stroke(_on(flip, [(lean, low), (50, low)]), 3), 0.3, body)
    brim = look.second if look.style in ("colour-block", "snapback") else look.main
    c.part(polygon(_on(flip, spline(peak))), brim, edge=0.66)
    c.stitches(_on(flip, spline(peak[1:4])), tone(brim, 0.7))
    c.part(stroke(_on(flip, [(84, low - 1), (46, low)]), 2.4), tone(look.main, 0.8))


def _flip(r: Random) -> Callable[[float], float]:
    """Draw which way a product faces: a map of x."""
    return r.choice((lambda x: x, lambda x: 100 - x))


def _on(flip: Callable[[float], float], points: Sequence[Point]) -> list[Point]:
    return [(flip(x), y) for x, y in points]


def _mirrored(left: Sequence[Point]) -> list[Point]:
    """Curve through `left`, ending on the axis, and its mirror image."""
    half = spline(left)
    return [*half, *((100 - x, y) for x, y in reversed(half))]


def _hoop(cx: float, cy: float, rx: float, ry: float) -> Mask:
    return minus(ellipse(cx, cy, rx, ry), ellipse(cx, cy, rx - 0.9, ry - 0.7))


def _skirt(brim: Sequence[Point]) -> Mask:
    (narrow, y0), (wide, y1) = brim
    return polygon(
        [(50 - narrow, y0), (50 + narrow, y0)]
        + spline([(50 + wide, y1), (50, y1 + 9), (50 - wide, y1)])
    )
