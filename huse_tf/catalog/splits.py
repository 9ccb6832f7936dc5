"""Training, validation and test rows."""

import numpy as np

SPLITS = ("train", "validation", "test")
_ALIASES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}


def split_name(cell: str) -> str:
    """Returns the split that a cell means, or "" for none."""
    return _ALIASES.get(cell.strip().lower(), "")


def stratified_split(
    labels: np.ndarray, validation_fraction: float, test_fraction: float, seed: int
) -> np.ndarray:
    """Draws validation and test rows from each class.

    A class of n rows gives n * fraction of them; what rounding takes from one class
    goes to the next, so that the totals fit. Each class keeps a row to train on.

    Args:
        labels: int [N].
        validation_fraction: share of the rows, in [0, 1).
        test_fraction: share of the rows; the two sum to less than 1.
        seed: the same seed gives the same split.

    Returns:
        str [N], train, validation or test.
    """
    random = np.random.default_rng(seed)
    split = np.full(len(labels), "train", dtype=object)
    order = random.permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    classes, starts = np.unique(labels[by_class], return_index=True)
    members = np.split(by_class, starts[1:])
    fractions = {"validation": validation_fraction, "test": test_fraction}
    owed = dict.fromkeys(fractions, 0.0)
    for i in random.permutation(len(classes)):
        rows = members[i]
        used = 0
        for name, fraction in fractions.items():
            owed[name] += len(rows) * fraction
            take = min(int(owed[name] + 1e-9), len(rows) - 1 - used)
            split[rows[used : used + take]] = name
            owed[name] -= take
            used += take
    return split
