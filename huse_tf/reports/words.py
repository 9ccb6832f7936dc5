"""The best and the worst queries of a word and a class, with the products they find."""

from dataclasses import dataclass

import numpy as np

from huse_tf.metrics.measures import product_vectors
from huse_tf.metrics.registry import WORDS_AT
from huse_tf.metrics.retrieval import nearest_items
from huse_tf.metrics.words import AT_LEAST
from huse_tf.reports.answers import Answers
from huse_tf.reports.html import Html, number, paragraph, section, tag
from huse_tf.reports.queries import NEAREST, SHOWN, product
from huse_tf.reports.thumbnails import Thumbnails

TITLE = "Word search"


@dataclass(frozen=True)
class FoundByWords:
    """Q queries and the products that they find.

    Attributes:
        nearest: int64 [Q, WORDS_AT], positions of the nearest products.
        right: bool [Q, WORDS_AT], whether these have the query's class and word.
        chance: float [Q], share of the class's products that have the word.
    """

    nearest: np.ndarray
    right: np.ndarray
    chance: np.ndarray

    @property
    def precision(self) -> np.ndarray:
        """P@10 of each query, float [Q]."""
        return self.right.mean(axis=1)


def find(answers: Answers) -> FoundByWords:
    """Answers the queries by products: image and text at the fusion weight.

    Products without a text are left out: nothing says whether they have the word.
    """
    weight = float(answers.meta["fusion_weight"])
    products = product_vectors(
        answers.image_embedding, answers.text_embedding, weight, answers.present
    )
    titled = answers.having("text")
    nearest = nearest_items(answers.query_embedding, products[titled], WORDS_AT)
    nearest = np.where(nearest >= 0, np.append(titled, -1)[nearest], -1)
    held = answers.queries.answers
    right = [np.isin(row, rows) for row, rows in zip(nearest, held, strict=True)]
    sizes = np.bincount(answers.labels[titled], minlength=1)[answers.queries.labels]
    return FoundByWords(
        nearest,
        np.array(right, bool).reshape(nearest.shape),
        np.array([len(rows) for rows in held]) / sizes,
    )


def extremes(found: FoundByWords) -> dict[str, np.ndarray]:
    """Returns the places of the worst and of the best queries.

    Of queries with equal P@10 the one that does more than chance counts as better.
    """
    order = np.lexsort((-found.chance, found.precision))
    count = min(SHOWN, -(-len(order) // 2))
    return {"worst": order[:count], "best": order[::-1][:count]}


def shown_rows(found: FoundByWords) -> np.ndarray:
    """Returns the positions of the products whose pictures the section shows."""
    places = np.concatenate([*extremes(found).values()])
    return found.nearest[places, :NEAREST].ravel()


def word_search(answers: Answers, found: FoundByWords, thumbnails: Thumbnails) -> Html:
    """Shows the ten worst and the ten best queries."""
    asked = len(answers.queries)
    if not asked:
        return section(
            TITLE,
            paragraph(
                f"No class has a word that at least {AT_LEAST} and at most half of "
                "its products have in their titles, so there is nothing to ask for."
            ),
        )
    blocks = []
    for kind, places in extremes(found).items():
        blocks.append(tag("h3", f"the {len(places)} {kind}"))
        for place in places:
            at = f"P@{WORDS_AT} {number(found.precision[place], 1)}"
            chance = f"by chance {number(found.chance[place], 2)}"
            cards = [
                product(answers, row, thumbnails, "both", right)
                for row, right in zip(
                    found.nearest[place, :NEAREST].tolist(),
                    found.right[place],
                    strict=False,
                )
            ]
            query = tag(
                "div",
                tag("q", answers.queries.texts[place]),
                tag("span", f"{at}, {chance}", class_="class"),
                class_="product query-item",
            )
            blocks.append(tag("div", query, *cards, class_="query"))
    return section(
        TITLE,
        paragraph(
            f"{asked:,} queries of a word and a class, found in these products' "
            f"titles: words that at least {AT_LEAST} and at most half of a class's "
            f"products have. Each row: the query and its {NEAREST} nearest products, "
            "by image and text together; ✓ green has the class and the word, ✗ red "
            f"has not. P@{WORDS_AT} is the share of such products among the "
            f"{WORDS_AT} nearest, and chance what a search finds that knows the class "
            "alone."
        ),
        *blocks,
    )
