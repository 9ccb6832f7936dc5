"""What a training leaves behind when its numbers are no longer finite."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import tensorflow as tf

from huse_tf.catalog import Catalog
from huse_tf.errors import Diverged
from huse_tf.run.folder import RunFolder


def are_finite(variables: Iterable[tf.Variable]) -> bool:
    """Says whether no variable holds an infinite value or a NaN."""
    return all(
        bool(tf.reduce_all(tf.math.is_finite(variable)))
        for variable in variables
        if variable.dtype.is_floating
    )


def first_not_finite(values: np.ndarray, names: Sequence[str]) -> tuple[int, str]:
    """Finds the first step whose losses are not all finite.

    Args:
        values: float [steps, terms].
        names: [terms].

    Returns:
        How many steps before the end it is, 1 being the last step, and what its losses
        are; 0 and "" where all are finite.
    """
    finite = np.isfinite(values).all(axis=1)
    if finite.all():
        return 0, ""
    first = int(np.argmin(finite))
    terms = zip(names, values[first], strict=True)
    named = ", ".join(f"{name} {value}" for name, value in terms)
    return len(values) - first, f"the loss is not finite ({named})"


def report(
    run: RunFolder,
    catalog: Catalog,
    positions: np.ndarray,
    step: int,
    what: str,
    writes: bool = True,
) -> Diverged:
    """Writes the rows of a batch to the run folder.

    Args:
        run: the folder.
        catalog: of the run.
        positions: int [B], the batch's places in the catalogue.
        step: that the batch was taken in, counted from 1.
        what: is not finite, a clause.
        writes: whether it is this process that writes, where there are several.

    Returns:
        The exception that names step and file.
    """
    path = run.path / f"not_finite_step_{step}.csv"
    if writes:
        rows = pd.DataFrame(
            {
                "row": catalog.rows[positions],
                "image": catalog.images[positions],
                "text": catalog.texts[positions],
            }
        )
        with run.writing(path):
            rows.to_csv(path, index=False, errors="backslashreplace")
    return Diverged(
        f"step {step}: {what}; the batch's rows are in {path} and the last checkpoint "
        "is kept: look at these rows, or lower optimizer.learning_rate and go on with "
        "`accept_changes`"
    )
