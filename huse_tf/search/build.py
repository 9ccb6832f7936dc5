"""From a trained run and a catalogue to an index on disk, built once, then added to."""

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from huse_tf.catalog import Catalog, read_catalog
from huse_tf.catalog.image_files import ImageFolder
from huse_tf.config import DataConfig
from huse_tf.encoders.base import identity_of
from huse_tf.errors import InputError, Interrupted, first_line
from huse_tf.run.material import make_pipeline
from huse_tf.run.pipelines import Pipeline, stored_features
from huse_tf.run.products import product_vectors
from huse_tf.run.restore import TrainedRun, weights_digest
from huse_tf.search.approximate import QUERIES, Approximate, build, extend
from huse_tf.search.index import DESCRIPTION, KINDS, WORDS, Index
from huse_tf.search.strings import StringWriter
from huse_tf.search.vector_files import EARLIER, VectorFiles, of_model, product_keys
from huse_tf.search.words import write_words

BUILDING = "building"  # begins the name of the folder of an index that is not whole
VERSION = 5  # goes up whenever the same run and catalogue would give another index


def open_index(
    trained: TrainedRun, csv: Path | None = None, images: Path | None = None
) -> Index:
    """Opens the index of a catalogue, and builds it first where there is none.

    It lies in the run folder's search/ under a name with a fingerprint of the CSV's
    contents, the weights and the encoders: where one of these changes, another one is
    built. It takes over the vectors of all products that an index by the same weights
    and encoders has, whole or interrupted.

    Args:
        trained: the run.
        csv: the catalogue; None takes the run's own.
        images: the folder of that CSV's pictures.

    Raises:
        InputError: the catalogue cannot be read, or the index cannot be written.
        Interrupted: a signal came; the vectors that were made are kept.
    """
    data = trained.config.data
    if csv is not None and images is not None:
        data = dataclasses.replace(data, csv=csv, images=images, min_class_size=1)
    place, model, fingerprint = _fingerprints(trained, data)
    name = f"{data.csv.stem}-{place}"
    folder = trained.run.path / "search" / f"{name}-{fingerprint}"
    if not folder.exists():
        with _writing(folder.parent):
            if not folder.exists():  # another process may have built it meanwhile
                _build(trained, data, folder, model)
                _remove_others(folder, name)
    try:
        return Index(folder)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{folder}: the index is damaged ({error}); remove this folder, and the "
            "same command builds it again"
        ) from error


def open_approximate(index: Index, kind: str) -> None:
    """Adds the approximate index of one kind of vectors; builds it where absent.

    Where an earlier index of the first rows was built, the others are added to it.

    The recall against exact search, over vectors of both modalities, is printed when
    it is built.

    Raises:
        InputError: faiss is not installed, or the index cannot be written.
    """
    path = index.folder / f"{kind}.faiss"
    if path.exists():
        index.approximate[kind] = Approximate(path)
        return
    draw = np.random.default_rng(0)
    rows = np.sort(draw.choice(len(index), min(len(index), QUERIES // 2), False))
    queries = [
        index.vectors[kind][rows[index.there(kind)[rows]]]
        for kind in ("images", "texts")
    ]
    earlier = path.with_name(f"{EARLIER}{path.name}")
    asked = index.vectors[kind], np.concatenate(queries)
    with _writing(index.folder.parent):
        built = extend(path, earlier, *asked) if earlier.exists() else None
        built = built or build(path, *asked)
        for name in (earlier, earlier.with_suffix(".npz")):
            name.unlink(missing_ok=True)
    print(
        f"recall@10 against exact search: {built.recall:.3f}, looking at "
        f"{built.probes} cells a query"
    )
    index.approximate[kind] = built


def _fingerprints(trained: TrainedRun, data: DataConfig) -> tuple[str, str, str]:
    """Returns digests of where the catalogue lies, the model, and all of an index."""
    ImageFolder(data.images)  # says which folder is missing, before anything is read
    try:
        with open(data.csv, "rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"{data.csv}: cannot read the catalogue: {error.strerror}; put it back, or "
            "name its new place with `csv` and `images`"
        ) from error
    place = [os.path.abspath(data.csv), os.path.abspath(data.images)]
    model = {
        "version": VERSION,
        "weights": weights_digest(trained.model),
        "encoders": [
            identity_of(trained.image_encoder),
            identity_of(trained.text_encoder),
        ],
        "fusion_weight": trained.fusion_weight,
    }
    parts = {
        **model,
        "place": place,
        "content": content,
        "data": [
            str(getattr(data, field.name))
            for field in dataclasses.fields(data)
            if field.name not in ("csv", "images", "max_bad_rows")
        ],
    }
    return _digest(place)[:8], _digest(model), _digest(parts)[:16]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Lets one process at a time write indexes; explains what fails.

    Raises:
        InputError: the folder cannot be written, or the disk is full.
    """
    try:
        folder.mkdir(exist_ok=True)
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise InputError(
            f"{folder}: the index cannot be written "
            f"({error.strerror or first_line(error)}); free space, or give "
            "yourself the right to write there"
        ) from error


def _build(trained: TrainedRun, data: DataConfig, folder: Path, model: str) -> None:
    """Writes an index beside and renames it into place.

    Raises:
        Interrupted: a signal came; what is beside is used by the next one.
    """
    own = data.csv == trained.config.data.csv  # another needs no classes
    catalog = read_catalog(data, labelled=own)
    catalog, pipeline = make_pipeline(
        trained.config,
        catalog,
        trained.image_encoder,
        trained.text_encoder,
        stored_features,
    )
    print(catalog.summary())
    if not len(catalog):
        raise InputError(f"{data.csv}: no picture can be decoded: nothing to search")
    beside = folder.with_name(f"{BUILDING}-{secrets.token_hex(4)}")
    beside.mkdir()
    try:
        _write_products(beside, catalog, trained, data, model)
        keys = product_keys(catalog, trained.config.features.folder)
        _write_vectors(beside, trained, pipeline, catalog.first_rows, keys, model)
        write_words(beside / WORDS, shown_cells(catalog, catalog.texts))
        os.replace(beside, folder)
    except KeyboardInterrupt as stop:
        raise Interrupted(
            "stopped while the index was built; the vectors that were made are kept, "
            "and the same command goes on"
        ) from stop
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def shown_cells(catalog: Catalog, column: np.ndarray) -> np.ndarray:
    """Returns what is shown of each product's rows: the first cell that is not empty.

    Args:
        catalog: of N rows and P products.
        column: str [N], pictures or texts.

    Returns:
        str [P], in the order of `catalog.first_rows`; "" where all are empty.
    """
    shown, there = column[catalog.first_rows], np.flatnonzero(column != "")
    numbers, places = np.unique(catalog.products[there], return_index=True)
    shown[numbers] = column[there[places]]
    return shown


def _write_products(
    folder: Path, catalog: Catalog, trained: TrainedRun, data: DataConfig, model: str
) -> None:
    first = catalog.first_rows
    columns = {
        "titles": shown_cells(catalog, catalog.texts),
        "pictures": shown_cells(catalog, catalog.images),
        "ids": catalog.ids[first],
        "columns": (_columns_of(catalog, row) for row in first),
    }
    for name, column in columns.items():
        with StringWriter(folder, name) as strings:
            for text in column:
                strings.add(text)
    np.save(folder / "rows.npy", catalog.rows[first])
    np.save(folder / "labels.npy", catalog.labels[first])
    about = {
        "csv": os.path.abspath(data.csv),
        "images": os.path.abspath(data.images),
        "class_names": catalog.class_names,
        "separator": data.class_separator,
        "fusion_weight": trained.fusion_weight,
        "model": model,
    }
    (folder / DESCRIPTION).write_text(json.dumps(about, indent=1), encoding="utf-8")


def _columns_of(catalog: Catalog, row: int) -> str:
    """Returns what is carried along of a row, as a JSON object."""
    cells = {name: column[row] for name, column in catalog.carried.items()}
    return json.dumps({name: cell for name, cell in cells.items() if cell})


def _write_vectors(
    folder: Path,
    trained: TrainedRun,
    pipeline: Pipeline,
    first: np.ndarray,
    keys: np.ndarray,
    model: str,
) -> None:
    """Embeds batch by batch what no index of the model has yet.

    Args:
        folder: of the index.
        trained: the run.
        pipeline: of the catalogue.
        first: int64 [n], the first row of each product.
        keys: uint8 [n, 16], what their vectors are made of.
        model: digest of what makes vectors.
    """
    n, dim = len(first), trained.config.towers.embedding_dim
    needed, free = 4 * dim * n * len(KINDS), shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"{folder.parent}: the index needs {needed:,} bytes, {free:,} are free; "
            "free space on this disk"
        )
    others = sorted(path for path in folder.parent.iterdir() if path != folder)
    files = VectorFiles(folder, keys, dim)
    files.use_again(of_model(others, model))
    for path in others:
        if path.name.startswith(BUILDING):  # what could be used of it is copied
            shutil.rmtree(path, ignore_errors=True)
    todo = np.flatnonzero(~files.written)
    print(f"index: {n:,} products, {len(todo):,} to embed")
    try:
        for found in product_vectors(trained, pipeline, first[todo], "Index"):
            places = np.searchsorted(first, found.positions)
            files.write(places, (found.product, found.image, found.text))
    except KeyboardInterrupt:
        files.save()
        raise
    files.finish()


def _remove_others(folder: Path, name: str) -> None:
    """Removes indexes of the same catalogue by other weights or of other contents."""
    for other in folder.parent.glob(f"{name}-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
