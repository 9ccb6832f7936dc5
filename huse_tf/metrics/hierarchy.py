"""Hierarchical precision (HP@K) over the tree that the class paths span."""

from collections.abc import Sequence

import numpy as np


class Taxonomy:
    """The tree of class paths, with a root above their first levels.

    A class is the node at the end of its path; hops are edges, so two siblings are 2
    hops apart. S_K(c), "the classes near c", grows by whole hops until it holds at
    least K classes, c among them; where there are fewer than K, it holds them all.

    With one level every other class is 2 hops away, so S_K is all classes for K >= 2
    and HP@K is 1 for every model: that is the definition, and such a catalogue should
    be judged by R@K.
    """

    def __init__(self, class_names: Sequence[str], separator: str) -> None:
        """Builds the tree.

        Args:
            class_names: [C] paths such as "home<kitchen<mug", in label order.
            separator: what stands between two levels; spaces around it are ignored.
        """
        paths = [
            tuple(part.strip() for part in name.split(separator))
            for name in class_names
        ]
        nodes: dict[tuple[str, ...], int] = {}
        self._depth = np.array([len(path) for path in paths])  # [C]
        # int [C, depth]: the node of each prefix of the path; past its end a number
        # of the class's own, which equals no other.
        deepest = int(self._depth.max(initial=0))
        self._nodes = np.repeat(-1 - np.arange(len(paths))[:, None], deepest, axis=1)
        for label, path in enumerate(paths):
            for level in range(len(path)):
                node = nodes.setdefault(path[: level + 1], len(nodes))
                self._nodes[label, level] = node
        self._radii: dict[int, np.ndarray] = {}

    def hops(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Edges on the way from class to class.

        Args:
            a: int labels, any shape.
            b: int labels, broadcastable against a.

        Returns:
            int, the broadcast shape.
        """
        same = (self._nodes[a] == self._nodes[b]) & (self._nodes[a] >= 0)
        return self._depth[a] + self._depth[b] - 2 * same.sum(axis=-1)

    def radii(self, k: int) -> np.ndarray:
        """Hop radius at which S_K is complete.

        Args:
            k: classes wanted, at least 1.

        Returns:
            int [C].
        """
        if k not in self._radii:
            labels = np.arange(len(self._depth))
            place = min(k, len(labels)) - 1
            self._radii[k] = np.array(
                [np.partition(self.hops(c, labels), place)[place] for c in labels]
            )
        return self._radii[k]

    def near(self, label: int, k: int) -> set[int]:
        """S_K of one class, as a set of labels."""
        labels = np.arange(len(self._depth))
        inside = self.hops(label, labels) <= self.radii(k)[label]
        return {int(near) for near in labels[inside]}


def hierarchical_precision_at_k(
    neighbours: np.ndarray,
    labels: np.ndarray,
    taxonomy: Taxonomy,
    k: int,
    asked: np.ndarray | None = None,
) -> float:
    """Mean share of the k nearest items whose class is in S_K of the query's class.

    Formula: HP@K = 1/N sum_q |{x in nearest_K(q): y_x in S_K(y_q)}| / K.
    With fewer than K items the share is of those there are; a query without any item
    counts 0.

    Args:
        neighbours: int [q, at least k], rows of the products, from `retrieval.rank`,
            -1 for no item.
        labels: int [n], classes of the products.
        taxonomy: the tree of these classes.
        k: size of both the neighbourhood and S_K, at least 1.
        asked: int [q], the products that ask; None: all n, in order.

    Returns:
        A share in [0, 1].

    Reference: Frome et al., DeViSE, 2013, appendix.
    """
    nearest = neighbours[:, :k]
    own = (labels if asked is None else labels[asked])[:, None]
    exists = nearest >= 0
    hits = (taxonomy.hops(own, labels[nearest]) <= taxonomy.radii(k)[own]) & exists
    return float((hits.sum(axis=1) / np.maximum(exists.sum(axis=1), 1)).mean())
