"""Answers for a terminal and for other programs."""

import json
from collections.abc import Sequence

from huse_tf.search.index import Product
from huse_tf.search.matching import Answer

CLASS_WIDTH = 40


def format_answers(products: Sequence[Product], separator: str) -> str:
    """Lays answers out as a table: rank, distance, class and title.

    Where the catalogue has ids, these stand beside. Where words were compared, so do
    the places by the title's words and by distance: "words" and "vectors".

    Args:
        products: the nearest first.
        separator: between two levels of a class; the last levels of a long one stay.
    """
    names = [_short(product.class_name, separator) for product in products]
    width = max([len("class"), *map(len, names)])
    by_words = any(product.words_rank for product in products)
    joined = f"{'words':>5}  {'vectors':>7}  " if by_words else ""
    ids = [product.id if has_own_id(product) else "" for product in products]
    room = max([2, *map(len, ids)]) + 2 if any(ids) else 0
    lines = [f"rank  distance  {joined}{'id' if room else '':<{room}}"]
    lines[0] += f"{'class':<{width}}  title"
    for rank, (product, name) in enumerate(zip(products, names, strict=True), 1):
        title = " ".join(shown_title(product).split())
        if by_words:
            words, vectors = product.words_rank or "–", product.vector_rank or "–"
            joined = f"{words:>5}  {vectors:>7}  "
        distance = f"{product.distance:8.4f}"
        own = f"{ids[rank - 1]:<{room}}"
        lines.append(f"{rank:4}  {distance}  {joined}{own}{name:<{width}}  {title}")
    return "\n".join(lines)


def has_own_id(product: Product) -> bool:
    """Says whether a product has an id that is not its row's number."""
    return product.id not in ("", str(product.row))


def shown_title(product: Product) -> str:
    """Returns a product's title; where it has none, words that say so."""
    return product.title or "(no title)"


def as_records(products: Sequence[Product]) -> list[dict[str, object]]:
    """Returns answers as JSON objects, the rank from 1."""
    return [
        {
            "rank": rank,
            "number": product.number,
            "id": product.id,
            "row": product.row,
            "title": product.title,
            "class": product.class_name,
            "image": product.image,
            "distance": round(product.distance, 6),
            "matched": list(product.matched),
            "words_rank": product.words_rank,
            "vector_rank": product.vector_rank,
            "columns": dict(product.columns),
        }
        for rank, product in enumerate(products, 1)
    ]


def as_answer(answer: Answer) -> dict[str, object]:
    """Returns an answer as a JSON object.

    Returns:
        "match", what was compared; "unknown_words", words of the query that no title
        has; "note", what could not be done, or None; "results".
    """
    return {
        "match": answer.match,
        "unknown_words": list(answer.unknown),
        "note": answer.note,
        "results": as_records(answer.products),
    }


def to_json(query: dict[str, object], answer: Answer, one_line: bool = False) -> str:
    """Returns the query and its answer as one JSON document, or as one line of it."""
    document = {"query": query, **as_answer(answer)}
    return json.dumps(document, indent=None if one_line else 1, ensure_ascii=False)


def _short(class_name: str, separator: str) -> str:
    levels = class_name.split(separator)
    while len(separator.join(levels)) > CLASS_WIDTH and len(levels) > 1:
        levels = ["…", *levels[1:]] if levels[0] != "…" else ["…", *levels[2:]]
        if len(levels) == 2:
            break
    return separator.join(levels)[:CLASS_WIDTH]
