"""The split of a catalogue: as its column says, or as [data] says it is made."""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from huse_tf.catalog.groups import first_rows, together
from huse_tf.catalog.splits import hashed_split, stratified_split
from huse_tf.config import DataConfig

if TYPE_CHECKING:
    from huse_tf.catalog.catalog import Catalog


def with_split(catalog: "Catalog", data: DataConfig, given: bool) -> "Catalog":
    """Splits a catalogue; the rows of a product never stand in two splits.

    Args:
        catalog: with the splits of its column, if it has one.
        data: [data] of the config.
        given: whether there is a split column, which is then followed.

    Returns:
        The catalogue, with a line for the screen about what was done.
    """
    if given:
        split, note = _as_given(catalog)
    elif data.split_by == "draw":
        split, note = _drawn(catalog, data), ""
    else:
        split, note = _by_hash(catalog, data)
    notes = (*catalog.notes, note) if note else catalog.notes
    return dataclasses.replace(catalog, split=split, notes=notes)


def _as_given(catalog: "Catalog") -> tuple[np.ndarray, str]:
    """Follows the column; a product in several splits goes where its first row is."""
    first = first_rows(catalog.products)
    split = catalog.split[first]
    moved = np.flatnonzero(split != catalog.split)
    if not len(moved):
        return split, ""
    products = len(np.unique(catalog.products[moved]))
    return split, (
        f"{products:,} products have rows in several splits, such as row "
        f"{catalog.rows[moved[0]]}: each goes whole where its first row is"
    )


def _drawn(catalog: "Catalog", data: DataConfig) -> np.ndarray:
    """Draws by class, a product as one."""
    first, inverse = np.unique(first_rows(catalog.products), return_inverse=True)
    drawn = stratified_split(
        catalog.labels[first],
        data.validation_fraction,
        data.test_fraction,
        data.split_seed,
    )
    return drawn[inverse]


def _by_hash(catalog: "Catalog", data: DataConfig) -> tuple[np.ndarray, str]:
    if data.validation_fraction == data.test_fraction == 0:
        return np.full(len(catalog), "train", object), ""
    groups, keys = together(
        data.split_together,
        catalog.products,
        catalog.keys,
        catalog.image_root,
        catalog.images,
        catalog.texts,
    )
    split = hashed_split(
        keys, groups, data.validation_fraction, data.test_fraction, data.split_seed
    )
    shares = {
        name: (float(np.mean(split == name)), asked)
        for name, asked in (
            ("validation", data.validation_fraction),
            ("test", data.test_fraction),
        )
    }
    told = ", ".join(
        f"{share:.1%} {name} ({asked:.1%} asked for)"
        for name, (share, asked) in shares.items()
    )
    by = {
        "none": f"its {_named(catalog)}",
        "pictures": "its picture's content",
        "texts": "its text",
        "both": "its text, equal pictures with it",
    }[data.split_together]
    return split, f"each product's split is drawn by {by}, and stays with it: {told}"


def _named(catalog: "Catalog") -> str:
    return "id" if catalog.has_ids else "picture's path"
