"""A transparent layer that parts are painted on, lit from the upper left."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

from drawing import outlines
from drawing.outlines import SIDE, UNIT, Mask, Point
from drawing.palette import Colour, Paint, tone


class Canvas:
    """The product without its background.

    Attributes:
        colour: [SIDE, SIDE, 3] float32, 0 to 1, premultiplied by `cover`.
        cover: [SIDE, SIDE] float32, 0 (empty) to 1 (opaque).
    """

    def __init__(self) -> None:
        """Start empty."""
        self.colour = np.zeros((SIDE, SIDE, 3), np.float32)
        self.cover = np.zeros((SIDE, SIDE), np.float32)

    def part(
        self,
        mask: Mask,
        paint: Paint | Colour,
        light: str = "soft",
        opacity: float = 1.0,
        edge: float = 0.8,
        bend: float = 0.0,
    ) -> Mask:
        """Paint an area.

        Args:
            mask: the area.
            paint: its colour, with or without a pattern.
            light: "soft" a padded surface, "round" an upright cylinder, "ball" a
                sphere, "gloss" hard and shining, "flat" none.
            opacity: 0 (invisible) to 1.
            edge: brightness of the outline; 1 draws none.
            bend: how far a pattern sags in the middle, in units.

        Returns:
            `mask`.
        """
        bounds = mask.getbbox()
        if bounds is None:
            return mask
        x0, y0, x1, y1 = bounds
        window = (slice(y0, y1), slice(x0, x1))
        x, y = np.meshgrid(
            np.arange(x0, x1, dtype=np.float32) / UNIT,
            np.arange(y0, y1, dtype=np.float32) / UNIT,
        )
        across = np.linspace(-1, 1, x1 - x0, dtype=np.float32)[None, :]
        down = np.linspace(0, 1, y1 - y0, dtype=np.float32)[:, None]
        paint = paint if isinstance(paint, Paint) else Paint(paint)
        sag = bend * np.sqrt(np.maximum(1 - across**2, 0))
        surface = paint.texture(x, y - sag)
        lit = surface * _brightness(mask, bounds, light, across, down)[..., None]
        if light == "gloss":
            lit += 0.28 * np.exp(-(((across + 0.5) / 0.16) ** 2))[..., None]
        if edge < 1:
            inner = mask.filter(ImageFilter.MinFilter(5)).crop(bounds)
            lit *= edge + (1 - edge) * _unit(inner)[..., None]
        amount = _unit(mask.crop(bounds)) * opacity
        self.colour[window] *= 1 - amount[..., None]
        self.colour[window] += np.clip(lit, 0, 1) * amount[..., None]
        self.cover[window] += amount * (1 - self.cover[window])
        return mask

    def line(
        self,
        points: Sequence[Point],
        colour: Colour,
        width: float = 0.9,
        opacity: float = 0.8,
        clip: Mask | None = None,
    ) -> None:
        """Draw a flat line, kept inside `clip`."""
        mask = outlines.stroke(points, width)
        if clip is not None:
            mask = outlines.common(mask, clip)
        self.part(mask, colour, light="flat", opacity=opacity, edge=1)

    def stitches(self, points: Sequence[Point], colour: Colour) -> None:
        """Draw a dashed line, two units a stitch."""
        for (ax, ay), (bx, by) in zip(points, points[1:], strict=False):
            n = max(1, int(max(abs(bx - ax), abs(by - ay)) / 3))
            for i in range(n):
                s, t = i / n, (i + 0.55) / n
                start = (ax + (bx - ax) * s, ay + (by - ay) * s)
                stop = (ax + (bx - ax) * t, ay + (by - ay) * t)
                self.line([start, stop], colour, 0.8)

    def shade(self, mask: Mask, strength: float = 0.25, clip: Mask | None = None):
        """Darken an area softly, as the shadow of one part on another."""
        soft = mask.filter(ImageFilter.GaussianBlur(1.6 * UNIT))
        if clip is not None:
            soft = outlines.common(soft, clip)
        self.part(soft, (20, 18, 30), light="flat", opacity=strength, edge=1)

    def glow(self, mask: Mask, colour: Colour, strength: float, clip: Mask) -> None:
        """Light an area of `clip` softly, as a bulb behind it."""
        soft = mask.filter(ImageFilter.GaussianBlur(4 * UNIT))
        self.part(outlines.common(soft, clip), colour, "flat", strength, 1)

    def rim(self, cx: float, y: float, half: float, tilt: float, colour: Colour):
        """Draw the opening of a turned body: a lip and the dark inside."""
        self.part(outlines.ellipse(cx, y, half, half * tilt), tone(colour, 1.25))
        inner = outlines.ellipse(cx, y + 0.3, half - 1.6, max(half * tilt - 1.1, 0.6))
        self.part(inner, tone(colour, 0.62), light="flat", edge=0.85)
        low = outlines.ellipse(cx, y + half * tilt * 0.8, half * 0.8, half * tilt * 0.7)
        self.part(outlines.common(inner, low), tone(colour, 0.8), "flat", 0.6, 1)

    def image(self) -> Image.Image:
        """The layer as RGBA with straight alpha."""
        cover = np.maximum(self.cover, 1e-6)[..., None]
        rgba = np.concatenate([self.colour / cover, self.cover[..., None]], axis=-1)
        return Image.fromarray(np.round(np.clip(rgba, 0, 1) * 255).astype(np.uint8))


def _unit(mask: Image.Image) -> np.ndarray:
    return np.asarray(mask, np.float32) / 255


def _brightness(
    mask: Mask,
    bounds: tuple[int, int, int, int],
    light: str,
    across: np.ndarray,
    down: np.ndarray,
) -> np.ndarray:
    """Factor on the surface colour [h, w]."""
    if light == "flat":
        return np.ones((down.shape[0], across.shape[1]), np.float32)
    if light in ("round", "gloss"):
        bump = 0.72 + 0.42 * np.exp(-(((across + 0.32) / 0.5) ** 2))
        return (bump + 0.1 * np.maximum(across - 0.7, 0)) * (1.03 - 0.08 * down)
    if light == "ball":
        squared = (across + 0.35) ** 2 + (2 * down - 0.65) ** 2
        return 0.68 + 0.46 * np.exp(-squared / 0.9)
    padded = mask.filter(ImageFilter.GaussianBlur(2.4 * UNIT))
    step = round(1.3 * UNIT)
    x0, y0, x1, y1 = bounds
    towards = padded.crop((x0 + step, y0 + step, x1 + step, y1 + step))
    away = padded.crop((x0 - step, y0 - step, x1 - step, y1 - step))
    return 1.02 - 0.1 * down + 0.42 * (_unit(towards) - _unit(away))
