"""A catalogue's embeddings on disk, and the products nearest to a vector."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from huse_tf.catalog.image_files import ImageFolder
from huse_tf.distances import paired_distance
from huse_tf.errors import InputError
from huse_tf.search.approximate import Approximate
from huse_tf.search.exact import nearest_rows
from huse_tf.search.strings import Strings

KINDS = ("products", "images", "texts")
DESCRIPTION = "index.json"


@dataclass(frozen=True)
class Product:
    """One answer.

    Attributes:
        number: of the product in the index, from 0.
        row: of the CSV, as a spreadsheet counts; the header is 1.
        title: the product's text.
        class_name: its path in the class tree.
        image: its picture, relative to the images folder.
        distance: to the query, cosine distance in [0, 2].
    """

    number: int
    row: int
    title: str
    class_name: str
    image: str
    distance: float


class Index:
    """N products: three unit vectors each, title, class and picture.

    Everything is memory-mapped: opening it takes no longer for a million products.

    Attributes:
        folder: where it lies.
        vectors: "products", "images" and "texts" -> float32 [N, D]. A product's vector
            is the fused one of serving_default.
        labels: int32 [N], numbers in `class_names`.
        class_names: [K] paths.
        separator: between two levels of a path.
        titles: N strings.
        fusion_weight: of the image in a product's vector.
        image_root: the folder of the pictures.
        approximate: kind -> approximate index, where one was built.
    """

    def __init__(self, folder: Path) -> None:
        """Opens a complete index."""
        self.folder = folder
        about = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        self.class_names = tuple(about["class_names"])
        self.separator = about["separator"]
        self.fusion_weight = about["fusion_weight"]
        self.image_root = Path(about["images"])
        self.csv = Path(about["csv"])
        self.vectors = {
            kind: np.load(folder / f"{kind}.npy", mmap_mode="r") for kind in KINDS
        }
        self.labels = np.load(folder / "labels.npy", mmap_mode="r")
        self.titles = Strings(folder, "titles")
        self._images = Strings(folder, "pictures")
        self._rows = np.load(folder / "rows.npy", mmap_mode="r")
        self.approximate: dict[str, Approximate] = {}

    def __len__(self) -> int:
        """N."""
        return len(self.labels)

    def nearest(
        self,
        vector: np.ndarray,
        k: int,
        kind: str = "products",
        branch: str = "",
        leave_out: int | None = None,
    ) -> list[Product]:
        """Finds the products nearest to a vector.

        Exact, unless an approximate index of that kind was opened and all classes
        are searched.

        Args:
            vector: float32 [D], unit length.
            k: how many, at least 1.
            kind: which of the products' vectors are compared.
            branch: a path in the class tree whose classes alone are searched; empty
                for all.
            leave_out: the number of a product that is not an answer.

        Returns:
            At most k products, the nearest first.

        Raises:
            InputError: no class is in that branch.
        """
        matrix, query = self.vectors[kind], vector[None].astype(np.float32)
        wanted = k + (leave_out is not None)
        if kind in self.approximate and not branch:
            rows = self.approximate[kind].search(matrix, query, wanted)[0]
        else:
            allowed = None
            if branch:
                inside = self.in_branch(branch)
                allowed = lambda a, b: inside[self.labels[a:b]]  # noqa: E731
            rows = nearest_rows(matrix, query, wanted, allowed)[0][0]
        rows = rows[(rows >= 0) & (rows != (-1 if leave_out is None else leave_out))]
        distances = paired_distance(np.repeat(query, len(rows), axis=0), matrix[rows])
        return [
            self.product(int(row), float(distance))
            for row, distance in zip(rows[:k], distances.numpy(), strict=False)
        ]

    def product(self, number: int, distance: float = 0.0) -> Product:
        """Reads one product (0 <= number < N)."""
        return Product(
            number,
            int(self._rows[number]),
            self.titles[number],
            self.class_names[self.labels[number]],
            self._images[number],
            distance,
        )

    def in_branch(self, branch: str) -> np.ndarray:
        """Says which classes are a node of the class tree or below it, bool [K].

        Raises:
            InputError: none is.
        """
        below = branch + self.separator
        inside = np.array(
            [(n + self.separator).startswith(below) for n in self.class_names]
        )
        if not inside.any():
            raise InputError(
                f"class '{branch[:200]}': no product of the catalogue is in it; "
                f"expected a path such as '{self.class_names[0]}'"
            )
        return inside

    @cached_property
    def class_sizes(self) -> np.ndarray:
        """How many products each class has, int64 [K]."""
        return np.bincount(self.labels, minlength=len(self.class_names))

    def read_picture(self, number: int) -> bytes:
        """Reads a product's picture file; never one outside of the images folder.

        Raises:
            InputError: it is not there any more, or not a file of the folder.
        """
        path, problem = ImageFolder(self.image_root).check(self._images[number])
        if not problem:
            try:
                return (self.image_root / path).read_bytes()
            except OSError as error:
                problem = error.strerror or type(error).__name__
        raise InputError(
            f"{self.image_root / path}: the picture of row {int(self._rows[number])} "
            f"of {self.csv} cannot be read: {problem}; put it back, or name the "
            "catalogue's new place with `csv` and `images`"
        )
