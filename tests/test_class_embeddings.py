"""Class embeddings on the towers' sphere, at the distances of the semantic graph."""

import numpy as np
import pytest

from huse_tf.class_embeddings import class_embeddings_from_graph
from huse_tf.distances import cosine_distances
from huse_tf.errors import InputError
from huse_tf.semantic_graph import graph_from_tree

NAMES = ("a", "b", "c")


def test_class_embeddings_keep_every_distance_where_they_fit():
    """Names of 40 dimensions; in the 6 of the towers A is the same."""
    graph = cosine_distances(np.random.default_rng(2).normal(size=(3, 40)))
    psi = class_embeddings_from_graph(graph, 6, NAMES)
    assert psi.shape == (3, 6) and psi.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(psi, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(1 - psi @ psi.T, graph, atol=1e-6)


def test_more_classes_than_dimensions_fit_if_their_names_span_no_more():
    names = tuple("abcdefgh")
    graph = cosine_distances(np.random.default_rng(0).normal(size=(8, 3)))
    psi = class_embeddings_from_graph(graph, 3, names)
    np.testing.assert_allclose(1 - psi @ psi.T, graph, atol=1e-5)


def test_a_class_tree_has_class_embeddings():
    names = ("x<a", "x<b", "y<c")
    graph = graph_from_tree(names, "<")
    psi = class_embeddings_from_graph(graph, 3, names)
    np.testing.assert_allclose(
        psi @ psi.T, [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]], atol=1e-6
    )


def test_too_few_dimensions_are_named_with_the_remedy():
    """Four classes at right angles do not fit into three dimensions."""
    graph = np.float32(1 - np.eye(4))
    with pytest.raises(InputError, match="towers.embedding_dim = 3.*raise it to 4"):
        class_embeddings_from_graph(graph, 3, tuple("abcd"))


def test_distances_that_no_points_have_are_named():
    """Three points of a sphere cannot all be opposite to each other."""
    graph = np.float32(2 * (1 - np.eye(3)))
    with pytest.raises(InputError, match="change class_encoder.graph"):
        class_embeddings_from_graph(graph, 8, NAMES)
