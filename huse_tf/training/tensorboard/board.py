"""While training: the space for the projector, and queries with what they find."""

import dataclasses
import math
import time

import numpy as np
import tensorflow as tf

from huse_tf.errors import Interrupted
from huse_tf.metrics.in_numpy import largest
from huse_tf.presence import Present
from huse_tf.reports.class_tree import ClassTree
from huse_tf.reports.queries import DIRECTIONS, NEAREST
from huse_tf.reports.space import sample_rows
from huse_tf.reports.thumbnails import CHUNK, pixels
from huse_tf.run.build import Experiment
from huse_tf.run.folder import RunFolder
from huse_tf.run.scoring import Scorer
from huse_tf.training.tensorboard import grids, hparams, projector

SAMPLE = 1000  # validation products; what a validation costs is bounded by it
DRAW_SECONDS = 20.0  # validations of small catalogues follow each other faster
QUERIES = 8
NAME_PARTS = 3  # runs/comparison/huse/trials/0 is huse/trials/0
SPLIT = "board"
FOLDER = "samples"  # beside train/ and validation/, which hold scalars


class Board:
    """Writes what TensorBoard shows of a run beside its scalars.

    Between entering and leaving, the run counts as running on the HParams page; left
    by an interruption it goes on counting so, for the same command goes on.
    """

    def __init__(self, experiment: Experiment, run: RunFolder, scorer: Scorer):
        """Draws the sample of the validation rows, the same one for the same seed.

        Args:
            experiment: whose validation rows are shown; nothing is where it has none.
            run: whose tensorboard/ is written to.
            scorer: of the model in training.
        """
        self._config, self._catalog = experiment.config, experiment.catalog
        self._run, self._scorer = run, scorer
        seed = experiment.config.training.seed
        rows = experiment.pipeline.split["validation"]
        labels = self._catalog.labels[rows]
        self._rows = rows[sample_rows(labels, SAMPLE, seed)]
        self._labels = self._catalog.labels[self._rows]
        self._having = self._places(experiment.pipeline.present)
        both = self._having["both"]
        self._queries = both[spread_over_classes(self._labels[both], QUERIES, seed)]
        self._pipeline = dataclasses.replace(
            experiment.pipeline, split={SPLIT: self._rows}
        )
        separator = experiment.config.data.class_separator
        self._tree = ClassTree(self._catalog.class_names, separator)
        self._folder = run.tensorboard_folder / FOLDER
        self._products_are_written = False
        self._drawn = -math.inf

    def __enter__(self) -> "Board":
        """Says that the run has begun."""
        self._session = tf.summary.create_file_writer(str(self._run.tensorboard_folder))
        self._pictures = tf.summary.create_file_writer(str(self._folder))
        # The page cuts names at the right: the folder's last parts, not all of them.
        name = "/".join(self._run.path.resolve().parts[-NAME_PARTS:])
        hparams.started(self._session, self._config, name)
        return self

    def validated(self, step: int, last: bool) -> None:
        """Shows the sample as the model sees it now, at most every DRAW_SECONDS.

        Args:
            step: steps taken so far.
            last: whether training ends here; this is always shown.
        """
        now = time.monotonic()
        if not len(self._rows) or (now - self._drawn < DRAW_SECONDS and not last):
            return
        self._drawn = now
        vectors = self._scorer.embed(self._pipeline, SPLIT).vectors
        with self._run.writing(self._folder):
            self._write(step, vectors)

    def _write(self, step: int, vectors: dict[str, np.ndarray]) -> None:
        if not self._products_are_written:
            self._write_products()
        there = [vectors[name][self._having[name]] for name in vectors]
        projector.write_vectors(self._folder, np.concatenate(there))
        if not len(self._queries):
            return
        with self._pictures.as_default(step=step):
            for query, item in DIRECTIONS:
                picture = self._grid(query, item, vectors)
                grids.write(f"nearest/{query}_to_{item}", picture)
        self._pictures.flush()

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        """Says how the run has ended, unless it was interrupted."""
        if kind is None or not issubclass(kind, (Interrupted, KeyboardInterrupt)):
            hparams.ended(self._session, well=kind is None)
        self._session.close()
        self._pictures.close()

    def _write_products(self) -> None:
        paths = self._paths(self._having["image"])
        # Decoded at the size of the grids, for which the decoder is built anyway.
        photos = [
            projector.halved(pixels(paths[start : start + CHUNK], grids.PHOTO))
            for start in range(0, max(len(paths), 1), CHUNK)
        ]
        titles = [str(text) for text in self._catalog.texts[self._rows]]
        projector.write_products(
            self._folder,
            self._tree,
            self._labels,
            titles,
            np.concatenate(photos),
            self._having["image"],
            self._having["text"],
        )
        self._products_are_written = True

    def _grid(self, query: str, item: str, vectors: dict) -> np.ndarray:
        among = self._having[item]
        scores = vectors[query][self._queries] @ vectors[item][among].T
        found = among[largest(scores, NEAREST)]
        places = np.concatenate([self._queries[:, None], found], axis=1)
        kinds = [query] + [item] * found.shape[1]
        cards = [self._cards(places[:, j], kind) for j, kind in enumerate(kinds)]
        rows = list(zip(*cards, strict=True))
        names = [self._tree.short(label) for label in range(len(self._tree.names))]
        return grids.grid(rows, self._labels[places], names)

    def _cards(self, places: np.ndarray, kind: str) -> list:
        if kind == "text":
            return [str(text) for text in self._catalog.texts[self._rows[places]]]
        return list(pixels(self._paths(places), grids.PHOTO))

    def _places(self, present: Present | None) -> dict[str, np.ndarray]:
        """Returns which of the sample have an image, a text and both, as positions."""
        if present is None:
            return dict.fromkeys(("image", "text", "both"), np.arange(len(self._rows)))
        present = present.of(self._rows)
        return {
            name: np.flatnonzero(getattr(present, name))
            for name in ("image", "text", "both")
        }

    def _paths(self, places) -> list[str]:
        return [self._catalog.image_path(self._rows[place]) for place in places]


def spread_over_classes(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Picks rows of as many classes as there can be.

    Args:
        labels: int [n].
        count: rows wanted at most.
        seed: of the choice.

    Returns:
        int64 [min(n, count)], by class.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    _, first = np.unique(labels[order], return_index=True)
    rest = np.setdiff1d(np.arange(len(labels)), first)
    if len(first) > count:
        first = first[np.linspace(0, len(first) - 1, count).round().astype(int)]
    chosen = order[np.concatenate([first, rest])[:count]]
    return chosen[np.argsort(labels[chosen], kind="stable")]
