"""A suspect row, and the table of all of them."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from huse_tf.catalog import Catalog
from huse_tf.replacing import replaced

TABLE = "suspects.csv"  # of report.html
LABEL, APART, DUPLICATE = "label", "apart", "duplicate"
KINDS = {
    LABEL: "labels that photo and title both contradict",
    APART: "photo and title far apart",
    DUPLICATE: "near duplicates across splits",
}


@dataclass(frozen=True)
class Suspect:
    """A product that may be wrong in the catalogue.

    Attributes:
        kind: of KINDS.
        strength: the larger, the more likely; comparable within a kind.
        position: of the product's row in the catalogue.
        evidence: a sentence.
        other_class: LABEL: what the neighbours are, else "".
        other: DUPLICATE: the position of the row that it doubles, else None.
    """

    kind: str
    strength: float
    position: int
    evidence: str
    other_class: str = ""
    other: int | None = None


def in_order(suspects: Sequence[Suspect]) -> list[Suspect]:
    """Sorts by kind, in the order of KINDS, and there the strongest first."""
    kinds = list(KINDS)
    return sorted(suspects, key=lambda one: (kinds.index(one.kind), -one.strength))


def write_suspects(path: Path, suspects: Sequence[Suspect], catalog: Catalog) -> None:
    """Writes a CSV, whole or not at all, a row a suspect, in their order.

    Args:
        path: of the file.
        suspects: as `in_order` sorts them.
        catalog: theirs.
    """
    names = (*catalog.class_names, "")
    head = ("kind", "strength", "row", "id", "split", "class", "other_class")
    head += ("other_row", "other_id", "evidence", "image", "text")
    with replaced(path) as beside:
        with open(
            beside, "w", encoding="utf-8", errors="backslashreplace", newline=""
        ) as file:
            writer = csv.writer(file)
            writer.writerow(head)
            for one in suspects:
                i, other = one.position, ("", "")
                if one.other is not None:
                    other = catalog.rows[one.other], catalog.ids[one.other]
                writer.writerow(
                    (
                        *(one.kind, f"{one.strength:.4f}"),
                        *(catalog.rows[i], catalog.ids[i], catalog.split[i]),
                        *(names[catalog.labels[i]], one.other_class),
                        *(*other, one.evidence),
                        *(catalog.images[i], catalog.texts[i]),
                    )
                )


def counts(kinds: Sequence[str]) -> str:
    """Says how many there are of each kind, from the kind of every suspect."""
    return ", ".join(f"{kinds.count(kind):,} {what}" for kind, what in KINDS.items())


def read_kinds(path: Path) -> list[str]:
    """Returns the kind of every row of a table that `write_suspects` wrote.

    Raises:
        OSError, ValueError, KeyError: there is none, or it is another file.
    """
    with open(path, encoding="utf-8", newline="") as file:
        return [row["kind"] for row in csv.DictReader(file)]


def beside(report: Path) -> Path:
    """Returns the table's path: report_test.html has suspects_test.csv beside it."""
    name = report.stem.removeprefix("report")
    return report.with_name(TABLE.replace(".", f"{name}."))
