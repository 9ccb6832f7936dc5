"""What a report is made of: a trained model's answers about a set of products."""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from huse_tf.catalog import Catalog
from huse_tf.catalog.rows import Rejected
from huse_tf.config import Config
from huse_tf.metrics.words import WordQueries
from huse_tf.presence import Present
from huse_tf.reports.class_tree import ClassTree
from huse_tf.reports.suspects import Shown, shown
from huse_tf.run.folder import ANEW, RunFolder
from huse_tf.run.pipelines import Pipeline
from huse_tf.run.scoring import Scorer
from huse_tf.run.small_files import read_text
from huse_tf.semantic_graph import read_graph
from huse_tf.suspects.suspect import Suspect

MAX_COSINES = 2**22  # of products and classes in memory at once


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """n products of K classes as a trained model sees them.

    Attributes:
        name: of the run.
        tree: the K classes.
        graph: float [K, K], the semantic graph A.
        labels: int [n].
        images: [n] paths of the pictures, "" where there is none.
        texts: [n].
        image_embedding: float32 [n, D], unit rows, zero where there is no picture.
        text_embedding: float32 [n, D], unit rows, zero where there is no text.
        queries: of a word and a class, which the products answer; there may be none.
        query_embedding: float32 [Q, D], unit rows.
        classified: classes told by the classifier from "image", "text" and "fusion",
            int [n] each; empty where the objective trains no classifier.
        metrics: of these products, by name.
        meta: what the metrics belong to: split, epoch, ...
        history: the lines of metrics.jsonl.
        rejected: rows of the CSV that were not used.
        catalog: its facts: fingerprint, rows, ...
        config: the run's ini.
        seed: of the run.
        present: the modalities of the products; None where all have both.
        suspects: rows of the whole catalogue that may be wrong.
    """

    name: str
    tree: ClassTree
    graph: np.ndarray
    labels: np.ndarray
    images: list[str]
    texts: list[str]
    image_embedding: np.ndarray
    text_embedding: np.ndarray
    queries: WordQueries
    query_embedding: np.ndarray
    classified: Mapping[str, np.ndarray]
    metrics: Mapping[str, float]
    meta: Mapping[str, object]
    history: list[dict]
    rejected: tuple[Rejected, ...]
    catalog: Mapping[str, object]
    config: str
    seed: int
    present: Present | None = None
    suspects: tuple[Shown, ...] = ()

    def __len__(self) -> int:
        """Returns n."""
        return len(self.labels)

    def having(self, what: str) -> np.ndarray:
        """Returns the products that have an "image", a "text" or "both", ascending."""
        if self.present is None:
            return np.arange(len(self))
        return np.flatnonzero(getattr(self.present, what))

    @cached_property
    def told(self) -> np.ndarray:
        """The class told of each product, int [n], by image and text together.

        Without a classifier it is the class whose centre is nearest to the mean of the
        product's two embeddings.
        """
        if self.classified:
            return self.classified["fusion"]
        centres = np.nan_to_num(self.centres, nan=0.0)
        rows = self.image_embedding + self.text_embedding
        size = max(1, MAX_COSINES // len(centres))
        parts = [rows[i : i + size] @ centres.T for i in range(0, len(rows), size)]
        return np.concatenate([part.argmax(axis=1) for part in parts])

    @cached_property
    def centres(self) -> np.ndarray:
        """Mean of a class's images and texts, [K, D], unit rows; nan without any."""
        both = self.image_embedding + self.text_embedding
        sums = np.zeros((len(self.tree.names), both.shape[1]))
        np.add.at(sums, self.labels, both)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        return sums / np.where(lengths > 0, lengths, np.nan)


def gather(
    run: RunFolder,
    config: Config,
    catalog: Catalog,
    pipeline: Pipeline,
    scorer: Scorer,
    metrics: Mapping[str, float],
    meta: Mapping[str, object],
    suspects: Sequence[Suspect] = (),
) -> Answers:
    """Runs the model over the products and reads the run folder.

    Args:
        run: the folder.
        config: of the run.
        catalog: its class names in the run's label order.
        pipeline: of the catalogue.
        scorer: of the trained model.
        metrics: of the products of meta's "split".
        meta: with "split" and "fusion_weight".
        suspects: of the catalogue.
    """
    split = meta["split"]
    weight = float(meta["fusion_weight"])
    vectors, predictions, _ = scorer.embed(pipeline, split, [weight])
    rows = pipeline.split[split]
    asked = scorer.embed_queries(pipeline, split)
    if asked is None:
        asked = np.empty_like(vectors["text"][:0])
    classified = {}
    if predictions is not None:
        classified = {
            "image": predictions.image,
            "text": predictions.text,
            "fusion": predictions.fusion(weight),
        }
    return Answers(
        name=run.path.resolve().name,
        tree=ClassTree(catalog.class_names, config.data.class_separator),
        graph=read_graph(run.graph_file, catalog.class_names),
        labels=catalog.labels[rows],
        images=[catalog.image_path(i) for i in rows],
        texts=[str(text) for text in catalog.texts[rows]],
        image_embedding=vectors["image"],
        text_embedding=vectors["text"],
        queries=scorer.queries(pipeline, split),
        query_embedding=asked,
        classified=classified,
        metrics=metrics,
        meta=meta,
        history=run.read_log(),
        rejected=catalog.rejected,
        catalog=run.read_catalog_facts(),
        config=read_text(run.config_file, ANEW),
        seed=config.training.seed,
        present=pipeline.present_in(split),
        suspects=tuple(shown(suspects, catalog)),
    )
