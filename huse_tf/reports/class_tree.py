"""The order of the classes along their tree, and colours that follow it."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

LIGHTNESS = (0.62, 0.74, 0.50)  # of neighbours in turn, legible on white and on black
CHROMA = 0.14


class ClassTree:
    """Classes in the order of their tree.

    Attributes:
        names: [K] paths, in label order.
        paths: the same, split into levels.
        order: int64 [K], labels along the tree.
        colours: [K] as #rrggbb in label order: near classes have near hues.
    """

    def __init__(self, names: Sequence[str], separator: str):
        """Sorts the classes and gives them colours.

        Args:
            names: [K] paths from general to specific, in label order.
            separator: what joins the levels of a path.
        """
        self.names = tuple(names)
        self.paths = [
            tuple(part.strip() for part in name.split(separator)) for name in names
        ]
        self.order = np.array(sorted(range(len(names)), key=lambda i: self.paths[i]))
        self.colours = self._colours()
        self._leaves = Counter(path[-1] for path in self.paths)

    def leaf(self, label: int) -> str:
        """Returns the last level of a class's path."""
        return self.paths[label][-1]

    def short(self, label: int) -> str:
        """Returns the leaf, with the level above where other classes share the leaf."""
        leaf = self.leaf(label)
        return leaf if self._leaves[leaf] == 1 else " › ".join(self.paths[label][-2:])

    def full(self, label: int) -> str:
        """Returns the whole path for people."""
        return " › ".join(self.paths[label])

    def groups(self, limit: int) -> list[tuple[str, list[int]]]:
        """Groups the classes along the deepest level with at most `limit` nodes.

        Returns:
            Name of the node and its labels, in the order of the tree; the classes
            themselves where there are few; nothing where even the top level has more.
        """
        found: list[tuple[str, list[int]]] = []
        for level in range(1, max(map(len, self.paths)) + 1):
            nodes: dict[tuple[str, ...], list[int]] = {}
            for label in self.order.tolist():
                nodes.setdefault(self.paths[label][:level], []).append(label)
            if len(nodes) > limit:
                break
            found = [(path[-1], labels) for path, labels in nodes.items()]
        return found

    def _colours(self) -> list[str]:
        """Spreads hues along the tree, with wider steps between wider branches."""
        places, place = [], 0.0
        deepest = max(map(len, self.paths))
        before: tuple[str, ...] | None = None
        for label in self.order.tolist():
            path = self.paths[label]
            if before is not None:
                shared = 0
                while shared < min(len(path), len(before)) and (
                    path[shared] == before[shared]
                ):
                    shared += 1
                place += max(deepest - shared, 1) ** 2
            places.append(place)
            before = path
        whole = place + deepest**2  # the last and the first hue are apart too
        colours = [""] * len(self.names)
        for i, label in enumerate(self.order.tolist()):
            colours[label] = _oklch(
                LIGHTNESS[i % len(LIGHTNESS)], CHROMA, 360 * places[i] / whole
            )
        return colours


def _oklch(lightness: float, chroma: float, hue: float) -> str:
    """Converts OKLCH, in which equal steps look equal, to #rrggbb.

    Reference: Ottosson 2020, "A perceptual color space for image processing".
    """
    a = chroma * math.cos(math.radians(hue))
    b = chroma * math.sin(math.radians(hue))
    lms = (
        lightness + 0.3963377774 * a + 0.2158037573 * b,
        lightness - 0.1055613458 * a - 0.0638541728 * b,
        lightness - 0.0894841775 * a - 1.2914855480 * b,
    )
    long, middle, short = (value**3 for value in lms)
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )

    def channel(value: float) -> int:
        value = min(max(value, 0.0), 1.0)
        curved = (
            12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
        )
        return round(255 * curved)

    return "#" + "".join(f"{channel(value):02x}" for value in linear)
