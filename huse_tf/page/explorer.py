"""What the page asks: answers to queries, and why a product has its neighbours."""

import threading
from dataclasses import asdict

import numpy as np

from huse_tf.distances import paired_distance
from huse_tf.run.embedder import likeliest
from huse_tf.run.restore import TrainedRun
from huse_tf.search.answers import as_answer, as_records
from huse_tf.search.index import Index, Product
from huse_tf.search.matching import find
from huse_tf.search.query import QueryEncoder
from huse_tf.serving.module import TOP

NEIGHBOURS = 8
MODALITIES = {"images": "image", "texts": "text"}


class Explorer:
    """A run and the index of a catalogue, asked by many threads."""

    def __init__(self, trained: TrainedRun, index: Index) -> None:
        """Takes both; the encoders answer one query at a time."""
        self.index = index
        self._class_names = trained.class_names
        self._encoder = QueryEncoder(trained)
        self._lock = threading.Lock()

    def search(
        self,
        text: str | None,
        photo: bytes | None,
        k: int,
        kind: str,
        branch: str,
        match: str,
    ) -> dict:
        """Returns the products that answer words, a photo, or both, as `as_answer`.

        Raises:
            InputError: the photo cannot be decoded, no product is in that branch of
                the class tree, or words alone are to be compared where there are none.
        """
        with self._lock:
            query = self._encoder.query(text, photo, match)
        return as_answer(find(self.index, query, k, kind, branch))

    def explain(self, number: int) -> dict:
        """Returns a product, its neighbours in both modalities, and why.

        Args:
            number: of the product, in [0, N).

        Returns:
            "product"; "gap", the distance between its picture and its text, null where
            it lacks one; "neighbours" by modality, none by one that it lacks, each with
            the distances in both; "classes", the likeliest ones by picture, text and,
            where it has both, both; null where none were trained.
        """
        vectors = self.index.vectors
        own = {
            kind: np.array(vectors[kind][number])
            for kind in MODALITIES
            if self.index.there(kind)[number]
        }
        neighbours = {modality: [] for modality in MODALITIES.values()}
        for kind, vector in own.items():
            found = self.index.nearest(vector, NEIGHBOURS, kind, leave_out=number)
            neighbours[MODALITIES[kind]] = self._with_distances(found, own)
        probabilities = self._encoder.probabilities(
            {MODALITIES[kind]: vector for kind, vector in own.items()}
        )
        gap = float(paired_distance(*own.values())) if len(own) == 2 else None
        return {
            "product": asdict(self.index.product(number)),
            "gap": gap,
            "neighbours": neighbours,
            "classes": probabilities
            and {
                name: likeliest(values, self._class_names, TOP)
                for name, values in probabilities.items()
            },
        }

    def _with_distances(self, found: list[Product], own: dict) -> list[dict]:
        """Adds each neighbour's distances by modality; null where either lacks it."""
        numbers = [product.number for product in found]
        records = as_records(found)
        for kind, modality in MODALITIES.items():
            theirs, there = self.index.vectors[kind][numbers], self.index.there(kind)
            same = np.broadcast_to(own.get(kind, 0.0), theirs.shape)
            distances = paired_distance(same, theirs).numpy()
            for record, distance in zip(records, distances, strict=True):
                both = kind in own and there[record["number"]]
                record[f"{modality}_distance"] = float(distance) if both else None
        return records


def class_tree(index: Index) -> list[dict]:
    """Returns the class tree with the number of products below each node.

    Returns:
        The first level: {"path", "name", "count", "below": the same again}.
    """
    top: list[dict] = []
    nodes: dict[str, dict] = {}
    for name, size in zip(index.class_names, index.class_sizes, strict=True):
        level, path = top, ""
        for part in name.split(index.separator):
            path = f"{path}{index.separator}{part}" if path else part
            if path not in nodes:
                nodes[path] = {"path": path, "name": part, "count": 0, "below": []}
                level.append(nodes[path])
            nodes[path]["count"] += int(size)
            level = nodes[path]["below"]
    return top
