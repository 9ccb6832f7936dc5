"""Numbers of the report against hand computations."""

import sys

import numpy as np
import pytest

from huse_tf.reports.class_tree import ClassTree
from huse_tf.reports.confusion import confused_pairs, most_confused
from huse_tf.reports.curves import points
from huse_tf.reports.graph import spearman
from huse_tf.reports.html import number, table, tag
from huse_tf.reports.queries import Found, extremes, find
from huse_tf.reports.space import project, sample_rows


def symmetric(a, b, c):
    return np.array([[0, a, b], [a, 0, c], [b, c, 0]], float)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((10, 20, 70), 1.0),  # the same order
        ((3, 2, 1), -1.0),  # the opposite order
        ((2, 1, 3), 0.5),  # 1 - 6 (1 + 1 + 0) / (3 (9 - 1))
        ((1, 1, 2), 3**0.5 / 2),  # ranks 1.5, 1.5, 3: 1.5 / sqrt(2 * 1.5)
    ],
)
def test_spearman(other, expected):
    assert spearman(symmetric(1, 2, 3), symmetric(*other)) == pytest.approx(expected)


def test_spearman_of_a_constant_is_not_defined():
    assert np.isnan(spearman(symmetric(1, 2, 3), symmetric(5, 5, 5)))


def test_confused_pairs_come_worst_first():
    """Of class 0: two of four as 2; of class 1: one of two as 0."""
    labels, told = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 2, 1, 2, 1, 0])
    pairs = confused_pairs(labels, told, 2)
    assert [(p.label, p.told, p.rows.tolist(), p.share) for p in pairs] == [
        (0, 2, [1, 3], 0.5),
        (0, 1, [2], 0.25),
    ]


def test_only_classes_of_whole_pairs_are_drawn():
    labels, told = np.array([0, 0, 1, 2, 3]), np.array([1, 1, 1, 3, 3])
    assert most_confused(labels, told, 4) == {0, 1, 2, 3}
    assert most_confused(labels, told, 3) == {0, 1}


def test_margin_is_own_class_less_other_class():
    """Queries along the axes; item 2 lies at 0.6, 0.8 and is of class 1.

    Query 0 (class 0): own 1.0 at item 0, other 0.6 at item 2: 0.4. Query 1 (class 1):
    own 0.8 at item 2, other 0: 0.8; its own item 1 lies opposite.
    """
    queries = np.array([[1, 0], [0, 1], [0, 1]], np.float32)
    items = np.array([[1, 0], [0, -1], [0.6, 0.8]], np.float32)
    labels, asked = np.array([0, 1, 1]), np.array([0, 1])
    found = find(queries, items, labels, asked, np.arange(3))
    assert found.margins == pytest.approx([0.4, 0.8])
    assert found.nearest.tolist() == [[0, 2, 1], [2, 0, 1]]


def test_extremes_are_the_ends_of_the_order():
    margins = np.linspace(-1, 1, 30)[::-1]
    places = extremes(Found(np.arange(30), np.zeros((30, 1), int), margins))
    assert places["worst"].tolist() == list(range(29, 19, -1))
    assert places["best"].tolist() == list(range(10))


def test_tree_orders_groups_and_colours():
    tree = ClassTree(["shop<b<x", "home<mug", "shop<a<x", "home<cup"], "<")
    assert tree.order.tolist() == [3, 1, 2, 0]
    assert tree.groups(3) == [("home", [3, 1]), ("shop", [2, 0])]
    assert [name for name, _ in tree.groups(4)] == ["cup", "mug", "x", "x"]
    assert tree.groups(1) == []
    assert [tree.short(i) for i in range(4)] == ["b › x", "mug", "a › x", "cup"]
    assert len(set(tree.colours)) == 4


def test_near_classes_have_nearer_hues_than_far_ones():
    """Three hues a lightness step apart: 0 and 3 share lightness, as do 1 and 4."""
    names = [f"{branch}<{leaf}" for branch in "ab" for leaf in "123456"]
    colours = ClassTree(names, "<").colours
    rgb = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours])
    near, far = np.linalg.norm(rgb[0] - rgb[3]), np.linalg.norm(rgb[0] - rgb[6])
    assert near < far


def test_pca_keeps_the_plane_of_points_in_a_plane(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    flat = np.array([[0, 0, 0], [3, 0, 0], [0, 4, 0], [3, 4, 0]], float)
    places, method = project(flat, 0)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    expected = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    assert np.allclose(distances, expected)
    assert "by PCA" in method and "100%" in method


def test_equal_points_are_laid_out_too():
    places, _ = project(np.ones((12, 4)), 0)
    assert places.shape == (12, 2) and np.isfinite(places).all()


def test_the_sample_is_the_same_for_the_same_seed():
    labels = np.zeros(100, int)
    rows = sample_rows(labels, 10, 3)
    assert np.array_equal(rows, sample_rows(labels, 10, 3))
    assert len(set(rows.tolist())) == 10 and np.array_equal(rows, np.sort(rows))
    assert sample_rows(labels, 100, 3).tolist() == list(range(100))


def test_points_of_a_curve():
    lines = [
        {"split": "train", "epoch": 1, "loss": 3.0},
        {"split": "validation", "epoch": 1, "loss": 2.0},
        {"split": "train", "epoch": 2, "loss": 1.0},
    ]
    assert points(lines, "train", "loss") == ([1, 2], [3.0, 1.0])
    assert points(lines, "validation", "accuracy") == ([], [])


def test_html_escapes_and_formats():
    assert tag("a", "<b>", title='"') == '<a title="&quot;">&lt;b&gt;</a>'
    assert [number(1234), number(0.5), number(None), number(float("nan"))] == [
        "1,234",
        "0.5000",
        "–",
        "–",
    ]
    cells = table(["class", "n", "as"], [["a", "1", "b"], ["c", "–", "d"]])
    assert '<td>1</td><td class="text">b</td>' in cells
