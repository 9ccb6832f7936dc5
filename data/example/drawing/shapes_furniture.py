"""Chairs, sofas, coffee tables and desks, from the front and a bit above."""

from random import Random

from drawing.canvas import Canvas
from drawing.look import Look
from drawing.outlines import box, ellipse, polygon, spline, stroke, turned, union
from drawing.palette import OAK, STEEL, WALNUT, tone

INK = (44, 44, 50)


def chair(c: Canvas, look: Look, r: Random) -> None:
    """Four legs, a seat and a high back, from the front and a bit above."""
    half, seat, top = r.uniform(18, 22), r.uniform(54, 58), r.uniform(10, 15)
    wood = r.choice((OAK, WALNUT, INK)) if look.style == "upholstered" else look.main
    back = half * r.uniform(0.84, 0.95)
    for side in (-1, 1):
        leg = [(50 + side * back * 0.8, seat), (50 + side * back * 0.86, 84)]
        c.part(stroke(leg, 3.2, 2.4), tone(wood, 0.72))
    if look.style == "upholstered":
        c.part(box(50 - back, top, 50 + back, seat, 9), look.paint(8))
    elif look.style == "panel":
        c.part(box(50 - back, top, 50 + back, top + 25, 6), look.paint(8))
        for side in (-1, 1):
            c.part(
                box(
                    48.2 + side * back * 0.6,
                    top + 20,
                    51.8 + side * back * 0.6,
                    seat,
                    1,
                ),
                tone(wood, 0.85),
            )
    else:
        for side in (-1, 1):
            post = [(50 + side * back, top + 2), (50 + side * back, seat)]
            c.part(stroke(post, 4), wood)
        if look.style == "spindle":
            for x in (-0.6, -0.2, 0.2, 0.6):
                rod = [(50 + back * x, top + 3), (50 + back * x, seat)]
                c.part(stroke(rod, 2.2), wood)
            arch = spline([(50 - back, top + 3), (50, top - 2), (50 + back, top + 3)])
            c.part(stroke(arch, 6), wood)
        else:
            for y in (0, 13, 26):
                rail = [(50 - back, top + 3 + y), (50, top + 1 + y)]
                rail.append((50 + back, top + 3 + y))
                c.part(stroke(spline(rail), 5.4), wood)
    for side in (-1, 1):
        leg = [(50 + side * half * 0.94, seat + 8), (50 + side * half * 1.06, 92)]
        c.part(stroke(leg, 4.2, 2.8), wood)
    corners = [(50 - back, seat - 3), (50 + back, seat - 3)]
    corners += [(50 + half * 1.12, seat + 8), (50 - half * 1.12, seat + 8)]
    cushion = look.style in ("upholstered", "ladder-back")
    c.part(
        box(50 - half * 1.1, seat + 7, 50 + half * 1.1, seat + 12, 2), tone(wood, 0.8)
    )
    c.part(polygon(corners), tone(wood, 1.1) if not cushion else wood)
    if cushion:
        paint = look.paint(8) if look.style == "upholstered" else look.second
        c.part(box(50 - half, seat - 4, 50 + half, seat + 8, 5), paint)


def sofa(c: Canvas, look: Look, r: Random) -> None:
    """A wide padded seat between two arms."""
    seats = {"two-seater": 2, "three-seater": 3, "loveseat": 1, "chesterfield": 2}
    n = seats[look.style]
    half = {1: 30, 2: 38, 3: 42}[n] * r.uniform(0.96, 1.02)
    top, seat, low = r.uniform(32, 37), 56, 74
    arm, round_arm = r.uniform(8, 11), look.style != "two-seater" or r.random() < 0.5
    feet = r.choice((OAK, WALNUT, INK, STEEL))
    for side in (-1, 1):
        leg = [(50 + side * (half - 5), low - 1), (50 + side * (half - 3.5), low + 9)]
        c.part(stroke(leg, 3.6, 2.4), feet)
    paint = look.paint(9)
    c.part(box(52 - half, top, 48 + half, seat + 8, 7), paint)
    inner = half - arm
    if look.style == "chesterfield":
        for row in range(3):
            for i in range(7 - row % 2):
                x = 50 - inner + inner * 2 * (i + 0.5 + row % 2 / 2) / 7
                c.part(ellipse(x, top + 5 + row * 6, 1.1, 1.1), tone(look.main, 0.6))
    else:
        for i in range(1, n):
            x = 50 - inner + 2 * inner * i / n
            c.line([(x, top + 3), (x, seat)], tone(look.main, 0.6), 1.2)
    for i in range(n):
        x0, x1 = (50 - inner + 2 * inner * (i + k) / n for k in (0, 1))
        c.part(box(x0, seat - 3, x1, seat + 9, 3.5), paint, edge=0.7)
    c.part(box(51 - half, seat + 8, 49 + half, low, 2), tone(look.main, 0.9))
    for side in (-1, 1):
        x0, x1 = sorted((50 + side * half, 50 + side * (half - arm)))
        if round_arm:
            body = union(
                ellipse((x0 + x1) / 2, seat - 5, arm * 0.64, arm * 0.64),
                box(x0, seat - 5, x1, low, 2),
            )
        else:
            body = box(x0, seat - 10, x1, low, 2.5)
        c.part(body, paint, edge=0.68)
    if r.random() < 0.75:
        for side in r.choice(((-1,), (1,), (-1, 1))):
            x = 50 + side * (inner - 9)
            pillow = [
                (x - 8, seat - 16),
                (x + 8, seat - 14),
                (x + 7, seat),
                (x - 9, seat - 1),
            ]
            c.part(
                polygon(spline([p for q in pillow for p in (q, q)], True)), look.second
            )


def coffee_table(c: Canvas, look: Look, r: Random) -> None:
    """A low wide top on short legs."""
    half, top, low = r.uniform(36, 41), r.uniform(42, 47), r.uniform(70, 75)
    wood = look.style != "glass-top"
    legs = r.choice((look.second, INK, OAK, WALNUT))
    round_top = look.style in ("round", "oval", "glass-top")
    deep = {"round": 0.3, "oval": 0.22, "glass-top": 0.26}.get(look.style, 0.24)
    splay = r.uniform(0.68, 0.88)
    for x, y in ((-splay * 0.7, -6), (splay * 0.7, -6), (-splay, 0), (splay, 0)):
        start = (50 + half * x * 0.86, top + 3)
        shade = 0.7 if y else 1.0
        c.part(stroke([start, (50 + half * x, low + y)], 3.8, 2.4), tone(legs, shade))
    if look.style == "with shelf":
        shelf = [(50 - half * 0.7, low - 13), (50 + half * 0.7, low - 13)]
        shelf += [(50 + half * 0.8, low - 7), (50 - half * 0.8, low - 7)]
        c.part(polygon(shelf), tone(look.main, 0.85))
    if round_top:
        under = turned(50, [(top, half), (top + 3.4, half)], deep)
        c.part(under, tone(look.main, 0.7), opacity=1.0 if wood else 0.4)
        slab = ellipse(50, top, half, half * deep)
    else:
        edge = [(50 - half, top + 8), (50 + half, top + 8)]
        edge += [(50 + half, top + 12), (50 - half, top + 12)]
        c.part(polygon(edge), tone(look.main, 0.7))
        slab = polygon(
            [(50 - half * 0.78, top - 8), (50 + half * 0.78, top - 8), edge[1], edge[0]]
        )
    c.part(slab, look.paint(7), edge=0.85, opacity=1.0 if wood else 0.62)
    if wood and look.pattern == "solid":
        for i in range(5):
            y = top - 7 + 3.4 * i
            c.line(
                [(8, y), (40, y + r.uniform(-1, 1)), (92, y)],
                tone(look.main, 0.82),
                0.7,
                0.6,
                slab,
            )
    elif not wood:
        for x in (34, 42):
            c.line([(x, top + 10), (x + 18, top - 10)], (255, 255, 255), 2.4, 0.5, slab)
    if r.random() < 0.3:
        c.part(box(38, top - 5, 56, top - 1.5, 0.6), (190, 92, 78))
        c.part(box(40, top - 8, 57, top - 5, 0.6), (88, 120, 150))


def desk(c: Canvas, look: Look, r: Random) -> None:
    """A high top with drawers, on legs."""
    half, top, low = r.uniform(37, 41), r.uniform(30, 34), 82
    side, body = r.choice((-1, 1)), look.main
    legs = r.choice((look.second, INK, tone(body, 0.8)))
    front = top + 8
    for x in (-1, 1):
        c.part(
            box(48.6 + x * (half - 9), front, 51.4 + x * (half - 9), low - 6),
            tone(legs, 0.65),
        )
        c.part(box(48.2 + x * (half - 3.5), front, 51.8 + x * (half - 3.5), low), legs)
    blocks = {"pedestal": (side,), "double-pedestal": (-1, 1)}.get(look.style, ())
    for block in blocks:
        x0, x1 = sorted((50 + block * (half - 1), 50 + block * (half - 23)))
        c.part(box(x0, front, x1, low - 2, 1), body)
        for i in range(3):
            y0, y1 = (front + 3 + (low - front - 6) * (i + k) / 3 for k in (0, 1))
            c.part(box(x0 + 2, y0, x1 - 2, y1 - 1.4, 1), look.paint(6), edge=0.7)
            middle = (x0 + x1) / 2
            c.part(
                box(
                    middle - 3, (y0 + y1) / 2 - 1.2, middle + 3, (y0 + y1) / 2 + 1.2, 1
                ),
                look.second,
            )
    if not blocks:
        c.part(box(51 - half, front, 49 + half, front + 13, 1), tone(body, 0.92))
        for i in range(3):
            x0, x1 = (52 - half + (half * 2 - 4) * (i + k) / 3 for k in (0, 1))
            c.part(
                box(x0 + 1, front + 3, x1 - 1, front + 11, 1), look.paint(6), edge=0.7
            )
            c.part(ellipse((x0 + x1) / 2, front + 7, 1.6, 1.6), look.second, "ball")
    if look.style == "trestle":
        c.part(stroke([(50 - half + 4, low - 12), (46 + half, low - 12)], 2.6), legs)
    slab = [(56 - half, top), (44 + half, top), (51 + half, front), (49 - half, front)]
    c.part(polygon(slab), tone(body, 1.12), edge=0.85)
    c.part(box(49 - half, front - 0.5, 51 + half, front + 3, 0.6), tone(body, 0.82))
    if r.random() < 0.35:
        c.part(box(40, top - 17, 62, top + 1, 1), (52, 54, 60))
        c.part(box(41.4, top - 15.6, 60.6, top - 1, 0.5), (150, 178, 196), "flat")
        c.part(box(37, top + 1, 65, top + 3.4, 1), (96, 98, 104))
