"""A catalogue's embeddings on disk, and the products nearest to a vector."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
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
from huse_tf.search.words import Words

KINDS = ("products", "images", "texts")
DESCRIPTION = "index.json"
WORDS = "words"


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
        vector_rank: its place by distance, from 1; None where distances were not
            compared, or it is beyond those that were joined with words.
        words_rank: its place by the words of its title, which titles that fit equally
            well share; None where it has none of them or words were not compared.
        matched: words of the query that the title has.
        id: the user's own name of it; the row number where the catalogue has none.
        columns: name -> cell of the catalogue's other columns, where it is not empty.
    """

    number: int
    row: int
    title: str
    class_name: str
    image: str
    distance: float
    vector_rank: int | None = None
    words_rank: int | None = None
    matched: tuple[str, ...] = ()
    id: str = ""
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Index:
    """N products: three unit vectors each, title, class and picture.

    A product may lack its picture or its title; the vector of what is not there is
    zero, and no answer where that kind is searched.

    Everything is memory-mapped: opening it takes no longer for a million products.

    Attributes:
        folder: where it lies.
        vectors: "products", "images" and "texts" -> float32 [N, D]. A product's vector
            is the fused one of serving_default, of what it has.
        labels: int32 [N], numbers in `class_names`; -1 without a class.
        class_names: [K] paths.
        separator: between two levels of a path.
        titles: N strings.
        words: BM25 of the titles.
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
        self.words = Words(folder / WORDS)
        self._images = Strings(folder, "pictures")
        self._rows = np.load(folder / "rows.npy", mmap_mode="r")
        self._ids = Strings(folder, "ids")
        self._columns = Strings(folder, "columns")
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
        rows = self.rows(vector, k, kind, branch, leave_out)
        return self.products(rows, vector, kind, np.arange(1, len(rows) + 1))

    def rows(
        self,
        vector: np.ndarray,
        k: int,
        kind: str = "products",
        branch: str = "",
        leave_out: int | None = None,
    ) -> np.ndarray:
        """Finds the numbers of the products nearest to a vector, as `nearest` does.

        Returns:
            int64 [at most k], the nearest first.
        """
        matrix, query = self.vectors[kind], vector[None].astype(np.float32)
        wanted = k + (leave_out is not None)
        if kind in self.approximate and not branch:
            there = self.there(kind)
            rows = self.approximate[kind].search(matrix, query, wanted, there)[0]
        else:
            allowed = None
            if branch or not self.there(kind).all():
                may = self.allowed(branch, kind=kind)
                allowed = lambda a, b: may[a:b]  # noqa: E731
            rows = nearest_rows(matrix, query, wanted, allowed)[0][0]
        kept = (rows >= 0) & (rows != (-1 if leave_out is None else leave_out))
        return rows[kept][:k]

    def there(self, kind: str) -> np.ndarray:
        """Says which products have a vector of a kind: bool [N]."""
        return self._there[kind]

    @cached_property
    def _there(self) -> dict[str, np.ndarray]:
        return {
            "products": np.ones(len(self), bool),
            "images": ~self._images.empty,
            "texts": ~self.titles.empty,
        }

    def allowed(
        self, branch: str = "", leave_out: int | None = None, kind: str = "products"
    ) -> np.ndarray:
        """Says which products may be answers, bool [N]; arguments as of `nearest`."""
        allowed = self.there(kind).copy()
        if branch:
            allowed &= self.in_branch(branch)[self.labels]
        if leave_out is not None:
            allowed[leave_out] = False
        return allowed

    def cosines(self, rows: np.ndarray, vector: np.ndarray, kind: str) -> np.ndarray:
        """Compares products with a vector.

        Args:
            rows: int [m], their numbers.
            vector: float32 [D], unit length.
            kind: which of the products' vectors are compared.

        Returns:
            float32 [m].
        """
        return self.vectors[kind][rows] @ vector.astype(np.float32)

    def products(
        self,
        rows: np.ndarray,
        vector: np.ndarray,
        kind: str,
        vector_ranks: Sequence[int],
        word_ranks: Sequence[int] | None = None,
    ) -> list[Product]:
        """Reads products and their distances to a vector.

        Args:
            rows: int [m], their numbers.
            vector: float32 [D], unit length.
            kind: which of the products' vectors it is compared with.
            vector_ranks: m places by distance, 0 for none.
            word_ranks: m places by words, 0 for none; None where there are none.
        """
        theirs = self.vectors[kind][rows]
        query = np.broadcast_to(vector.astype(np.float32), theirs.shape)
        distances = paired_distance(query, theirs).numpy()
        if word_ranks is None:
            word_ranks = np.zeros(len(rows), np.int64)
        return [
            dataclasses.replace(
                self.product(int(row), float(distance)),
                vector_rank=int(by_vector) or None,
                words_rank=int(by_words) or None,
            )
            for row, distance, by_vector, by_words in zip(
                rows, distances, vector_ranks, word_ranks, strict=True
            )
        ]

    def product(self, number: int, distance: float = 0.0) -> Product:
        """Reads one product (0 <= number < N)."""
        return Product(
            number,
            int(self._rows[number]),
            self.titles[number],
            (*self.class_names, "")[self.labels[number]],
            self._images[number],
            distance,
            id=self._ids[number],
            columns=json.loads(self._columns[number]),
        )

    def in_branch(self, branch: str) -> np.ndarray:
        """Says which classes are a node of the class tree or below it.

        Returns:
            bool [K + 1], the last of the products without a class.

        Raises:
            InputError: none is.
        """
        below = branch + self.separator
        inside = np.array(
            [(n + self.separator).startswith(below) for n in self.class_names] + [False]
        )
        if not inside.any():
            raise InputError(
                f"class '{branch[:200]}': no product of the catalogue is in it; "
                f"expected a path such as '{(*self.class_names, 'none')[0]}'"
            )
        return inside

    @cached_property
    def class_sizes(self) -> np.ndarray:
        """How many products each class has, int64 [K]."""
        labels = self.labels[self.labels >= 0]
        return np.bincount(labels, minlength=len(self.class_names))

    def read_picture(self, number: int) -> bytes:
        """Reads a product's picture file; never one outside of the images folder.

        Raises:
            InputError: the product has none, it is not there any more, or it is not a
                file of the folder.
        """
        if not self.there("images")[number]:
            row = int(self._rows[number])
            raise InputError(f"row {row} of {self.csv} has no picture")
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
