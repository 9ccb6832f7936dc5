"""Named colours, and the patterns that a surface may carry."""

import dataclasses
from random import Random

import numpy as np

Colour = tuple[int, int, int]

COLOURS: dict[str, Colour] = {
    "white": (246, 245, 242),
    "cream": (240, 226, 196),
    "grey": (154, 158, 164),
    "charcoal": (72, 77, 84),
    "black": (38, 38, 42),
    "red": (206, 48, 48),
    "burgundy": (122, 32, 52),
    "coral": (240, 116, 98),
    "orange": (236, 130, 44),
    "mustard": (212, 162, 44),
    "yellow": (246, 208, 74),
    "olive": (124, 128, 62),
    "green": (74, 156, 84),
    "forest green": (34, 88, 62),
    "mint": (158, 216, 188),
    "teal": (28, 122, 128),
    "sky blue": (134, 190, 228),
    "blue": (48, 104, 190),
    "navy": (34, 52, 98),
    "purple": (110, 66, 148),
    "lilac": (188, 166, 216),
    "pink": (240, 168, 186),
    "brown": (116, 76, 50),
    "tan": (196, 152, 104),
}
OAK: Colour = (206, 164, 112)
WALNUT: Colour = (122, 82, 54)
STEEL: Colour = (176, 182, 190)
BRASS: Colour = (204, 166, 88)
PATTERNS = (
    "striped",
    "pinstriped",
    "checked",
    "plaid",
    "dotted",
    "zigzag",
    "floral",
    "two-tone",
    "speckled",
)


def tone(colour: Colour, factor: float) -> Colour:
    """`colour` darkened (factor below 1) or lightened towards white (above 1)."""
    if factor <= 1:
        return tuple(round(channel * factor) for channel in colour)
    return tuple(round(255 - (255 - channel) * (2 - factor)) for channel in colour)


def contrast(a: Colour, b: Colour) -> float:
    """Distance of two colours as the eye weighs red, green and blue, 0 to 1."""
    squares = [(p - q) ** 2 for p, q in zip(a, b, strict=True)]
    return (0.3 * squares[0] + 0.5 * squares[1] + 0.2 * squares[2]) ** 0.5 / 255


def contrasting(name: str, r: Random, least: float = 0.3) -> str:
    """Draw the name of a colour that stands out against colour `name`."""
    others = [
        other
        for other, colour in COLOURS.items()
        if contrast(colour, COLOURS[name]) >= least
    ]
    return r.choice(others)


@dataclasses.dataclass(frozen=True)
class Paint:
    """A colour with a pattern in a second colour; lengths are in canvas units."""

    base: Colour
    accent: Colour = (255, 255, 255)
    pattern: str = "solid"
    period: float = 10.0
    phase: float = 0.0

    def plain(self, factor: float = 1.0) -> "Paint":
        """The base colour alone, darkened or lightened."""
        return Paint(tone(self.base, factor))

    def texture(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Colours [h, w, 3], 0 to 1, at canvas positions x, y [h, w]."""
        share = self._accent_share(x + self.phase, y + self.phase)[..., None]
        base, accent = (
            np.asarray(colour, np.float32) / 255 for colour in (self.base, self.accent)
        )
        return base * (1 - share) + accent * share

    def _accent_share(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        period = self.period
        across, down = x % period / period, y % period / period
        if self.pattern == "striped":
            return (down < 0.45).astype(np.float32)
        if self.pattern == "pinstriped":
            return (x % (period * 0.5) < period * 0.13).astype(np.float32)
        if self.pattern == "checked":
            return ((across < 0.5) * 0.5 + (down < 0.5) * 0.5).astype(np.float32)
        if self.pattern == "plaid":
            bands = (across < 0.34) * 0.3 + (down < 0.34) * 0.3
            lines = (np.abs(across - 0.67) < 0.05) | (np.abs(down - 0.67) < 0.05)
            return np.maximum(bands, lines * 0.9).astype(np.float32)
        if self.pattern == "zigzag":
            wave = np.abs(across - 0.5) * period
            return ((y + wave) % period < period * 0.42).astype(np.float32)
        if self.pattern == "two-tone":
            return (y - self.phase > 54).astype(np.float32)
        if self.pattern in ("dotted", "floral", "speckled"):
            return self._scattered(x, y)
        return np.zeros_like(x, np.float32)

    def _scattered(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        cell = self.period * (0.45 if self.pattern == "speckled" else 0.9)
        row = np.floor(y / cell)
        x = x + (row % 2) * cell / 2
        column = np.floor(x / cell)
        dx, dy = x / cell - column - 0.5, y / cell - row - 0.5
        if self.pattern == "speckled":
            noise = np.sin(row * 12.9898 + column * 78.233) * 43758.5453
            noise = noise - np.floor(noise)
            return (np.hypot(dx, dy) < 0.34 * noise).astype(np.float32)
        distance = np.hypot(dx, dy)
        if self.pattern == "dotted":
            return (distance < 0.27).astype(np.float32)
        petals = 0.24 + 0.13 * np.cos(5 * np.arctan2(dy, dx))
        return ((distance < petals) & (distance > 0.09)).astype(np.float32)
