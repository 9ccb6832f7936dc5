"""Parquet files and pandas DataFrames to rows of strings."""

import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from huse_tf.catalog.json_reader import as_text
from huse_tf.catalog.tables import Row, RowTable
from huse_tf.errors import InputError, first_line
from huse_tf.extras import extra

if TYPE_CHECKING:
    import pandas as pd


def read_parquet(path: Path, data: bytes) -> RowTable:
    """Reads a Parquet file; rows are numbered by their position from 0.

    Raises:
        InputError: pyarrow is not installed, or it cannot read the file.
    """
    with extra("parquet", f"{path}: a Parquet file", "save it as CSV"):
        import pyarrow as pa
        import pyarrow.parquet as pq
    try:
        table = pq.read_table(io.BytesIO(data))
        columns = [column.to_pylist() for column in table.columns]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            f"{path}: a Parquet file that cannot be read ({first_line(error)}); write "
            "it anew"
        ) from error
    return _of_columns(table.column_names, columns)


def read_frame(frame: "pd.DataFrame") -> RowTable:
    """Reads a DataFrame; rows are numbered as `iloc` does. A named index is a column.

    Raises:
        InputError: it is something else.
    """
    if not hasattr(frame, "reset_index") or not hasattr(frame, "columns"):
        raise InputError(
            "`data`: expected [data] of a config, a file or a pandas DataFrame. "
            f"Received: {type(frame).__name__}"
        )
    if frame.index.name is not None:
        frame = frame.reset_index()
    columns = [
        frame.iloc[:, i].astype(object).where(frame.iloc[:, i].notna(), None).tolist()
        for i in range(frame.shape[1])
    ]
    return _of_columns([str(name) for name in frame.columns], columns)


def _of_columns(names: Sequence[str], columns: Sequence[list]) -> RowTable:
    """Numbers the rows of columns, which are of one length."""
    columns = [_whole(column) for column in columns]

    def rows() -> Iterator[Row]:
        for number, cells in enumerate(zip(*columns, strict=True)):
            yield Row(number, [as_text(cell) for cell in cells])

    return RowTable(tuple(name.strip() for name in names), "UTF-8", rows)


def _whole(column: list) -> list:
    """Takes ".0" off numbers that are floats only because others are missing."""
    floats = [value for value in column if isinstance(value, float)]
    missing = [value for value in floats if math.isnan(value)]
    if not floats:
        return column
    is_whole = all(value.is_integer() for value in floats if not math.isnan(value))
    if not (is_whole or missing):
        return column

    def cell(value: object) -> object:
        if not isinstance(value, float):
            return value
        if math.isnan(value):
            return None
        return int(value) if is_whole else value

    return [cell(value) for value in column]
