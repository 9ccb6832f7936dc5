"""A picture of the catalogue: each class with its name and some products."""

from collections import Counter
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from drawing import catalogue
from drawing.kinds import KINDS, Kind

COLUMNS, EACH, TILE, GAP, LABEL = 2, 6, 64, 4, 128


def write(products: list[catalogue.Product], path: Path) -> None:
    """Draw the contact sheet."""
    rows = -(-len(KINDS) // COLUMNS)
    wide = LABEL + EACH * (TILE + GAP) + 12
    high = TILE + GAP
    page = Image.new("RGB", (COLUMNS * wide, rows * high + GAP), (255, 255, 255))
    draw = ImageDraw.Draw(page)
    for i, kind in enumerate(KINDS):
        left, top = i // rows * wide, i % rows * high + GAP
        *parents, name = kind.path.split("<")
        draw.text((left + 10, top + 18), name, (40, 40, 46), ImageFont.load_default(14))
        draw.text(
            (left + 10, top + 37),
            " < ".join(parents),
            (130, 132, 140),
            ImageFont.load_default(10),
        )
        for column, product in enumerate(_varied(products, kind)):
            tile = catalogue.draw(product).resize(
                (TILE, TILE), Image.Resampling.LANCZOS
            )
            page.paste(tile, (left + LABEL + column * (TILE + GAP), top))
    palette = page.quantize(256, kmeans=4)
    page.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(
        path, optimize=True
    )


def _varied(products: list[catalogue.Product], kind: Kind) -> list[catalogue.Product]:
    """The first EACH products of a class, each style before any comes twice."""
    seen, ranked = Counter(), []
    for product in products:
        if product.kind is kind:
            ranked.append((seen[product.look.style], product.number, product))
            seen[product.look.style] += 1
    return [product for _, _, product in sorted(ranked)[:EACH]]
