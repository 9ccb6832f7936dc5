"""Labels that the neighbours of a product's photo and of its title both contradict.

A classifier has been told its training labels and repeats many of them. A product's
neighbours have labels of their own.
"""

from typing import NamedTuple

import numpy as np

from huse_tf.metrics.retrieval import nearest_items
from huse_tf.suspects.suspect import LABEL, Suspect

NEIGHBOURS = 10
POOL = 50_000  # products among which neighbours are looked for; a draw where more
FLOOR = 0.02  # share of a class that no neighbour has, so that logarithms exist
SEED = 0


class Points(NamedTuple):
    """Some of n products in the space.

    Attributes:
        places: int64 [m], which of the n.
        image: float32 [m, D], unit rows, zero where there is no picture.
        text: float32 [m, D], unit rows, zero where there is no text.
    """

    places: np.ndarray
    image: np.ndarray
    text: np.ndarray

    def judged(self) -> "Points":
        """Returns those that have both."""
        both = self.image.any(axis=1) & self.text.any(axis=1)
        return self if both.all() else Points(*(values[both] for values in self))


def drawn(n: int) -> np.ndarray:
    """Draws the pool: int64 [min(n, POOL)], ascending, in [0, n)."""
    if n <= POOL:
        return np.arange(n)
    return np.sort(np.random.default_rng(SEED).choice(n, POOL, replace=False))


def contradicted(
    points: Points, pool: Points, labels: np.ndarray, names: tuple[str, ...]
) -> list[Suspect]:
    """Finds products whose neighbours by photo and by title are of another class.

    Formula: strength = max over classes c of ln((v_I(c) + f) (v_T(c) + f)) minus the
    same of the product's own class; v is the share of c among the 10 nearest others
    of the pool, f = 0.02. A suspect's own class is not a half of either vote.

    Args:
        points: those that are asked about.
        pool: the `drawn` ones that are `judged`.
        labels: int [n], in [0, K), of all products.
        names: the K classes.

    Returns:
        Suspects, `position` being a place.
    """
    points = points.judged()
    if len(pool.places) <= NEIGHBOURS or not len(points.places):
        return []
    of_photo, of_title = (
        labels[neighbours(points, pool, name)] for name in ("image", "text")
    )
    own = labels[points.places][:, None]
    told = np.concatenate([own, of_photo, of_title], axis=1)
    shares = [
        (held[:, None, :] == told[:, :, None]).mean(axis=2)
        for held in (of_photo, of_title)
    ]
    score = sum(np.log(share + FLOOR) for share in shares)
    best = score.argmax(axis=1)
    strength = score[np.arange(len(best)), best] - score[:, 0]
    both = (shares[0][:, 0] < 0.5) & (shares[1][:, 0] < 0.5)
    suspects = []
    for i in np.flatnonzero((strength > 0) & both):
        other = names[told[i, best[i]]]
        photo, title = (
            f"{share[i, best[i]] * NEIGHBOURS:.0f} of the {NEIGHBOURS} nearest "
            f"{what} are {other}, {share[i, 0] * NEIGHBOURS:.0f} are as labelled"
            for share, what in zip(shares, ("photos", "titles"), strict=True)
        )
        suspects.append(
            Suspect(
                LABEL,
                float(strength[i]),
                int(points.places[i]),
                f"{photo}; {title}",
                other_class=other,
            )
        )
    return suspects


def neighbours(points: Points, pool: Points, name: str) -> np.ndarray:
    """Finds the nearest others of each of m points, exactly within the pool.

    Args:
        points: those that ask.
        pool: more than NEIGHBOURS, among which they may be.
        name: "image" or "text", in which space.

    Returns:
        int64 [m, NEIGHBOURS], places.
    """
    found = nearest_items(getattr(points, name), getattr(pool, name), NEIGHBOURS + 1)
    near = pool.places[found]
    others = near != points.places[:, None]
    # the point itself, or the farthest where it is not among them, goes
    others[others.all(axis=1), -1] = False
    return near[others].reshape(len(near), NEIGHBOURS)
