"""The strongest suspects of each kind, in pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from huse_tf.catalog import Catalog
from huse_tf.reports.html import Html, paragraph, section, tag
from huse_tf.reports.thumbnails import Thumbnails
from huse_tf.suspects.suspect import KINDS, Suspect

OF_A_KIND = 12  # shown


@dataclass(frozen=True)
class Card:
    """A row as the page shows it: path of the picture or "", text, class."""

    image: str
    text: str
    class_name: str
    row: int


@dataclass(frozen=True)
class Shown:
    """A suspect, and the row that it doubles where it does."""

    kind: str
    evidence: str
    cards: tuple[Card, ...]
    total: int


def shown(suspects: Sequence[Suspect], catalog: Catalog) -> Iterator[Shown]:
    """Yields the strongest of each kind; `total` says how many of it there are.

    Args:
        suspects: the strongest of each kind first.
        catalog: theirs.
    """
    names = (*catalog.class_names, "")
    for kind in KINDS:
        own = [one for one in suspects if one.kind == kind]
        for one in own[:OF_A_KIND]:
            rows = [one.position, *([] if one.other is None else [one.other])]
            cards = tuple(
                Card(
                    catalog.image_path(i),
                    str(catalog.texts[i]),
                    names[catalog.labels[i]],
                    int(catalog.rows[i]),
                )
                for i in rows
            )
            yield Shown(kind, one.evidence, cards, len(own))


def pictures(found: Sequence[Shown]) -> list[str]:
    """Returns the paths of the pictures that the section shows."""
    return [card.image for one in found for card in one.cards if card.image]


def suspects(found: Sequence[Shown], thumbnails: Thumbnails) -> Html:
    """Shows what someone should look at; suspects.csv has all of it."""
    parts = []
    for kind, what in KINDS.items():
        own = [one for one in found if one.kind == kind]
        if not own:
            continue
        parts.append(tag("h3", f"{what[0].upper()}{what[1:]}: {own[0].total:,}"))
        parts += [_suspect(one, thumbnails) for one in own]
    if not parts:
        return section("Suspects", paragraph("Nothing was found, or looked for."))
    return section(
        "Suspects",
        paragraph(
            "Rows of the whole catalogue that may be wrong, the strongest of each "
            "kind; all stand in suspects.csv beside this page."
        ),
        *parts,
    )


def _suspect(one: Shown, thumbnails: Thumbnails) -> Html:
    cards = []
    for card in one.cards:
        none = tag("span", "no picture", class_="class")
        parts = [thumbnails(card.image, card.text) if card.image else none]
        if card.text:
            parts.append(tag("q", card.text))
        where = f"row {card.row}: {card.class_name}"
        parts.append(tag("span", where, class_="class"))
        cards.append(tag("div", *parts, class_="product query-item"))
    return tag("div", tag("div", *cards, class_="query pair"), paragraph(one.evidence))
