"""Labels that the neighbours of a product's photo and of its title both contradict.

A classifier has been told its training labels and repeats many of them. A product's
neighbours have labels of their own.
"""

import numpy as np

from huse_tf.metrics.retrieval import nearest_items
from huse_tf.suspects.suspect import LABEL, Suspect

NEIGHBOURS = 10
POOL = 50_000  # products among which neighbours are looked for; a draw where more
FLOOR = 0.02  # share of a class that no neighbour has, so that logarithms exist
CHUNK = 4096
SEED = 0


def contradicted(
    image: np.ndarray, text: np.ndarray, labels: np.ndarray, names: tuple[str, ...]
) -> list[Suspect]:
    """Finds products whose neighbours by photo and by title are of another class.

    Formula: strength = max over classes c of ln((v_I(c) + f) (v_T(c) + f)) minus the
    same of the product's own class; v is the share of c among the 10 nearest others,
    f = 0.02. A suspect's own class is not a half of either vote.

    Args:
        image: float32 [n, D], unit rows, zero where there is no picture.
        text: float32 [n, D], unit rows, zero where there is no text.
        labels: int [n], in [0, K).
        names: the K classes.

    Returns:
        Suspects, `position` being in [0, n).
    """
    judged = np.flatnonzero(image.any(axis=1) & text.any(axis=1))
    if len(judged) <= NEIGHBOURS:
        return []
    votes = [labels[judged][neighbours(points[judged])] for points in (image, text)]
    suspects = []
    for first in range(0, len(judged), CHUNK):
        rows = slice(first, first + CHUNK)
        of_photo, of_title = votes[0][rows], votes[1][rows]
        own = labels[judged[rows]][:, None]
        told = np.concatenate([own, of_photo, of_title], axis=1)
        shares = [
            (held[:, None, :] == told[:, :, None]).mean(axis=2)
            for held in (of_photo, of_title)
        ]
        score = sum(np.log(share + FLOOR) for share in shares)
        best = score.argmax(axis=1)
        strength = score[np.arange(len(best)), best] - score[:, 0]
        both = (shares[0][:, 0] < 0.5) & (shares[1][:, 0] < 0.5)
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
                    int(judged[first + i]),
                    f"{photo}; {title}",
                    other_class=other,
                )
            )
    return suspects


def neighbours(points: np.ndarray) -> np.ndarray:
    """Finds the nearest others of each of n points, exactly within the pool.

    Args:
        points: float32 [n, D], n more than NEIGHBOURS.

    Returns:
        int64 [n, NEIGHBOURS], in [0, n).
    """
    n = len(points)
    pool = np.arange(n)
    if n > POOL:
        draw = np.random.default_rng(SEED)
        pool = np.sort(draw.choice(n, POOL, replace=False))
    found = np.empty([n, NEIGHBOURS], np.int64)
    for first in range(0, n, CHUNK):
        rows = np.arange(first, min(first + CHUNK, n))
        near = pool[nearest_items(points[rows], points[pool], NEIGHBOURS + 1)]
        others = near != rows[:, None]
        # the point itself, or the farthest where it is not among them, goes
        others[others.all(axis=1), -1] = False
        found[rows] = near[others].reshape(len(rows), NEIGHBOURS)
    return found
