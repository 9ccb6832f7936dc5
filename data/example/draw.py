"""Draw the example catalogue: python data/example/draw.py (needs Pillow, NumPy)."""

import argparse
import csv
from pathlib import Path

from drawing import catalogue, sheet

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Write catalog.csv and images/, or a few pictures, or the contact sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=HERE, help="folder to write to")
    parser.add_argument(
        "--only", type=int, nargs="+", metavar="NUMBER", help="draw these pictures only"
    )
    parser.add_argument(
        "--sheet", type=Path, help="write a picture of some of each class, and stop"
    )
    arguments = parser.parse_args()

    products = catalogue.plan()
    if arguments.sheet:
        sheet.write(products, arguments.sheet)
        return

    images = arguments.to / "images"
    images.mkdir(parents=True, exist_ok=True)
    for product in products:
        if arguments.only and product.number not in arguments.only:
            continue
        picture = catalogue.draw(product)
        picture.save(images / product.image, quality=88, optimize=True)

    if not arguments.only:
        path = arguments.to / "catalog.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("image", "text", "class"))
            writer.writerows((p.image, p.text, p.kind.path) for p in products)


if __name__ == "__main__":
    main()
