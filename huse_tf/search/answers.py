"""Answers for a terminal and for other programs."""

import json
from collections.abc import Sequence

from huse_tf.search.index import Product

CLASS_WIDTH = 40


def format_answers(products: Sequence[Product], separator: str) -> str:
    """Lays answers out as a table: rank, distance, class and title.

    Args:
        products: the nearest first.
        separator: between two levels of a class; the last levels of a long one stay.
    """
    names = [_short(product.class_name, separator) for product in products]
    width = max([len("class"), *map(len, names)])
    lines = [f"rank  distance  {'class':<{width}}  title"]
    for rank, (product, name) in enumerate(zip(products, names, strict=True), 1):
        title = " ".join(product.title.split())
        lines.append(f"{rank:4}  {product.distance:8.4f}  {name:<{width}}  {title}")
    return "\n".join(lines)


def as_records(products: Sequence[Product]) -> list[dict[str, object]]:
    """Returns answers as JSON objects, the rank from 1."""
    return [
        {
            "rank": rank,
            "number": product.number,
            "row": product.row,
            "title": product.title,
            "class": product.class_name,
            "image": product.image,
            "distance": round(product.distance, 6),
        }
        for rank, product in enumerate(products, 1)
    ]


def to_json(query: dict[str, object], products: Sequence[Product]) -> str:
    """Returns the query and its answers as one JSON document."""
    answer = {"query": query, "results": as_records(products)}
    return json.dumps(answer, indent=1, ensure_ascii=False)


def _short(class_name: str, separator: str) -> str:
    levels = class_name.split(separator)
    while len(separator.join(levels)) > CLASS_WIDTH and len(levels) > 1:
        levels = ["…", *levels[1:]] if levels[0] != "…" else ["…", *levels[2:]]
        if len(levels) == 2:
            break
    return separator.join(levels)[:CLASS_WIDTH]
