"""The products of a file, ready to be asked about: with or without classes."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from huse_tf.catalog import Catalog, read_catalog
from huse_tf.config import DataConfig
from huse_tf.errors import InputError
from huse_tf.features.encode import Part, Stores, share_of
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


class Share(NamedTuple):
    """The k-th of n shares of a catalogue's products.

    Attributes:
        catalog: its rows.
        numbers: int64 [N], of each row's product in the whole file, from 0.
        part: (k, n), k from 1.
        first: number of its first product.
        total: how many products the whole file has.
    """

    catalog: Catalog
    numbers: np.ndarray
    part: Part
    first: int
    total: int


class Listing:
    """A catalogue as it was read, which needs no classes.

    Attributes:
        catalog: all of it, pictures not yet looked at.
        total: how many products it has.
    """

    def __init__(
        self, data: DataConfig, csv: Path | None = None, images: Path | None = None
    ) -> None:
        """Reads it.

        Args:
            data: [data] of a run.
            csv: the catalogue; None takes the run's own.
            images: the folder of that file's pictures.

        Raises:
            InputError: the catalogue cannot be read.
        """
        if csv is not None and images is not None:
            data = dataclasses.replace(data, csv=csv, images=images)
        self.catalog = read_catalog(data, labelled=False)
        products = self.catalog.products
        self.total = int(products.max()) + 1
        self._order = np.argsort(products, kind="stable")
        self._numbers = products[self._order]

    def share(self, part: Part) -> Share:
        """Returns the k-th of n equal shares of the products.

        Args:
            part: (k, n), k from 1.

        Raises:
            InputError: there is no such share, or it is empty.
        """
        shared = share_of(self.total, part)
        begin, end = np.searchsorted(self._numbers, [shared.start, shared.stop])
        if begin == end:
            raise InputError(
                f"`part` {part[0]}/{part[1]}: no product is in it; {self.catalog.csv} "
                f"has {self.total:,}"
            )
        rows = np.sort(self._order[begin:end])
        catalog = self.catalog.take(rows)
        if part[0] > 1:  # what was rejected while reading is told once
            catalog = dataclasses.replace(catalog, rejected=())
        numbers = self.catalog.products[rows]
        return Share(catalog, numbers, part, shared.start, self.total)


def encoded(
    trained: TrainedRun, share: Share, stores: Stores | None = None
) -> Products:
    """Encodes a share by a run's encoders.

    Args:
        trained: the run.
        share: of a catalogue.
        stores: of the run's encoders, where they are open already.

    Raises:
        InputError: it cannot be encoded, or nothing of it can be used.
    """
    catalog, pipeline = make_pipeline(
        trained.config,
        share.catalog,
        trained.image_encoder,
        trained.text_encoder,
        stored_features,
        stores=stores,
    )
    print(catalog.summary())
    if not len(catalog):
        raise InputError(f"{catalog.csv}: no picture can be decoded")
    number = dict(zip(share.catalog.ids, share.numbers.tolist(), strict=True))
    rows = catalog.first_rows
    numbers = np.array([number[own] for own in catalog.ids[rows]], np.int64)
    return Products(catalog, pipeline, rows, numbers, share.first, share.total)


def read_products(
    trained: TrainedRun, csv: Path | None = None, images: Path | None = None
) -> Products:
    """Reads and encodes a catalogue, which needs no classes.

    Args:
        trained: the run.
        csv: the catalogue; None takes the run's own.
        images: the folder of that file's pictures.

    Raises:
        InputError: the catalogue cannot be read or encoded.
    """
    return encoded(trained, Listing(trained.config.data, csv, images).share((1, 1)))


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
