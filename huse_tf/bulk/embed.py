"""Every product's vectors to files, each whole or absent; interrupted, it goes on."""

import contextlib
import fcntl
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from huse_tf.bulk.description import describe, description, files_of, stems
from huse_tf.bulk.formats import (
    DTYPES,
    FORMATS,
    VALID,
    VECTORS,
    Block,
    Format,
    stored,
)
from huse_tf.bulk.products import (
    Listing,
    Products,
    Share,
    encoded,
    own_columns,
    rows_of,
)
from huse_tf.bulk.request import Request
from huse_tf.errors import InputError, Interrupted
from huse_tf.features.encode import Part, Stores
from huse_tf.replacing import replaced
from huse_tf.run.products import product_vectors
from huse_tf.run.restore import TrainedRun


def embed_catalogue(
    trained: TrainedRun,
    request: Request,
    format_name: str = "parquet",
    part: Part = (1, 1),
    dtype: str | None = None,
) -> None:
    """Writes the vectors of a share of a catalogue, and what they are beside them.

    Files that are there are left as they are. The same run and catalogue give the
    same bytes, interrupted or not.

    Args:
        trained: the run.
        request: the catalogue, and the folder of the files.
        format_name: of FORMATS.
        part: (k, n) takes the k-th of n equal shares of the products, k from 1.
        dtype: of DTYPES; None takes the run's export.vector_dtype.

    Raises:
        InputError: the catalogue cannot be read, the folder cannot be written or
            holds vectors of another run or catalogue.
        Interrupted: a signal came; the files that are there are whole.
    """
    dtype = dtype or trained.config.export.vector_dtype
    listing = Listing(trained.config.data, request.csv, request.images)
    share = listing.share(part)
    about = description(trained, listing, format_name, dtype, part[1])
    done = embed_share(trained, share, request.to, about)
    print(
        f"{done.products:,} products are in {request.to}, files: "
        f"{done.files:,}; rows that cannot be used, in {_rejected_name(part)}: "
        f"{done.rejected:,}"
    )


class Done(NamedTuple):
    """What there is of a share: products and files; rows that cannot be used."""

    products: int
    files: int
    rejected: int


def embed_share(
    trained: TrainedRun,
    share: Share,
    folder: Path,
    about: Mapping[str, object],
    stores: Stores | None = None,
) -> Done:
    """Writes the files of a share that are not there yet.

    Args:
        trained: the run.
        share: of the catalogue.
        folder: of the files.
        about: from `description`.
        stores: of the run's encoders, where they are open already.

    Raises:
        InputError, Interrupted: as `embed_catalogue`.
    """
    form, part = FORMATS[str(about["format"])], share.part
    products = encoded(trained, share, stores)
    with _writing(folder, part):
        describe(folder, about)
        files = _files_of(products, part)
        _write_rejected(folder, products, part)
        there = [stem for stem in files if form.is_there(folder / stem)]
        if there:
            print(f"there already, and left as they are: {len(there):,} of the files")
        todo = {stem: rows for stem, rows in files.items() if stem not in there}
        _check_space(folder, products, todo, trained, str(about["dtype"]))
        written = 0
        try:
            for stem, rows in todo.items():
                _write_file(form, folder / stem, trained, products, rows, about)
                written += 1
        except KeyboardInterrupt as stop:
            raise Interrupted(
                f"stopped with {len(there) + written:,} of {len(files):,} files "
                "written; the same command goes on"
            ) from stop
    return Done(len(products.rows), len(files), len(products.catalog.rejected))


def _files_of(products: Products, part: Part) -> dict[str, np.ndarray]:
    """Returns the share's files: name without ending -> its products' first rows."""
    place = files_of(products.numbers, products.first)
    names = stems(products.total, part)
    return {
        stem: rows
        for number, stem in enumerate(names)
        if len(rows := products.rows[place == number])
    }


def _write_rejected(folder: Path, products: Products, part: Part) -> None:
    with replaced(folder / _rejected_name(part)) as path:
        products.catalog.write_rejected(path)


def _rejected_name(part: Part) -> str:
    k, n = part
    return "rejected.csv" if n == 1 else f"rejected-{k:0{len(str(n))}}-of-{n}.csv"


def _write_file(
    form: Format,
    stem: Path,
    trained: TrainedRun,
    products: Products,
    rows: np.ndarray,
    about: Mapping[str, object],
) -> None:
    for path in stem.parent.glob(f"{stem.name}.*.partial"):
        path.unlink()  # what a killed process left: this one holds the part's lock
    dtype = about["dtype"]
    columns = own_columns(products.catalog, (*VECTORS, VALID))

    def blocks() -> Iterator[Block]:
        label = f"Embedding {stem.name}"
        for found in product_vectors(trained, products.pipeline, rows, label):
            vectors = (found.product, found.image, found.text)
            yield Block(
                rows_of(columns, found.positions),
                {
                    name: stored(values, dtype)
                    for name, values in zip(VECTORS, vectors, strict=True)
                },
            )

    told = ("weights_sha256", "fusion_weight", "dim", "metric", "dtype", "scale")
    form.write(stem, blocks(), len(rows), {name: about[name] for name in told})


def _check_space(
    folder: Path,
    products: Products,
    todo: Mapping[str, np.ndarray],
    trained: TrainedRun,
    dtype: str,
) -> None:
    rows = sum(map(len, todo.values()))
    width = trained.config.towers.embedding_dim * np.dtype(DTYPES[dtype]).itemsize
    needed, free = rows * width * len(VECTORS), shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"`to` {folder}: the vectors need {needed:,} bytes, {free:,} are free; "
            "free space, or take a smaller `dtype`"
        )


@contextlib.contextmanager
def _writing(folder: Path, part: Part) -> Iterator[None]:
    """Lets one process at a time write a part; explains what fails.

    Raises:
        InputError: another one writes it, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / f".part-{part[0]}-of-{part[1]}.lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(
                    f"`to` {folder}: another process writes part {part[0]}/{part[1]} "
                    "there; wait for it, or name another folder"
                ) from None
            yield
    except OSError as error:
        raise InputError(
            f"`to` {folder}: cannot be written ({error.strerror}); free space or name "
            "a folder that you may write; what is there is whole, and the same "
            "command goes on"
        ) from error
