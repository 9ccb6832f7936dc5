"""Vectors on disk: Parquet, or NumPy's files with a table beside. Whole or absent."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from huse_tf.bulk.tables import import_pyarrow, text_array
from huse_tf.features.files import write_whole
from huse_tf.mapped import mapped

VECTORS = ("embedding", "image_embedding", "text_embedding")
VALID = "valid"
INT8_SCALE = 127
DTYPES = {"float32": np.float32, "float16": np.float16, "int8": np.int8}
GROUP_ROWS = 8192  # of a Parquet file, held in memory


class Block(NamedTuple):
    """Some products of a file.

    Attributes:
        columns: name -> n strings.
        vectors: each of VECTORS -> [n, D] as they are stored; a row of zeros where
            there is none.
    """

    columns: dict[str, list[str]]
    vectors: dict[str, np.ndarray]

    @property
    def valid(self) -> np.ndarray:
        """Which products have an embedding, bool [n]."""
        return self.vectors[VECTORS[0]].any(axis=1)


class Format(NamedTuple):
    """A way to write vectors.

    Attributes:
        endings: of the files that one name stands for; the last appears last.
        write: (path without an ending, blocks, their number of rows, facts about all
            of them).
    """

    endings: tuple[str, ...]
    write: Callable[[Path, Iterable[Block], int, Mapping[str, object]], None]

    def is_there(self, stem: Path) -> bool:
        """Whether the files of a name are there, whole."""
        return with_ending(stem, self.endings[-1]).exists()


def with_ending(stem: Path, ending: str) -> Path:
    """Returns the path of one of the files that a name stands for."""
    return stem.with_name(stem.name + ending)


def stored(vectors: np.ndarray, dtype: str) -> np.ndarray:
    """Brings unit vectors into the dtype of the files.

    Formula: int8 holds round(127 x), so that x is about value / 127, to 0.004.

    Args:
        vectors: float32 [n, D].
        dtype: of DTYPES.
    """
    if dtype == "int8":
        vectors = np.clip(np.rint(vectors * INT8_SCALE), -INT8_SCALE, INT8_SCALE)
    return np.ascontiguousarray(vectors, DTYPES[dtype])


def write_parquet(
    stem: Path, blocks: Iterable[Block], rows: int, about: Mapping[str, object]
) -> None:
    """Writes one Parquet file, in groups of GROUP_ROWS rows.

    The vectors are fixed-size lists, null where there is none; `about` stands in the
    schema's metadata as "huse_tf", in JSON. The same blocks give the same bytes.
    """
    pa = import_pyarrow()

    def write(file: BinaryIO) -> None:
        writer = None
        for block in _in_groups(blocks):
            table = _table(pa, block, about)
            if writer is None:
                # vectors do not get smaller, text does
                packed = {name: "zstd" for name in block.columns} | {VALID: "zstd"}
                packed |= {f"{name}.list.element": "none" for name in VECTORS}
                writer = pa.parquet.ParquetWriter(
                    file,
                    table.schema,
                    compression=packed,
                    use_dictionary=list(block.columns),
                    write_statistics=[*block.columns],
                )
            writer.write_table(table, row_group_size=GROUP_ROWS)
        if writer is not None:
            writer.close()

    write_whole(with_ending(stem, ".parquet"), write)


def write_npy(
    stem: Path, blocks: Iterable[Block], rows: int, about: Mapping[str, object]
) -> None:
    """Writes an array for each kind of vector, and a CSV of their rows last.

    Rows of vectors that are not there are zeros.
    """
    beside = {name: with_ending(stem, f".{name}.npy.partial") for name in VECTORS}
    files: dict[str, np.ndarray] = {}
    text, done = io.StringIO(newline=""), 0
    table = csv.writer(text)
    try:
        for block in blocks:
            if not files:
                table.writerow([*block.columns, VALID])
                files = {
                    name: mapped(beside[name], v.dtype, (rows, v.shape[1]))
                    for name, v in block.vectors.items()
                }
            cells = zip(*block.columns.values(), strict=True)
            flags = ("true" if valid else "false" for valid in block.valid)
            table.writerows(
                [*row, flag] for row, flag in zip(cells, flags, strict=True)
            )
            for name, values in block.vectors.items():
                files[name][done : done + len(values)] = values
            done += len(block.valid)
        for name, file in files.items():
            file.flush()
            beside[name].replace(with_ending(stem, f".{name}.npy"))
    except BaseException:
        for path in beside.values():
            path.unlink(missing_ok=True)
        raise
    content = text.getvalue().encode("utf-8", "backslashreplace")
    write_whole(with_ending(stem, ".csv"), lambda file: file.write(content))


FORMATS = {
    "parquet": Format((".parquet",), write_parquet),
    "npy": Format((*(f".{name}.npy" for name in VECTORS), ".csv"), write_npy),
}


def _in_groups(blocks: Iterable[Block]) -> Iterator[Block]:
    """Joins blocks until they have GROUP_ROWS rows, and cuts there."""
    held: list[Block] = []
    size = 0
    for block in blocks:
        held.append(block)
        size += len(block.valid)
        while size >= GROUP_ROWS:
            whole = _joined(held)
            yield _rows(whole, 0, GROUP_ROWS)
            held, size = [_rows(whole, GROUP_ROWS, size)], size - GROUP_ROWS
    if size:
        yield _joined(held)


def _joined(blocks: list[Block]) -> Block:
    return Block(
        {
            name: [cell for block in blocks for cell in block.columns[name]]
            for name in blocks[0].columns
        },
        {
            name: np.concatenate([block.vectors[name] for block in blocks])
            for name in VECTORS
        },
    )


def _rows(block: Block, first: int, last: int) -> Block:
    return Block(
        {name: cells[first:last] for name, cells in block.columns.items()},
        {name: values[first:last] for name, values in block.vectors.items()},
    )


def _table(pa, block: Block, about: Mapping[str, object]):
    """Builds a pyarrow table: columns, vectors, valid."""
    columns = {name: text_array(pa, cells) for name, cells in block.columns.items()}
    for name, values in block.vectors.items():
        missing = ~values.any(axis=1)
        columns[name] = pa.FixedSizeListArray.from_arrays(
            pa.array(values.reshape(-1)),
            values.shape[1],
            mask=pa.array(missing) if missing.any() else None,
        )
    columns[VALID] = pa.array(block.valid)
    told = {"huse_tf": json.dumps(about, sort_keys=True)}
    return pa.table(columns).replace_schema_metadata(told)
