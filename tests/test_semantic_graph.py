"""The semantic graph by hand, through its file, and what a bad file says."""

import numpy as np
import pytest

from huse_tf.errors import InputError
from huse_tf.semantic_graph import (
    graph_from_embeddings,
    graph_from_tree,
    read_graph,
    write_graph,
)

NAMES = ("a<b<c", "a<b<d", "a<e<f", "g<h<i")


def test_names_at_a_right_angle_are_at_distance_1():
    """Rows (2,0), (0,3), (1,1): 1 - cos is 1 for the first two, 1 - 1/sqrt(2) else."""
    graph = graph_from_embeddings([[2, 0], [0, 3], [1, 1]], ["x", "y", "z"])
    half = 1 - 1 / np.sqrt(2)
    np.testing.assert_allclose(
        graph, [[0, 1, half], [1, 0, half], [half, half, 0]], atol=1e-7
    )
    assert (np.diag(graph) == 0).all()


def test_a_name_without_known_words_is_named():
    with pytest.raises(InputError, match="class 'zzz'.*none of its words"):
        graph_from_embeddings([[1, 0], [0, 0]], ["x", "zzz"])


def test_tree_distance_is_the_height_of_the_common_ancestor():
    """Three levels: siblings meet at height 1, cousins at 2, strangers at the root."""
    third = 1 / 3
    np.testing.assert_allclose(
        graph_from_tree(NAMES, "<"),
        [
            [0, third, 2 * third, 1],
            [third, 0, 2 * third, 1],
            [2 * third, 2 * third, 0, 1],
            [1, 1, 1, 0],
        ],
        atol=1e-7,
    )


def test_one_level_of_classes_is_flat():
    np.testing.assert_array_equal(graph_from_tree(["x", "y"], "<"), [[0, 1], [1, 0]])


def test_a_class_inside_another_class():
    """ "a" has the class "a<b" below it: they meet at "a", one level up from "a<b"."""
    graph = graph_from_tree(["a", "a<b", "c"], "<")
    np.testing.assert_allclose(graph, [[0, 0.5, 1], [0.5, 0, 1], [1, 1, 0]])


def test_file_round_trip_in_any_order(tmp_path):
    graph = graph_from_tree(NAMES, "<")
    write_graph(tmp_path / "graph.csv", graph, NAMES)
    back = read_graph(tmp_path / "graph.csv", NAMES[::-1])
    np.testing.assert_array_equal(back, graph[::-1, ::-1])


def test_names_are_text_whatever_they_look_like(tmp_path):
    names = ("0101", "101", "1.0", "1", "true", "True", "NaN", "", "class", "x.1", "x")
    names += ('a "quoted", one', " blanks ", "ü")
    graph = np.float32(1 - np.eye(len(names)))
    graph[0, 1] = graph[1, 0] = 0.25
    write_graph(tmp_path / "graph.csv", graph, names)
    np.testing.assert_array_equal(read_graph(tmp_path / "graph.csv", names), graph)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class,x\nx,0\n", "no row for class 'y'"),
        ("class,x,y\nx,0,1\ny,0.5,0\n", "symmetric matrix, received 1.0 for 'x'"),
        ("class,x,y\nx,0,3\ny,3,0\n", r"numbers in \[0, 2\], received 3.0"),
        ("class,x,y\nx,0,abc\ny,1,0\n", r"numbers in \[0, 2\], received nan"),
        ("class,x,y\nx,1,1\ny,1,0\n", "0 from a class to itself, received 1.0"),
        ("class,x,y\nx,0,1\ny,1,0\ny,1,0\n", "row 'y' stands twice"),
        ("class,x,x,y\nx,0,0,1\ny,1,1,0\n", "column 'x' stands twice"),
        ("class,x,y\nx,0\ny,1,0\n", "row 'x' has 2 cells, the header 3"),
        ("", "not a readable CSV"),
    ],
)
def test_bad_files_are_explained(tmp_path, text, message):
    (tmp_path / "graph.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_graph(tmp_path / "graph.csv", ("x", "y"))


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="nowhere.csv: no such file"):
        read_graph(tmp_path / "nowhere.csv", ("x", "y"))
