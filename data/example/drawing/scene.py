"""Backgrounds, shadows, and the placing of a product in its picture."""

import math
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from drawing import outlines
from drawing.outlines import SIDE, SIZE, UNIT
from drawing.palette import Colour, contrast, tone

WALLS: tuple[Colour, ...] = (
    (250, 250, 250),
    (244, 244, 246),
    (232, 234, 238),
    (246, 238, 226),
    (226, 236, 240),
    (240, 226, 222),
    (228, 238, 226),
    (236, 230, 242),
    (250, 240, 212),
    (206, 214, 222),
    (222, 208, 192),
    (190, 206, 202),
)


def compose(layer: Image.Image, main: Colour, stance: str, r: Random) -> Image.Image:
    """Place a product on a background.

    Args:
        layer: the product, RGBA, SIDE pixels wide and high.
        main: the product's main colour; the background differs from it.
        stance: "stand" on the ground, "lie" seen from above, or "hang" on a wall.
        r: source of chance.

    Returns:
        RGB picture, SIZE pixels wide and high.
    """
    layer = _placed(layer, 7 if stance == "lie" else 3, r)
    bounds = layer.getchannel("A").getbbox()
    picture = _background(main, stance, bounds[3], r)
    cover = layer.getchannel("A")
    if stance == "stand":
        picture = _darkened(picture, _ground_shadow(bounds), 0.5)
        shift, blur, strength = (round(2 * UNIT), 0), 3 * UNIT, 0.12
    else:
        shift, blur, strength = (round(1.4 * UNIT), round(2 * UNIT)), 2 * UNIT, 0.34
    shadow = ImageChops.offset(cover, *shift)
    shadow = shadow.filter(ImageFilter.GaussianBlur(blur))
    picture = _darkened(picture, shadow, strength)
    picture.paste(layer, (0, 0), cover)
    return picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def _placed(layer: Image.Image, most_degrees: float, r: Random) -> Image.Image:
    """Turn, scale and centre the product, then shift it a little."""
    angle = math.radians(r.uniform(-most_degrees, most_degrees))
    x0, y0, x1, y1 = layer.getchannel("A").getbbox()
    extent = max(x1 - x0, y1 - y0) / SIDE
    zoom = min(r.uniform(1.04, 1.22), r.uniform(0.8, 0.88) / extent)
    cos, sin = math.cos(angle) / zoom, math.sin(angle) / zoom
    to_x, to_y = (SIDE * r.uniform(0.47, 0.53) for _ in range(2))
    from_x, from_y = (x0 + x1) / 2, (y0 + y1) / 2
    matrix = (
        *(cos, sin, from_x - cos * to_x - sin * to_y),
        *(-sin, cos, from_y + sin * to_x - cos * to_y),
    )
    return layer.transform(
        layer.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )


def _background(main: Colour, stance: str, ground: int, r: Random) -> Image.Image:
    walls = [wall for wall in WALLS if contrast(wall, main) > 0.1]
    wall = r.choice(walls)
    down = np.linspace(0, 1, SIDE, dtype=np.float32)[:, None, None]
    across = np.linspace(-1, 1, SIDE, dtype=np.float32)[None, :, None]
    kind = r.choice(("plain", "plain", "fall", "spot", "room"))
    light = np.ones((SIDE, SIDE, 1), np.float32)
    if kind == "fall":
        light = light * (1.03 - 0.12 * down)
    elif kind == "spot":
        light = 0.86 + 0.17 * np.exp(-(across**2) - (2.4 * down - 1.1) ** 2)
    pixels = light * np.asarray(wall, np.float32)
    if kind == "room" and stance == "stand":
        horizon = min(ground - round(r.uniform(7, 14) * UNIT), SIDE - 1)
        pixels[horizon:] = tone(wall, r.uniform(0.82, 0.9))
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if kind == "room" and stance != "stand":
        disc = outlines.ellipse(50, 50, 40, 40)
        picture.paste(tone(wall, 0.93), (0, 0), disc)
    return picture


def _ground_shadow(bounds: tuple[int, int, int, int]) -> Image.Image:
    x0, _, x1, y1 = (edge / UNIT for edge in bounds)
    spot = outlines.ellipse((x0 + x1) / 2 + 1, y1 - 1, (x1 - x0) * 0.48, 2.6)
    return spot.filter(ImageFilter.GaussianBlur(1.6 * UNIT))


def _darkened(picture: Image.Image, mask: Image.Image, strength: float) -> Image.Image:
    weighted = mask.point([round(level * strength) for level in range(256)])
    return Image.composite(
        Image.new("RGB", picture.size, (40, 36, 48)), picture, weighted
    )
