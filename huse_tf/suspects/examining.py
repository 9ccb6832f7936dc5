"""What the doctor says of suspects: those that need no model, and a run's."""

from collections.abc import Iterator
from pathlib import Path

from huse_tf.catalog import Catalog
from huse_tf.suspects.duplicates import across_splits
from huse_tf.suspects.suspect import beside, counts, read_kinds

SHOWN = 5


def examined(catalog: Catalog, report: Path) -> Iterator[str]:
    """Yields lines about equal titles across splits, and about a run's suspects.

    Args:
        catalog: N rows.
        report: the file of the run's report, which may not be there.
    """
    doubled = across_splits(catalog, None)
    if doubled:
        pairs = ", ".join(
            f"{catalog.rows[one.position]} and {catalog.rows[one.other]}"
            for one in doubled[:SHOWN]
        )
        yield (
            f"{len(doubled):,} validation and test rows have the title of a training "
            f"row (rows {pairs}); without a split column data.split_together = texts "
            "puts them into one"
        )
    path = beside(report)
    if path.exists():
        try:
            yield f"{path}: {counts(read_kinds(path))}"
        except (OSError, ValueError, KeyError) as error:
            yield f"{path}: cannot be read ({error}); a report writes it anew"
