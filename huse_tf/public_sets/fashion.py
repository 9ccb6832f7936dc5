"""Fashion Product Images: styles.csv and images/ID.jpg."""

from pathlib import Path

from huse_tf.catalog.csv_reader import WRONG_COLUMNS
from huse_tf.catalog.readers import read_table
from huse_tf.catalog.tables import Row
from huse_tf.errors import InputError
from huse_tf.public_sets.listing import Listed, require, without_row

CLASS = ("masterCategory", "subCategory", "articleType")
NAME = "productDisplayName"
NOT_GIVEN = "NA"
STRAY_COMMA = f"comma in a {NAME} without quotes"


def listing(folder: Path) -> list[Listed]:
    """Lists the rows of styles.csv.

    The product's name is the last column, so cells too many are the rest of it.

    Args:
        folder: with styles.csv and images/.

    Raises:
        InputError: one of these is not there, or a column is missing or misplaced.
    """
    require(folder, ["styles.csv", "images"], "Fashion Product Images")
    path = folder / "styles.csv"
    table = read_table(path)
    for name in ("id", *CLASS, NAME):
        if name not in table.header:
            found = ", ".join(table.header)[:200]
            raise InputError(f"{path}: no column {name}; found {found}")
    if table.header[-1] != NAME:
        raise InputError(
            f"{path}: the last column is {table.header[-1]}; expected {NAME}, as "
            "published"
        )
    rows = table.rows(anchor=table.header.index("id"))
    listed = [_product(row, table.header) for row in rows]
    return listed + without_row(folder, "images", listed)


def _product(row: Row, header: tuple[str, ...]) -> Listed:
    source, cells, repair = f"styles.csv row {row.number}", row.cells, ""
    last = len(header) - 1
    if row.problem == WRONG_COLUMNS and len(cells) > len(header):
        cells, repair = [*cells[:last], ",".join(cells[last:])], STRAY_COMMA
    elif row.problem:
        return Listed(source, problem=row.problem)
    cell = {name: cells[i].strip() for i, name in enumerate(header)}
    text = cell[NAME] if cell[NAME] != NOT_GIVEN else ""
    levels = tuple(cell[name].lower() for name in CLASS)
    return Listed(source, f"images/{cell['id']}.jpg", text, levels, repair=repair)
