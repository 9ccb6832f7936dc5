"""Products whose photo and title lie far apart in the space."""

import numpy as np

from huse_tf.suspects.suspect import APART, Suspect

LEAST = 5.0  # robust standard deviations above the median


def gaps(image: np.ndarray, text: np.ndarray) -> np.ndarray:
    """Cosine distances of photo and title, float32 [m], NaN where either is absent.

    Args:
        image: float32 [m, D], unit rows, zero where there is no picture.
        text: float32 [m, D], unit rows, zero where there is no text.
    """
    both = image.any(axis=1) & text.any(axis=1)
    return np.where(both, 1.0 - np.einsum("nd,nd->n", image, text), np.float32(np.nan))


def far_apart(distances: np.ndarray, split: np.ndarray) -> list[Suspect]:
    """Finds the products whose photo and title differ much more than others' do.

    Formula: strength = (d - median) / (1.4826 median |d - median|), d the cosine
    distance of the product's photo and title; the medians are those of its split, for
    training draws the training rows together.

    Args:
        distances: float [n], of photo and title: `gaps`.
        split: str [n].

    Returns:
        Suspects, `position` being in [0, n).
    """
    suspects = []
    for name in np.unique(split):
        rows = np.flatnonzero(~np.isnan(distances) & (split == name))
        if not len(rows):
            continue
        own = distances[rows]
        median = float(np.median(own))
        spread = 1.4826 * float(np.median(np.abs(own - median)))
        strength = (own - median) / max(spread, 1e-6)
        for i in np.flatnonzero(strength >= LEAST):
            suspects.append(
                Suspect(
                    APART,
                    float(strength[i]),
                    int(rows[i]),
                    f"photo and title are at the cosine distance {own[i]:.3f}; the "
                    f"median of the {name} products is {median:.3f}",
                )
            )
    return suspects
