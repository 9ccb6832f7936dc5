"""The class of every product of a catalogue, as a table."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from huse_tf.bulk.classes import class_vectors, read_classes
from huse_tf.bulk.products import own_columns, read_products, rows_of
from huse_tf.bulk.request import Request
from huse_tf.bulk.tables import Cells, write_table
from huse_tf.errors import InputError
from huse_tf.run.products import product_vectors
from huse_tf.run.restore import TrainedRun
from huse_tf.run.vectors import Vectors

TOP = 5
GIVEN = "given_class"


def predict_catalogue(
    trained: TrainedRun, request: Request, classes: Path | None = None
) -> None:
    """Writes the likeliest classes of all products of a catalogue.

    Formula: without `classes`, w softmax(z_image) + (1 - w) softmax(z_text), z the
    classifier's logits and w the run's fusion weight; with them, softmax(cos / t), cos
    between the product's vector and the class's, t the run's loss.temperature.

    Args:
        trained: the run.
        request: the catalogue, and the file to write.
        classes: a file of classes to choose from, see `read_classes`; None takes the
            run's own.

    Raises:
        InputError: anything about the files, or the run trained no classifier.
        OSError: the table cannot be written.
    """
    images = request.images or trained.config.data.images
    if classes is not None:
        described = read_classes(classes, images)
        vectors = class_vectors(trained, classes, described)
        names = [one.name for one in described]
    elif trained.model.objective.classifies:
        vectors, names = None, trained.class_names
    else:
        raise InputError(
            f"objective.name = {trained.config.objective.name} trained no classifier; "
            "name the classes to choose from with `classes`, such as the run's own: "
            f"{trained.run.classes_file}"
        )
    products = read_products(trained, request.csv, request.images)
    chosen = [
        f"{name}_{i + 1}" for i in range(TOP) for name in ("class", "probability")
    ]
    columns = own_columns(products.catalog, ("probability", GIVEN, *chosen))
    if "class" in columns:
        columns[GIVEN] = columns.pop("class")

    def blocks() -> Iterator[Cells]:
        for found in product_vectors(
            trained, products.pipeline, products.rows, "Classifying", vectors is None
        ):
            told = probabilities(found, vectors, trained.config.loss.temperature)
            yield {**rows_of(columns, found.positions), **_likeliest(told, names)}

    write_table(request.to, blocks())
    rejected = len(products.catalog.rejected)
    beside = request.to.with_suffix(".rejected.csv")
    beside.unlink(missing_ok=True)
    if rejected:
        products.catalog.write_rejected(beside)
    print(
        f"written to {request.to}"
        + (f"; {rejected:,} rows that cannot be used to {beside}" if rejected else "")
    )


def probabilities(
    found: Vectors, classes: np.ndarray | None, temperature: float
) -> np.ndarray:
    """Returns the probabilities of B products' classes, float [B, K].

    Args:
        found: of the products; with its own probabilities where `classes` is None.
        classes: float32 [K, D], unit rows, or None for the run's own.
        temperature: of the cosines.
    """
    if classes is None:
        return found.probabilities
    scores = found.product.astype(np.float64) @ classes.T / temperature
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _likeliest(told: np.ndarray, names: Sequence[str]) -> Cells:
    """Returns class and probability, and those of the TOP likeliest: [B] each."""
    order = np.argsort(-told, axis=1, kind="stable")[:, :TOP]
    values = np.round(np.take_along_axis(told, order, 1).astype(np.float64), 6)
    table = np.array(names, object)[order]
    cells: Cells = {"class": table[:, 0].tolist(), "probability": values[:, 0].tolist()}
    for i in range(order.shape[1]):
        cells[f"class_{i + 1}"] = table[:, i].tolist()
        cells[f"probability_{i + 1}"] = values[:, i].tolist()
    return cells
