"""Books, lying a bit askew so that pages and cover both show."""

from random import Random

from drawing.canvas import Canvas
from drawing.look import Look
from drawing.outlines import Mask, box, common, ellipse, polygon, ring, stroke
from drawing.palette import Colour, tone

INK = (44, 44, 50)
PAGES = (246, 240, 224)


def book(c: Canvas, look: Look, r: Random) -> None:
    """A cover with a title, the spine and the pages beside it."""
    half, top, low = r.uniform(22, 26), r.uniform(14, 18), r.uniform(82, 86)
    depth = {"pocket": 4, "hardback": 8}.get(look.style, r.uniform(5, 8))
    if look.style == "pocket":
        top, low, half = top + 6, low - 4, half * 0.86
    x0, x1 = 48 - half, 48 + half
    under = [(x0 + depth, low + depth * 0.8), (x1 + depth, low + depth * 0.8)]
    under += [(x1 + depth, top + depth * 0.8), (x1, top), (x1, low), (x0, low)]
    c.part(polygon(under), PAGES, edge=0.7)
    for i in range(1, 4):
        d = depth * i / 4
        c.line(
            [(x1 + d, top + d), (x1 + d, low + d * 0.8), (x0 + d, low + d * 0.8)],
            (204, 194, 170),
            0.6,
            0.9,
        )
    edge = tone(look.main, 0.7)
    back = [(x1 + depth, top + depth * 0.8), (x1 + depth, low + depth * 0.8)]
    c.part(stroke([*back, (x0 + depth, low + depth * 0.8)], 1.6), edge)
    cover = c.part(box(x0, top, x1, low, 1.2), look.paint(9), edge=0.62)
    c.part(common(box(x0, top, x0 + 5.5, low), cover), tone(look.main, 0.72), edge=1)
    if look.style == "elastic-band":
        c.part(box(x1 - 8, top, x1 - 5.5, low), look.second, edge=0.85)
        c.part(box(44, 34, 56, 42, 1), PAGES, "flat", edge=0.8)
        return
    _cover_art(c, look, low, cover, r)
    plate = tone(look.second, 1.0) if look.pattern == "solid" else PAGES
    y = top + r.uniform(7, 12)
    c.part(box(x0 + 10, y, x1 - 5, y + 15, 1), plate, "flat", edge=0.9)
    ink: Colour = INK if sum(plate) > 380 else PAGES
    c.line([(x0 + 14, y + 5), (x1 - 9, y + 5)], ink, 2.4, 0.9)
    c.line([(x0 + 17, y + 10), (x1 - 13, y + 10)], ink, 1.5, 0.9)


def _cover_art(c: Canvas, look: Look, low: float, cover: Mask, r: Random) -> None:
    if look.pattern != "solid":
        return
    art = r.choice(("sun", "hills", "ring", "diamond"))
    y = low - 22
    if art == "sun":
        c.part(ellipse(51, y, 11, 11), look.second, "flat", edge=0.9)
    elif art == "hills":
        hills = [
            (24, low),
            (24, y + 4),
            (38, y - 8),
            (50, y + 6),
            (60, y - 3),
            (76, low),
        ]
        c.part(common(polygon(hills), cover), look.second, "flat", edge=0.9)
    elif art == "ring":
        c.part(ring(51, y, 12, 12, 4), look.second, "flat", edge=0.9)
    else:
        c.part(
            polygon([(51, y - 13), (61, y), (51, y + 13), (41, y)]), look.second, "flat"
        )
