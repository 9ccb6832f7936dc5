"""Training, validation and test rows: named, drawn, or by what each product is."""

import hashlib
from collections.abc import Sequence

import numpy as np

SPLITS = ("train", "validation", "test")
_ALIASES = {
    "train": "train",
    "training": "train",
    "trn": "train",
    "validation": "validation",
    "valid": "validation",
    "validate": "validation",
    "val": "validation",
    "dev": "validation",
    "development": "validation",
    "eval": "validation",
    "evaluation": "validation",
    "test": "test",
    "testing": "test",
    "tst": "test",
    "query": "test",
    "queries": "test",
    "gallery": "test",
}
_HASHES = 2**64  # how many values a hash has


def split_name(cell: str) -> str:
    """Returns the split that a cell means, or "" for none."""
    return _ALIASES.get(cell.strip().lower(), "")


def hashed_split(
    keys: Sequence[str],
    groups: np.ndarray,
    validation_fraction: float,
    test_fraction: float,
    seed: int,
) -> np.ndarray:
    """Gives each row the split that its key's hash says, whatever others there are.

    A row that comes, goes or moves changes no other one's split. The shares are met on
    average: of n groups they are off by about sqrt(f (1 - f) / n).

    Formula: u = BLAKE2b(key; seed) / 2^64, the least u of a group; test where
    u < f_test, validation where u < f_test + f_validation, else train.

    Args:
        keys: [N], what each row is.
        groups: int [N]; rows of one number have one split.
        validation_fraction: share of the rows, in [0, 1).
        test_fraction: share of the rows; the two sum to less than 1.
        seed: at least 0; another one gives another split.

    Returns:
        str [N], train, validation or test.
    """
    salt = seed.to_bytes(8)
    joined = b"".join(
        hashlib.blake2b(
            key.encode("utf-8", "surrogatepass"), digest_size=8, key=salt
        ).digest()
        for key in keys
    )
    drawn = np.frombuffer(joined, ">u8").astype(np.float64) / _HASHES
    _, numbers = np.unique(groups, return_inverse=True)
    least = np.ones(len(drawn))
    np.minimum.at(least, numbers, drawn)
    share = least[numbers]
    split = np.full(len(drawn), "train", dtype=object)
    split[share < test_fraction + validation_fraction] = "validation"
    split[share < test_fraction] = "test"
    return split


def stratified_split(
    labels: np.ndarray, validation_fraction: float, test_fraction: float, seed: int
) -> np.ndarray:
    """Draws validation and test rows from each class.

    A class of n rows gives n * fraction of them; what rounding takes from one class
    goes to the next, so that the totals fit. Each class keeps a row to train on. One
    row more draws all of them anew.

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
