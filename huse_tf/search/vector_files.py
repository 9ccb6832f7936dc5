"""The vectors of an index on disk, those of earlier ones used again by content.

A product's key names all that its vectors are made of beside the model: its pictures
and its texts. While an index is built, `written.npy` says which rows hold; a complete
one has no such file.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from huse_tf.catalog import Catalog
from huse_tf.features.image_keys import PictureKeys
from huse_tf.features.keys import KEY_BYTES, KeyTable, as_keys, digest, text_keys
from huse_tf.mapped import mapped
from huse_tf.run.products import rows_of
from huse_tf.search.index import DESCRIPTION, KINDS

KEYS = "keys.npy"
WRITTEN = "written.npy"
SAVE_SECONDS = 10.0
EARLIER = "earlier-"  # begins the name of an approximate index of the first rows
COPIED = 16_384  # products at a time
UNIT_TOLERANCE = 1e-3  # of a product's vector's length


def product_keys(catalog: Catalog, features: Path) -> np.ndarray:
    """Names what the vectors of each product are made of: pictures and texts.

    Args:
        catalog: of P products.
        features: config's features.folder, where names of pictures are kept.

    Returns:
        uint8 [P, 16], in the order of `catalog.first_rows`.
    """
    images, _ = PictureKeys(features, catalog.image_root).of(catalog.images, True)
    both = np.concatenate([images, text_keys(catalog.texts)], axis=1)
    rows, owners = rows_of(catalog.products, catalog.first_rows)
    content, width = both[rows].tobytes(), 2 * KEY_BYTES
    ends = width * np.cumsum(np.bincount(owners, minlength=len(catalog.first_rows)))
    starts = [0, *ends[:-1].tolist()]
    pairs = zip(starts, ends.tolist(), strict=True)
    return as_keys(b"".join(digest(content[start:end]) for start, end in pairs))


class VectorFiles:
    """The vectors of the n products of an index that is being built.

    Attributes:
        written: bool [n], the rows that hold.
    """

    def __init__(self, folder: Path, keys: np.ndarray, dim: int) -> None:
        """Makes the files.

        Args:
            folder: of the index.
            keys: uint8 [n, 16], from `product_keys`.
            dim: D.

        Raises:
            OSError: the disk has no room for them.
        """
        n = len(keys)
        np.save(folder / KEYS, keys)
        self._files = {
            kind: mapped(folder / f"{kind}.npy", np.float32, (n, dim)) for kind in KINDS
        }
        self._kept = mapped(folder / WRITTEN, bool, (n,))
        self.written = np.zeros(n, bool)
        self._folder, self._keys = folder, keys
        self._saved = time.monotonic()

    def write(self, places: np.ndarray, values: Iterable[np.ndarray]) -> None:
        """Writes vectors; every ten seconds what is written is made to last.

        Args:
            places: int64 [m], of the products.
            values: float32 [m, D] of each of KINDS.
        """
        for kind, rows in zip(KINDS, values, strict=True):
            self._files[kind][places] = rows
        self.written[places] = True
        if time.monotonic() - self._saved >= SAVE_SECONDS:
            self.save()

    def save(self) -> None:
        """Makes what is written last: a row is said to hold once it does."""
        for file in self._files.values():
            file.flush()
        self._kept[:] = self.written
        self._kept.flush()
        self._saved = time.monotonic()

    def use_again(self, earlier: Iterable[Path]) -> None:
        """Copies the vectors of products that earlier indexes hold.

        Args:
            earlier: their folders, complete or not, of the same model.
        """
        for folder in earlier:
            held = np.load(folder / KEYS)
            places = KeyTable(held).find(self._keys)
            places[self.written] = -1
            if (folder / WRITTEN).exists():
                places[~np.load(folder / WRITTEN)[places]] = -1
            wanted = np.flatnonzero(places >= 0)
            files = [np.load(folder / f"{kind}.npy", mmap_mode="r") for kind in KINDS]
            for first in range(0, len(wanted), COPIED):
                some = wanted[first : first + COPIED]
                rows = [file[places[some]] for file in files]
                lengths = np.linalg.norm(rows[0], axis=1)
                holds = np.abs(lengths - 1) < UNIT_TOLERANCE  # else it is damaged
                self.write(some[holds], (values[holds] for values in rows))
            if np.array_equal(held, self._keys[: len(held)]):
                self._keep_approximate(folder)
        self.save()

    def _keep_approximate(self, folder: Path) -> None:
        """Keeps the approximate indexes of the first rows, to be added to."""
        for path in folder.glob("*.faiss"):
            stem = path.stem.removeprefix(EARLIER)
            kept = self._folder / f"{EARLIER}{stem}.faiss"
            chosen = path.with_suffix(".npz")
            if not kept.exists() and "trained" in np.load(chosen):
                os.link(chosen, kept.with_suffix(".npz"))
                os.link(path, kept)

    def finish(self) -> None:
        """Makes all last: the index is complete."""
        self.save()
        (self._folder / WRITTEN).unlink()


def of_model(folders: Iterable[Path], model: str) -> Iterator[Path]:
    """Yields the folders of indexes, complete or not, that a model made.

    Args:
        folders: what may be some; what is none, or damaged, is passed over.
        model: its digest, as in their descriptions.
    """
    for folder in folders:
        names = (KEYS, *(f"{kind}.npy" for kind in KINDS))
        try:
            about = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
            sizes = {
                len(np.load(folder / name, mmap_mode="r", allow_pickle=False))
                for name in names
            }
        except (OSError, ValueError, EOFError):
            continue
        whose = about.get("model") if isinstance(about, dict) else None
        if whose == model and len(sizes) == 1:
            yield folder
