"""The embeddings of a whole catalogue by a trained run, batch by batch."""

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from huse_tf.distances import fused
from huse_tf.progress import Progress
from huse_tf.run.halves import fused_probabilities
from huse_tf.run.pipelines import Pipeline
from huse_tf.run.restore import TrainedRun


class Vectors(NamedTuple):
    """Some products' vectors.

    Attributes:
        positions: int64 [B], in the catalogue.
        product: float32 [B, D], unit rows: image and text fused as serving_default
            fuses them, or the one that is there.
        image: float32 [B, D], unit rows, zero where there is no picture.
        text: float32 [B, D], unit rows, zero where there is no text.
        probabilities: float32 [B, K] of the run's classes, by what is there; [B, 0]
            where they were not asked for.
    """

    positions: np.ndarray
    product: np.ndarray
    image: np.ndarray
    text: np.ndarray
    probabilities: np.ndarray


def catalogue_vectors(
    trained: TrainedRun,
    pipeline: Pipeline,
    positions: np.ndarray,
    label: str,
    classify: bool = False,
) -> Iterator[Vectors]:
    """Embeds products of a catalogue, in the order that is asked for.

    The same positions give the same bits: they make the same batches.

    Args:
        trained: the run.
        pipeline: of the catalogue, by the run's encoders.
        positions: int64 [n], in the catalogue.
        label: what the bar says is being done.
        classify: whether to compute the probabilities.
    """
    weight = trained.fusion_weight

    @tf.function(reduce_retracing=True)
    def embed(batch: dict) -> tuple[tf.Tensor, ...]:
        outputs = trained.model(batch, training=False)
        image, text = outputs["image_embedding"], outputs["text_embedding"]
        present = trained.model.present(batch)
        logits = outputs["image_logits"], outputs["text_logits"]
        told = image[:, :0]
        if classify:
            told = fused_probabilities(*logits, weight, present)
        return fused(image, text, weight, present), image, text, told

    batches = dataclasses.replace(pipeline, split={"asked": positions})
    with Progress(len(positions), label, unit="products") as bar:
        for batch in batches.evaluation("asked"):
            values = [value.numpy() for value in embed(batch)]
            size = len(values[0])
            yield Vectors(positions[bar.done : bar.done + size], *values)
            bar.update(size)
