"""A run of train.py as a Python object: embed, classify, search."""

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from huse_tf.errors import InputError
from huse_tf.run.embedder import Embedder, Picture, likeliest
from huse_tf.run.restore import TrainedRun, restore_run
from huse_tf.search.build import open_index
from huse_tf.search.index import Index
from huse_tf.search.matching import Query, find
from huse_tf.search.request import MATCHES, check_match

ON_ERROR = ("raise", "blank")

_Batch = tuple[list[Picture] | None, list[str] | None]


def load(run: str | os.PathLike[str], allow_code: bool = False) -> "Trained":
    """Loads a trained run with its best weights by validation.

    Args:
        run: the run's folder, such as "runs/huse".
        allow_code: whether its config may name classes outside of huse_tf, whose code
            is then run.

    Raises:
        InputError: the folder holds no trained run, its checkpoints are damaged, or it
            names code that was not allowed.
    """
    return Trained(restore_run(Path(run), allow_code))


class Trained:
    """A trained run, asked about pictures and texts.

    Pictures are paths or the contents of files; JPEG, PNG, GIF, BMP and WebP are read.
    Lists may be long: `features.batch_size` rows at a time are read and computed, and
    only the answers are held.

    Attributes:
        class_names: [K] paths, in label order.
        embedding_dim: D.
        fusion_weight: of the picture where both modalities answer together, in [0, 1].
    """

    def __init__(self, trained: TrainedRun) -> None:
        """Takes a run that `restore_run` read back."""
        self._trained = trained
        self._embedder = Embedder(trained)
        self._batch_size = trained.config.features.batch_size
        self.class_names = trained.class_names
        self.embedding_dim = trained.config.towers.embedding_dim
        self.fusion_weight = trained.fusion_weight

    def embed(
        self,
        texts: Iterable[str] | None = None,
        images: Iterable[Picture] | None = None,
        on_error: str = "raise",
    ) -> np.ndarray:
        """Embeds texts, pictures, or products by both.

        Formula: both give u / |u|, u = w phi_image + (1 - w) phi_text; w is
        `fusion_weight`. Of a product that lacks one, the other's phi.

        Args:
            texts: N strings.
            images: N paths or contents of picture files. With `texts`, the same N
                products, which may lack either: "" for no text, None or b"" for no
                picture.
            on_error: what a row with nothing to embed, or a picture that cannot be read
                or decoded, does: "raise" names all such rows; "blank" leaves them NaN.

        Returns:
            float32 [N, D], unit rows.

        Raises:
            InputError: a row cannot be used, or an argument is not what is expected.
        """
        images, texts = _listed(images, texts, on_error)
        rows = len(texts if images is None else images)
        vectors = np.empty([rows, self.embedding_dim], np.float32)
        unusable: list[str] = []
        for first, batch in self._batches(images, texts):
            found, problems = self._embedder.embed(*batch)
            vectors[first : first + len(found)] = found
            unusable += _described(problems, batch, first)
        _stop(unusable, on_error)
        return vectors

    def classify(
        self,
        texts: Iterable[str] | None = None,
        images: Iterable[Picture] | None = None,
        k: int = 5,
        on_error: str = "raise",
    ) -> list[list[dict[str, object]]]:
        """Finds the likeliest classes of texts, pictures, or products by both.

        Formula: both give w softmax(z_image) + (1 - w) softmax(z_text).

        Args:
            texts: as `embed` takes them.
            images: as `embed` takes them.
            k: how many classes, at least 1.
            on_error: as for `embed`; a blank row has no classes.

        Returns:
            For each of the N rows at most k of {"class", "probability"}, the likeliest
            first.

        Raises:
            InputError: as `embed`, or the run's objective trains no classifier.
        """
        _check_k(k)
        if not self._trained.model.objective.classifies:
            name = self._trained.config.objective.name
            raise InputError(
                f"objective.name = {name} trained no classifier, so this run cannot "
                "classify; expected an objective with a classification loss, as huse"
            )
        images, texts = _listed(images, texts, on_error)
        answers: list[list[dict[str, object]]] = []
        unusable: list[str] = []
        for first, batch in self._batches(images, texts):
            found, problems = self._embedder.probabilities(*batch)
            blank = np.isnan(found).any(axis=1)
            answers += [
                [] if empty else likeliest(row, self.class_names, k)
                for row, empty in zip(found, blank, strict=True)
            ]
            unusable += _described(problems, batch, first)
        _stop(unusable, on_error)
        return answers

    def search(
        self,
        text: str | None = None,
        image: Picture | None = None,
        k: int = 10,
        match: str = MATCHES[0],
    ) -> list[dict[str, object]]:
        """Finds the products of the run's catalogue for words, a photo, or both.

        The first search opens the index in the run folder's search/, as search.py
        does, and builds it where there is none, which prints its progress.

        Args:
            text: words.
            image: path or contents of a picture file.
            k: how many products, at least 1.
            match: "vectors" compares embeddings, "words" the words of the titles,
                "both" joins the two. Without `text`, embeddings alone count.

        Returns:
            At most k records, the best first: "class", its path; "distance", the
            cosine distance in [0, 2]; "image", its path in the images folder; "text";
            "id" and "row", its number in the file, as Catalog has them; "columns", the
            cells of the catalogue's other columns by name; and why it was found:
            "matched", the words of the query in its title; "words_rank" and
            "vector_rank", its places by either, from 1, or None. None at all where
            nothing is known of the words.

        Raises:
            InputError: the query cannot be used, or the catalogue is not there any
                more.
        """
        _check_k(k)
        check_match(match, text, image)
        vector = self.embed(
            texts=None if text is None else [text],
            images=None if image is None else [image],
        )[0]
        understood = image is not None or self._embedder.reads(text)
        query = Query(vector, text, match, understood)
        return [
            {
                "class": product.class_name,
                "distance": product.distance,
                "image": product.image,
                "text": product.title,
                "id": product.id,
                "row": product.row,
                "matched": list(product.matched),
                "words_rank": product.words_rank,
                "vector_rank": product.vector_rank,
                "columns": dict(product.columns),
            }
            for product in find(self._index, query, k).products
        ]

    @cached_property
    def _index(self) -> Index:
        return open_index(self._trained)

    def _batches(
        self, images: list[Picture] | None, texts: list[str] | None
    ) -> Iterator[tuple[int, _Batch]]:
        """Yields the first row of each batch, and its pictures and texts."""
        for first in range(
            0, len(texts if images is None else images), self._batch_size
        ):
            rows = slice(first, first + self._batch_size)
            yield first, (images and images[rows], texts and texts[rows])


def _listed(
    images: Iterable[Picture] | None, texts: Iterable[str] | None, on_error: str
) -> _Batch:
    """Returns both as lists of what they should hold.

    Raises:
        InputError: neither is given, they do not fit each other, or an argument is not
            what is expected.
    """
    if on_error not in ON_ERROR:
        raise InputError(
            f"`on_error`: expected {' or '.join(ON_ERROR)}. Received: {on_error!r}"
        )
    if images is None and texts is None:
        raise InputError("expected `texts`, `images` or both. Received neither")
    if images is not None:
        kinds = (str, os.PathLike, bytes, type(None))
        images = _list_of(images, "images", kinds, "paths or bytes of picture files")
    if texts is not None:
        texts = _list_of(texts, "texts", (str,), "strings")
    if images is not None and texts is not None and len(images) != len(texts):
        raise InputError(
            "`texts` and `images`: expected as many of one as of the other, both of "
            f"the same products. Received: {len(texts)} and {len(images)}"
        )
    return images, texts


def _list_of(values: Iterable, name: str, kinds: tuple[type, ...], expected: str):
    if isinstance(values, (str, bytes, os.PathLike)):
        raise InputError(
            f"`{name}`: expected a list of {expected}. Received one "
            f"{type(values).__name__}; put it in a list"
        )
    values = list(values)
    for i, value in enumerate(values):
        if not isinstance(value, kinds):
            raise InputError(
                f"`{name}`[{i}]: expected a list of {expected}. Received: {value!r}, a "
                f"{type(value).__name__}"
            )
    return values


def _check_k(k: int) -> None:
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise InputError(f"`k`: expected a whole number >= 1. Received: {k!r}")


def _described(
    problems: Mapping[str, Mapping[int, str]], batch: _Batch, first: int
) -> list[str]:
    """Says of a batch that begins at row `first` what cannot be used, and why."""
    given = dict(zip(("images", "texts"), batch, strict=True))
    lines = []
    for name, reasons in problems.items():
        for i, reason in sorted(reasons.items()):
            value = given[name][i]
            is_path = name == "images" and not isinstance(value, bytes | None)
            path = f" ({os.fspath(value)})" if is_path else ""
            lines.append(f"{name}[{first + i}]{path}: {reason}")
    return lines


def _stop(unusable: list[str], on_error: str) -> None:
    if unusable and on_error == "raise":
        raise InputError(
            f"{len(unusable)} of the pictures and texts cannot be used: "
            + "; ".join(unusable)
            + '; leave them out, or pass on_error="blank"'
        )
