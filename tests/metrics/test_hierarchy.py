"""HP@K on a tree small enough to count hops by hand."""

import numpy as np
import pytest

from huse_tf.metrics import retrieval
from huse_tf.metrics.hierarchy import Taxonomy, hierarchical_precision_at_k

#                    root
#            home              wear
#      kitchen    garden    shoes   hat(6)
#      0  1  2    3    4      5
MUG, PLATE, PAN, HOSE, SPADE, BOOT, HAT = range(7)
NAMES = (
    "home<kitchen<mug",
    "home<kitchen<plate",
    "home<kitchen<pan",
    "home<garden<hose",
    "home<garden<spade",
    "wear<shoes<boot",
    "wear<hat",
)
TREE = Taxonomy(NAMES, "<")


def test_hops():
    everything = np.arange(7)
    assert TREE.hops(MUG, everything).tolist() == [0, 2, 2, 4, 4, 6, 5]
    assert TREE.hops(HAT, everything).tolist() == [5, 5, 5, 5, 5, 3, 0]
    table = TREE.hops(everything[:, None], everything)
    np.testing.assert_array_equal(table, table.T)


@pytest.mark.parametrize(
    ("label", "k", "radius", "near"),
    [
        (MUG, 1, 0, {MUG}),
        (MUG, 2, 2, {MUG, PLATE, PAN}),  # one hop up reaches no class, two reach both
        (MUG, 3, 2, {MUG, PLATE, PAN}),
        (MUG, 4, 4, {MUG, PLATE, PAN, HOSE, SPADE}),
        (MUG, 5, 4, {MUG, PLATE, PAN, HOSE, SPADE}),
        (MUG, 6, 5, {MUG, PLATE, PAN, HOSE, SPADE, HAT}),
        (MUG, 7, 6, set(range(7))),
        (MUG, 10, 6, set(range(7))),  # fewer than 10 classes: all of them
        (HOSE, 2, 2, {HOSE, SPADE}),
        (HOSE, 5, 4, {MUG, PLATE, PAN, HOSE, SPADE}),
        (HAT, 2, 3, {HAT, BOOT}),
        (HAT, 3, 5, set(range(7))),
        (BOOT, 2, 3, {HAT, BOOT}),
        (BOOT, 3, 6, set(range(7))),
    ],
)
def test_the_growing_radius(label, k, radius, near):
    assert TREE.radii(k)[label] == radius
    assert TREE.near(label, k) == near


def test_a_class_may_be_the_parent_of_another():
    tree = Taxonomy(("shoes", "shoes<boot", "hat"), "<")
    assert tree.hops(0, np.arange(3)).tolist() == [0, 1, 2]
    assert tree.near(1, 2) == {0, 1}


def test_one_name_in_two_places_is_two_nodes():
    tree = Taxonomy(("men<shoes<boot", "women<shoes<boot"), "<")
    assert tree.hops(0, 1) == 6


def test_spaces_around_the_separator_do_not_split_a_level():
    tree = Taxonomy(("home > mug", "home>plate"), ">")
    assert tree.hops(0, 1) == 2


def test_a_flat_taxonomy_is_all_near():
    """Siblings under the root, 2 hops apart: S_2 already is all classes."""
    tree = Taxonomy(("mug", "boot", "hat"), "<")
    assert tree.near(0, 1) == {0}
    assert tree.near(0, 2) == {0, 1, 2}
    nearest = np.array([[1, 2], [2, 0], [0, 1]])
    assert hierarchical_precision_at_k(nearest, np.arange(3), tree, 2) == 1


def test_precision_by_hand():
    """Product i is of class i; mug sees plate and hose, all others boot and hat.

    K = 2. mug: plate is in S_2, hose is not: 1/2. The four others of home: 0 each.
    boot and hat: S_2 is {boot, hat}: 1 each. (1/2 + 4 * 0 + 2 * 1) / 7.
    """
    nearest = np.tile([BOOT, HAT], (7, 1))
    nearest[MUG] = [PLATE, HOSE]
    precision = hierarchical_precision_at_k(nearest, np.arange(7), TREE, 2)
    assert precision == pytest.approx(2.5 / 7)
    # K = 1: S_1 is the class itself; only boot has itself first.
    precision = hierarchical_precision_at_k(nearest, np.arange(7), TREE, 1)
    assert precision == pytest.approx(1 / 7)


def test_fewer_items_than_k_share_what_there_is():
    """Mug, plate and boot; each sees the two others, K = 10 or 2, S_2 of the tree.

    mug: plate in, boot out: 1/2. plate: 1/2. boot: neither: 0. The mean is 1/3.
    """
    labels = np.array([MUG, PLATE, BOOT])
    values = np.eye(3, dtype=np.float32)
    nearest, _ = retrieval.rank(values, values, 5, 2, leave_own_row_out=True)
    assert nearest.tolist() == [
        [1, 2, -1, -1, -1],
        [0, 2, -1, -1, -1],
        [0, 1, -1, -1, -1],
    ]
    two = hierarchical_precision_at_k(nearest, labels, TREE, 2)
    assert two == pytest.approx(1 / 3)
    # K = 5: S_5 of mug and plate is home (1/2 each); of boot it is everything (1)
    five = hierarchical_precision_at_k(nearest, labels, TREE, 5)
    assert five == pytest.approx(2 / 3)


def test_a_query_without_items_counts_zero():
    nearest = np.array([[-1, -1]])
    assert hierarchical_precision_at_k(nearest, np.array([MUG]), TREE, 2) == 0


def naive_precision(nearest, labels, names, separator, k):
    """Grows the radius one hop at a time, with hops counted on the paths."""
    paths = [name.split(separator) for name in names]

    def hops(a, b):
        common = 0
        while common < min(len(a), len(b)) and a[common] == b[common]:
            common += 1
        return len(a) + len(b) - 2 * common

    shares = []
    for row, label in zip(nearest, labels, strict=True):
        radius, near = 0, set()
        while len(near) < min(k, len(paths)):
            near = {c for c, p in enumerate(paths) if hops(p, paths[label]) <= radius}
            radius += 1
        shares.append(np.mean([labels[i] in near for i in row[:k]]))
    return np.mean(shares)


@pytest.mark.parametrize("k", [1, 2, 5, 10])
def test_precision_equals_the_naive_one(k):
    rng = np.random.default_rng(k)
    names = sorted(
        {"<".join(rng.choice(list("abc"), rng.integers(1, 5))) for _ in range(40)}
    )
    labels = rng.integers(0, len(names), 60)
    nearest = rng.integers(0, 60, (60, 10))
    expected = naive_precision(nearest, labels, names, "<", k)
    got = hierarchical_precision_at_k(nearest, labels, Taxonomy(names, "<"), k)
    assert 0 < got < 1
    assert got == pytest.approx(expected)
