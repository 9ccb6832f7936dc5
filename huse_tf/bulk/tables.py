"""Tables on disk: CSV, JSON lines or Parquet, by the ending; whole or absent."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from huse_tf.extras import extra
from huse_tf.features.files import write_whole

Cells = dict[str, Sequence[str] | Sequence[float]]  # name -> n cells


def write_table(path: Path, blocks: Iterable[Cells]) -> None:
    """Writes a table block by block.

    Args:
        path: ends in one of TABLES.
        blocks: pieces of the table with the same columns, at least one.
    """
    write = TABLES[path.suffix.lower()]
    write_whole(path, lambda file: write(file, blocks))


def import_pyarrow():
    """Imports pyarrow and its Parquet.

    Raises:
        InputError: it is not installed.
    """
    with extra("parquet", "Parquet", "choose another `format`"):
        import pyarrow.parquet
    return pyarrow


def text_array(pa, cells: Sequence[str]):
    """Returns strings as pyarrow's; half a surrogate pair becomes "?"."""
    return pa.array(
        [cell.encode("utf-8", "replace").decode() for cell in cells], pa.string()
    )


def _write_csv(file: BinaryIO, blocks: Iterable[Cells]) -> None:
    text = io.TextIOWrapper(file, "utf-8", "backslashreplace", newline="")
    table = csv.writer(text)
    for number, block in enumerate(blocks):
        if not number:
            table.writerow(block)
        table.writerows(zip(*block.values(), strict=True))
    text.flush()
    text.detach()


def _write_json_lines(file: BinaryIO, blocks: Iterable[Cells]) -> None:
    for block in blocks:
        for row in zip(*block.values(), strict=True):
            line = json.dumps(dict(zip(block, row, strict=True)), ensure_ascii=False)
            file.write(line.encode("utf-8", "replace") + b"\n")


def _write_parquet(file: BinaryIO, blocks: Iterable[Cells]) -> None:
    pa = import_pyarrow()
    writer = None
    for block in blocks:
        table = pa.table(
            {
                name: text_array(pa, cells)
                if isinstance(cells[0], str)
                else pa.array(cells, pa.float64())
                for name, cells in block.items()
            }
        )
        writer = writer or pa.parquet.ParquetWriter(file, table.schema)
        writer.write_table(table)
    writer.close()


TABLES: dict[str, Callable[[BinaryIO, Iterable[Cells]], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_json_lines,
    ".parquet": _write_parquet,
}
