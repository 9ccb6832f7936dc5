"""A file of products, or a DataFrame, to a Catalog: every row checked."""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from huse_tf.catalog.catalog import Catalog, by_row, reasons
from huse_tf.catalog.columns import find_columns
from huse_tf.catalog.frame_reader import read_frame
from huse_tf.catalog.image_files import ImageFolder
from huse_tf.catalog.readers import check_readable, read_table
from huse_tf.catalog.rows import SHOWN, Kept, RowReader
from huse_tf.catalog.splitting import with_split
from huse_tf.catalog.tables import Table
from huse_tf.config import DataConfig
from huse_tf.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

FRAME = Path("DataFrame")  # stands for the file's name


def check_sources(data: DataConfig) -> None:
    """Raises InputError where the CSV or the images folder is not there."""
    check_readable(data.csv)
    ImageFolder(data.images)


def read_catalog(
    data: "DataConfig | pd.DataFrame | str | os.PathLike[str]",
    images: str | os.PathLike[str] | None = None,
    *,
    labelled: bool = True,
    **keys: object,
) -> Catalog:
    """Reads products and checks every row.

    Example:
        read_catalog("catalog.csv", "photos")
        read_catalog(frame, "photos", text_columns=["title", "description"])

    Args:
        data: [data] of a config; or a file, CSV, JSON or Parquet, packed with gzip or
            not; or a DataFrame.
        images: the folder of the pictures, where `data` is a file or a DataFrame.
        labelled: whether each row has to have a class. A catalogue that need not has
            label -1 where it has none, and rows of small classes stay.
        **keys: of [data], such as min_class_size=1.

    Raises:
        InputError: the file or the images folder is not there, a column is missing or
            ambiguous, or fewer than two classes are left.
    """
    frame = None
    if not isinstance(data, DataConfig):
        if images is None:
            raise InputError("`images`: expected the folder of the pictures")
        if not isinstance(data, (str, os.PathLike)):
            frame, data = data, FRAME
        data = DataConfig(csv=Path(data), images=Path(images))
    elif images is not None:
        data = dataclasses.replace(data, images=Path(images))
    unknown = keys.keys() - {field.name for field in dataclasses.fields(DataConfig)}
    if unknown:
        raise InputError(f"`{min(unknown)}`: no key of [data]")
    data = dataclasses.replace(data, **keys)
    table = read_table(data.csv) if frame is None else read_frame(frame)
    return _catalog(data, table, labelled)


def _catalog(data: DataConfig, table: Table, labelled: bool) -> Catalog:
    columns = find_columns(str(data.csv), table.header, data, labelled)
    reader = RowReader(data, table, columns, labelled)
    reader.read()
    if not reader.kept and not reader.rejected:
        raise InputError(f"{data.csv}: a header without rows; expected products")
    if labelled:
        reader.drop_small_classes()
    kept, rejected = reader.kept, by_row(reader.rejected)
    hint = reader.hint()
    if not kept:
        raise InputError(
            f"{data.csv}: every row is rejected ({len(rejected):,}): "
            + reasons(rejected)
            + (f"; {hint}" if hint else "")
        )
    class_names = tuple(sorted({one.class_name for one in kept} - {""}))
    if labelled and len(class_names) == 1:
        raise InputError(
            f"{data.csv}: one class only, {class_names[0][:SHOWN]!r}, in the "
            f"{len(kept):,} rows that can be used; expected two or more"
        )
    label = {"": -1} | {name: i for i, name in enumerate(class_names)}
    carried = zip(*(one.carried for one in kept), strict=True)
    catalog = Catalog(
        images=_strings(kept, "image"),
        texts=_strings(kept, "text"),
        labels=np.array([label[one.class_name] for one in kept], np.int32),
        class_names=class_names,
        split=_strings(kept, "split"),
        rows=np.array([one.row for one in kept], np.int64),
        image_root=Path(data.images),
        rejected=rejected,
        ids=_strings(kept, "id"),
        has_ids=columns.id is not None,
        csv=data.csv,
        encoding=table.encoding,
        separator=reader.paths.mark,
        carried={
            name: np.array(cells, dtype=object)
            for name, cells in zip(columns.carried, carried, strict=True)
        },
        notes=tuple(reader.notes),
        hint=hint,
    )
    return with_split(catalog, data, given=columns.split is not None)


def _strings(kept: list[Kept], field: str) -> np.ndarray:
    return np.array([getattr(one, field) for one in kept], dtype=object)
