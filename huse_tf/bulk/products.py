"""The products of a file, ready to be asked about: with or without classes."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from huse_tf.catalog import Catalog, read_catalog
from huse_tf.errors import InputError
from huse_tf.features.encode import Part, share_of
from huse_tf.run.material import make_pipeline
from huse_tf.run.pipelines import Pipeline, stored_features
from huse_tf.run.restore import TrainedRun


@dataclasses.dataclass(frozen=True)
class Products:
    """A share of a catalogue, encoded by a run's encoders.

    Attributes:
        catalog: of the share, without the rows whose pictures cannot be decoded.
        pipeline: its batches.
        rows: int64 [P], the position of each product's first row.
        numbers: int64 [P], each product's number in the whole file, counted from 0
            before any picture was decoded.
        first: number of the first product of the share.
        total: how many products the whole file has.
    """

    catalog: Catalog
    pipeline: Pipeline
    rows: np.ndarray
    numbers: np.ndarray
    first: int
    total: int


def read_products(
    trained: TrainedRun,
    csv: Path | None = None,
    images: Path | None = None,
    part: Part = (1, 1),
) -> Products:
    """Reads and encodes the k-th of n shares of a catalogue, which needs no classes.

    Args:
        trained: the run.
        csv: the catalogue; None takes the run's own.
        images: the folder of that file's pictures.
        part: (k, n), k from 1.

    Raises:
        InputError: the catalogue cannot be read or encoded, or nothing of the share
            can be used.
    """
    data = trained.config.data
    if csv is not None and images is not None:
        data = dataclasses.replace(data, csv=csv, images=images)
    catalog = read_catalog(data, labelled=False)
    products = catalog.products
    total = int(products.max()) + 1
    shared = share_of(total, part)
    inside = (products >= shared.start) & (products < shared.stop)
    if not inside.any():
        raise InputError(
            f"`part` {part[0]}/{part[1]}: no product is in it; {data.csv} has {total:,}"
        )
    read = catalog.take(np.flatnonzero(inside))
    if part[0] > 1:  # what was rejected while reading is told once
        read = dataclasses.replace(read, rejected=())
    catalog, pipeline = make_pipeline(
        trained.config,
        read,
        trained.image_encoder,
        trained.text_encoder,
        stored_features,
    )
    print(catalog.summary())
    if not len(catalog):
        raise InputError(f"{data.csv}: no picture can be decoded")
    number = dict(zip(read.ids, products[inside].tolist(), strict=True))
    rows = catalog.first_rows
    numbers = np.array([number[own] for own in catalog.ids[rows]], np.int64)
    return Products(catalog, pipeline, rows, numbers, shared.start, total)


def own_columns(catalog: Catalog, taken: Iterable[str] = ()) -> dict[str, np.ndarray]:
    """Returns what identifies and describes products, column by column.

    Args:
        catalog: N rows.
        taken: names of columns that will stand beside these.

    Returns:
        "id", the user's own columns, "image", "text" and, where the catalogue has
        classes, "class": object [N] each. An own column whose name is taken is called
        "own_" and its name.
    """
    described = {"image": catalog.images, "text": catalog.texts}
    if catalog.class_names:
        described["class"] = np.array([*catalog.class_names, ""], object)[
            catalog.labels
        ]
    columns, used = {"id": catalog.ids}, {"id", *described, *taken}
    for name, cells in catalog.carried.items():
        while name in used:
            name = f"own_{name}"
        used.add(name)
        columns[name] = cells
    return {**columns, **described}


def rows_of(columns: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, list[str]]:
    """Takes rows (int64 [n]) of columns: n cells each."""
    return {name: cells[rows].tolist() for name, cells in columns.items()}
