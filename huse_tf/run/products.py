"""One vector a product, made of all its pictures."""

from collections.abc import Iterator

import numpy as np

from huse_tf.distances import fused, unit
from huse_tf.presence import Present
from huse_tf.run.pipelines import Pipeline
from huse_tf.run.restore import TrainedRun
from huse_tf.run.vectors import Vectors, catalogue_vectors


def product_vectors(
    trained: TrainedRun,
    pipeline: Pipeline,
    positions: np.ndarray,
    label: str,
    classify: bool = False,
) -> Iterator[Vectors]:
    """Embeds products, each by all its rows.

    Formula: phi_I = u / |u|, u the sum of its pictures' embeddings; likewise phi_T,
    whose rows mostly have one text; the product's vector fuses the two. Its
    probabilities are the means of its rows'.

    Args:
        trained: the run.
        pipeline: of the catalogue, by the run's encoders.
        positions: int64 [n], a row of each product, in the catalogue; what is yielded
            has these, in this order.
        label: what the bar says is being done.
        classify: whether to compute the probabilities.
    """
    if pipeline.products is None:
        yield from catalogue_vectors(trained, pipeline, positions, label, classify)
        return
    rows, owners = rows_of(pipeline.products, positions)
    left, done = None, 0
    for found in catalogue_vectors(trained, pipeline, rows, label, classify):
        done += len(found.positions)
        if left is not None:
            found = Vectors(*map(np.concatenate, zip(left, found, strict=True)))
        theirs = owners[done - len(found.positions) : done]
        # the last product's other rows may come with the next batch
        whole = len(theirs) if done == len(rows) else np.argmax(theirs == theirs[-1])
        left = Vectors(*(values[whole:] for values in found))
        if whole:
            whole_rows = Vectors(*(values[:whole] for values in found))
            made = _joined(whole_rows, theirs[:whole], pipeline, trained.fusion_weight)
            yield made._replace(positions=positions[np.unique(theirs[:whole])])


def rows_of(
    products: np.ndarray, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lists all rows of some products.

    Args:
        products: int64 [N], the product of each row.
        positions: int64 [n], a row of each product that is asked for.

    Returns:
        rows: int64 [m], product by product.
        owners: int64 [m], in [0, n): which of them each row is of.
    """
    order = np.argsort(products, kind="stable")
    asked = products[positions]
    starts, stops = (
        np.searchsorted(products[order], asked, side) for side in ("left", "right")
    )
    owners = np.repeat(np.arange(len(positions)), stops - starts)
    first = np.cumsum(stops - starts) - (stops - starts)
    within = np.arange(len(owners)) - first[owners]
    return order[starts[owners] + within], owners


def _joined(
    found: Vectors, owners: np.ndarray, pipeline: Pipeline, weight: float
) -> Vectors:
    """Makes rows [m] into products; one of a single row stays as it is."""
    _, starts, sizes = np.unique(owners, return_index=True, return_counts=True)
    several = np.flatnonzero(sizes > 1)
    made = Vectors(*(values[starts].copy() for values in found))
    if not len(several):
        return made
    means = {
        name: np.add.reduceat(values, starts, axis=0)[several] / sizes[several, None]
        for name, values in found._asdict().items()
        if name != "positions"
    }
    for name in ("image", "text"):
        means[name] = unit(means[name]).numpy()
    present = None
    if pipeline.present is not None:
        held = (has[found.positions] for has in pipeline.present)
        present = Present(*(np.logical_or.reduceat(h, starts)[several] for h in held))
    means["product"] = fused(means["image"], means["text"], weight, present).numpy()
    for name, values in means.items():
        getattr(made, name)[several] = values
    return made
