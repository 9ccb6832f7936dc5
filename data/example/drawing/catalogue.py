"""What there is to draw, and the drawing of one product."""

import dataclasses
from random import Random

from PIL import Image

from drawing import scene
from drawing.canvas import Canvas
from drawing.kinds import KINDS, Kind
from drawing.look import Look
from drawing.palette import contrasting
from drawing.titles import title

SEED = 2101


@dataclasses.dataclass(frozen=True)
class Product:
    """One row of the catalogue, and what its picture follows from."""

    number: int
    text: str
    kind: Kind
    look: Look

    @property
    def image(self) -> str:
        """Name of the picture's file."""
        return f"{self.number:04d}.jpg"


def plan() -> list[Product]:
    """All products in catalogue order; every title is used once."""
    kinds = [kind for kind in KINDS for _ in range(kind.count)]
    Random(SEED).shuffle(kinds)
    products, taken = [], set()
    for number, kind in enumerate(kinds, start=1):
        r = Random(f"{SEED} look {number}")
        look = _look(kind, r)
        text = title(kind, look, r)
        while text in taken:
            text = title(kind, look, r)
        taken.add(text)
        products.append(Product(number, text, kind, look))
    return products


def draw(product: Product) -> Image.Image:
    """The picture of a product; the same for the same product."""
    r = Random(f"{SEED} picture {product.number}")
    canvas = Canvas()
    product.kind.draw(canvas, product.look, r)
    return scene.compose(canvas.image(), product.look.main, product.kind.stance, r)


def _look(kind: Kind, r: Random) -> Look:
    colour = r.choice(kind.colours)
    pattern = "solid" if r.random() < kind.plain else r.choice(kind.patterns)
    return Look(
        colour=colour,
        accent=contrasting(colour, r),
        pattern=pattern,
        style=r.choice(kind.styles),
        material=r.choice(kind.materials),
    )
