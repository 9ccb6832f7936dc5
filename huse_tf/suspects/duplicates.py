"""Products that stand in two splits: what is tested was seen in training."""

from collections.abc import Callable

import numpy as np

from huse_tf.catalog import Catalog
from huse_tf.metrics.retrieval import nearest_items
from huse_tf.suspects.suspect import DUPLICATE, Suspect

SAME = 0.995  # cosine of the encoder's features of two pictures
PROJECTED = 64  # dimensions in which candidates are looked for
CANDIDATES = 4  # of each picture, whose features are compared
CHUNK = 4096
SEED = 0

Describe = Callable[[np.ndarray], np.ndarray]


def across_splits(catalog: Catalog, describe: Describe | None) -> list[Suspect]:
    """Finds validation and test rows that a training row doubles.

    Equal titles differ at most in case and blanks. Nearly equal pictures have features
    of a cosine of 0.995 or more; candidates are found by a random projection, which
    may miss one.

    Args:
        catalog: N rows.
        describe: positions int64 [n], of rows with a picture -> float32 [n, F], what
            the image encoder says of them, before any training; None compares titles
            alone.

    Returns:
        Suspects; strength is the pictures' cosine, 0 where only the titles are equal,
        and 1 more where they are.
    """
    trained = catalog.split == "train"
    titles: dict[str, int] = {}
    for i in np.flatnonzero(trained & catalog.has_text):
        titles.setdefault(_plain(catalog.texts[i]), int(i))
    pictures = {} if describe is None else _nearest(catalog, trained, describe)
    suspects = []
    for i in np.flatnonzero(~trained).tolist():
        by_title = titles.get(_plain(catalog.texts[i])) if catalog.has_text[i] else None
        other, cosine = pictures.get(i, (by_title, 0.0))
        if other is None:
            continue
        evidence = []
        if cosine:
            evidence.append(f"pictures of cosine {cosine:.4f}")
        equal = _plain(catalog.texts[i]) == _plain(catalog.texts[other])
        if equal and catalog.has_text[i]:
            evidence.append("equal titles")
        told = " and ".join(evidence)
        suspects.append(
            Suspect(
                DUPLICATE,
                cosine + ("equal titles" in evidence),
                i,
                f"{told}: a {catalog.split[i]} row and the training row "
                f"{catalog.rows[other]}",
                other=other,
            )
        )
    return suspects


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _nearest(
    catalog: Catalog, trained: np.ndarray, describe: Describe
) -> dict[int, tuple[int, float]]:
    """Returns the training row of nearly the same picture, and the cosine."""
    items = np.flatnonzero(trained & catalog.has_image)
    asked = np.flatnonzero(~trained & catalog.has_image)
    if not len(items) or not len(asked):
        return {}
    width = describe(items[:1]).shape[1]
    axes = np.random.default_rng(SEED).standard_normal([width, PROJECTED])
    small = {
        name: np.concatenate([_unit(describe(part)) @ axes for part in _parts(rows)])
        for name, rows in (("items", items), ("asked", asked))
    }
    found = {}
    near = nearest_items(small["asked"], small["items"], CANDIDATES)
    for part in _parts(np.arange(len(asked))):
        queries = _unit(describe(asked[part]))
        for rank in range(CANDIDATES):
            rows = near[part, rank]
            there = rows >= 0
            others = _unit(describe(items[rows[there]]))
            cosines = np.einsum("nd,nd->n", queries[there], others)
            for place, row, cosine in zip(
                part[there], rows[there], cosines, strict=True
            ):
                i = int(asked[place])
                if cosine >= SAME and cosine > found.get(i, (0, 0.0))[1]:
                    found[i] = int(items[row]), float(min(cosine, 1.0))
    return found


def _parts(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[first : first + CHUNK] for first in range(0, len(rows), CHUNK)]


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
