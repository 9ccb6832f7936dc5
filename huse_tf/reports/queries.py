"""The best and the worst queries across the modalities, with what they find."""

from dataclasses import dataclass

import numpy as np

from huse_tf.metrics.in_numpy import largest
from huse_tf.reports.answers import Answers
from huse_tf.reports.html import Html, paragraph, section, tag
from huse_tf.reports.space import sample_rows
from huse_tf.reports.thumbnails import Thumbnails

SHOWN = 10
NEAREST = 5
QUERIES = 5000  # a larger set is sampled
CHUNK = 512  # queries scored at a time
DIRECTIONS = (("image", "text"), ("text", "image"))


@dataclass(frozen=True)
class Found:
    """Queries of one direction and what they find.

    Attributes:
        rows: int64 [q], positions of the queries.
        nearest: int64 [q, at most NEAREST], positions of the nearest items.
        margins: float [q], in [-2, 2]: the cosine of the nearest item of the query's
            class less that of the nearest item of another.
    """

    rows: np.ndarray
    nearest: np.ndarray
    margins: np.ndarray


def find(
    queries: np.ndarray,
    items: np.ndarray,
    labels: np.ndarray,
    rows: np.ndarray,
    among: np.ndarray,
) -> Found:
    """Finds the nearest items and the margin of each query.

    Args:
        queries: float [n, D], unit rows.
        items: float [n, D], unit rows, of the same products.
        labels: int [n].
        rows: int64 [q], the queries wanted.
        among: int64 [m], the items that there are, ascending, at least one.
    """
    nearest, margins = [], []
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        scores = (queries[chunk] @ items[among].T).astype(np.float32)
        nearest.append(among[largest(scores, NEAREST)])
        own = labels[chunk][:, None] == labels[among][None]
        margins.append(
            np.where(own, scores, -1).max(axis=1)
            - np.where(own, -1, scores).max(axis=1)
        )
    return Found(rows, np.concatenate(nearest), np.concatenate(margins))


def find_both(answers: Answers) -> dict[tuple[str, str], Found]:
    """Runs the queries of both directions across the modalities.

    There are none where no product has an image, or none a text.
    """
    embeddings = {"image": answers.image_embedding, "text": answers.text_embedding}
    labels, having = answers.labels, {name: answers.having(name) for name in embeddings}
    if not all(map(len, having.values())):
        return {}
    asked = {
        name: rows[sample_rows(labels[rows], QUERIES, answers.seed)]
        for name, rows in having.items()
    }
    return {
        (query, item): find(
            embeddings[query], embeddings[item], labels, asked[query], having[item]
        )
        for query, item in DIRECTIONS
    }


def extremes(found: Found) -> dict[str, np.ndarray]:
    """Returns the places in `found` of the worst and of the best queries."""
    order = np.argsort(found.margins, kind="stable")
    count = min(SHOWN, -(-len(order) // 2))
    return {"worst": order[:count], "best": order[::-1][:count]}


def shown_rows(searches: dict[tuple[str, str], Found]) -> np.ndarray:
    """Returns the positions of the products whose pictures the section shows."""
    rows = [np.empty(0, np.int64)]
    for (query, _), found in searches.items():
        for places in extremes(found).values():
            part = found.rows[places] if query == "image" else found.nearest[places]
            rows.append(part.ravel())
    return np.concatenate(rows)


def queries(
    answers: Answers,
    searches: dict[tuple[str, str], Found],
    thumbnails: Thumbnails,
) -> Html:
    """Shows the ten worst and the ten best queries of both directions."""
    if not searches:
        return section("Queries", paragraph("The products are of one modality alone."))
    blocks = []
    for (query, item), found in searches.items():
        for kind, places in extremes(found).items():
            blocks.append(tag("h3", f"{query} → {item}: the {len(places)} {kind}"))
            for place in places:
                row = int(found.rows[place])
                label = answers.labels[row]
                cards = [product(answers, row, thumbnails, query)]
                cards += [
                    product(answers, at, thumbnails, item, answers.labels[at] == label)
                    for at in found.nearest[place].tolist()
                ]
                blocks.append(tag("div", *cards, class_="query"))
    query = DIRECTIONS[0][0]
    asked = len(searches[DIRECTIONS[0]].rows)
    sampled = asked < len(answers.having(query))
    of = f"a sample of {asked:,}" if sampled else f"all {asked:,}"
    return section(
        "Queries",
        paragraph(
            f"Each row: the query and its {NEAREST} nearest in the other modality; ✓ "
            "green is the query's class, ✗ red another. Ordered by how much nearer the "
            "nearest item of the query's class is than the nearest of another class, "
            f"among {of} queries."
        ),
        *blocks,
    )


def product(
    answers: Answers,
    row: int,
    thumbnails: Thumbnails,
    modality: str,
    right: bool | None = None,
) -> Html:
    """Builds the card of a product.

    Args:
        answers: the products.
        row: the product's position.
        thumbnails: of all pictures shown.
        modality: what of it to show: "image", "text" or "both".
        right: whether it is of the query's class; None for the query itself.
    """
    text = answers.texts[row]
    name = tag("span", answers.tree.short(int(answers.labels[row])), class_="class")
    parts = []
    path = answers.images[row]
    if modality != "text":
        none = tag("span", "no picture", class_="class")
        parts.append(thumbnails(path, text) if path else none)
    if modality != "image" and text:
        parts.append(tag("q", text))
    if right is not None:
        parts.append(tag("span", "✓ " if right else "✗ ", class_="mark"))
    kind = {None: "query-item", True: "right", False: "wrong"}[
        None if right is None else bool(right)
    ]
    return tag("div", *parts, name, class_=f"product {kind}")
