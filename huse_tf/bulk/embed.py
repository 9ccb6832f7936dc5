"""Every product's vectors to files, each whole or absent; interrupted, it goes on."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

import huse_tf
from huse_tf.bulk.formats import (
    DTYPES,
    FORMATS,
    INT8_SCALE,
    VALID,
    VECTORS,
    Block,
    Format,
    stored,
)
from huse_tf.bulk.products import Products, own_columns, read_products, rows_of
from huse_tf.bulk.request import Request
from huse_tf.encoders.base import identity_of
from huse_tf.errors import InputError, Interrupted
from huse_tf.features.encode import Part, share_of
from huse_tf.replacing import replaced
from huse_tf.run.differences import fact_differences
from huse_tf.run.products import product_vectors
from huse_tf.run.restore import TrainedRun, weights_digest

DESCRIPTION = "embeddings.json"
FILE_ROWS = 100_000
# Facts of embeddings.json that may be others for the same vectors.
_MAY_DIFFER = ("run", "csv", "images", "huse_tf")


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
    form = FORMATS[format_name]
    products = read_products(trained, request.csv, request.images, part)
    with _writing(request.to, part):
        about = _description(trained, request, products, format_name, dtype, part[1])
        _describe(request.to, about)
        files = _files_of(products, part)
        _write_rejected(request.to, products, part)
        there = [stem for stem in files if form.is_there(request.to / stem)]
        if there:
            print(f"there already, and left as they are: {len(there):,} of the files")
        todo = {stem: rows for stem, rows in files.items() if stem not in there}
        _check_space(request.to, products, todo, trained, dtype)
        written = 0
        try:
            for stem, rows in todo.items():
                _write_file(form, request.to / stem, trained, products, rows, about)
                written += 1
        except KeyboardInterrupt as stop:
            raise Interrupted(
                f"stopped with {len(there) + written:,} of {len(files):,} files "
                "written; the same command goes on"
            ) from stop
    rejected = len(products.catalog.rejected)
    print(
        f"{len(products.rows):,} products are in {request.to}, files: "
        f"{len(files):,}; rows that cannot be used, in {_rejected_name(part)}: "
        f"{rejected:,}"
    )


def _files_of(products: Products, part: Part) -> dict[str, np.ndarray]:
    """Returns the share's files: name without ending -> its products' first rows."""
    place = (products.numbers - products.first) // FILE_ROWS
    names = stems(products.total, part)
    return {
        stem: rows
        for number, stem in enumerate(names)
        if len(rows := products.rows[place == number])
    }


def stems(total: int, part: Part) -> list[str]:
    """Names the files of a share of `total` products, without their endings.

    In alphabetical order they are in the catalogue's order.
    """
    shared = share_of(total, part)
    count = -(-(shared.stop - shared.start) // FILE_ROWS)
    width = len(str(part[1]))
    return [
        f"part-{part[0]:0{width}}-of-{part[1]}-{number:05}" for number in range(count)
    ]


def _description(
    trained: TrainedRun,
    request: Request,
    products: Products,
    format_name: str,
    dtype: str,
    parts: int,
) -> dict[str, object]:
    """Returns what embeddings.json holds."""
    data = products.catalog
    with open(data.csv, "rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "run": os.path.abspath(trained.run.path),
        "huse_tf": huse_tf.__version__,
        "weights_sha256": weights_digest(trained.model),
        "encoders": {
            "image": identity_of(trained.image_encoder),
            "text": identity_of(trained.text_encoder),
        },
        "fusion_weight": trained.fusion_weight,
        "dim": trained.config.towers.embedding_dim,
        "metric": "cosine",
        "dtype": dtype,
        "scale": INT8_SCALE if dtype == "int8" else 1,
        "vectors": list(VECTORS),
        "format": format_name,
        "csv": os.path.abspath(data.csv),
        "csv_sha256": content,
        "images": os.path.abspath(data.image_root),
        "products": products.total,
        "parts": parts,
        "files": [
            stem
            for k in range(1, parts + 1)
            for stem in stems(products.total, (k, parts))
        ],
    }


def _describe(folder: Path, about: dict[str, object]) -> None:
    """Writes embeddings.json, or compares with the one that is there.

    Raises:
        InputError: the folder's vectors are of something else.
    """
    path = folder / DESCRIPTION
    if not path.exists():
        if any(folder.glob("part-*-of-*")):
            raise InputError(
                f"`to` {folder}: holds vectors but no {DESCRIPTION}, so nobody knows "
                "of what they are; name another folder"
            )
        with replaced(path) as beside:
            beside.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n")
        return
    try:
        then = json.loads(path.read_text(encoding="utf-8"))
        known = {name: v for name, v in then.items() if name not in _MAY_DIFFER}
    except (ValueError, AttributeError) as error:
        raise InputError(
            f"{path}: cannot be read ({error}); name another folder"
        ) from error
    now = json.loads(json.dumps(about))
    differences = fact_differences(
        known, {name: v for name, v in now.items() if name not in _MAY_DIFFER}
    )
    if differences:
        raise InputError(
            f"`to` {folder}: holds vectors of something else "
            f"({'; '.join(differences)}); name another folder"
        )


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
