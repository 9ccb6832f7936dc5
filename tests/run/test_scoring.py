"""What a run measures batch by batch, against all logits at once."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from huse_tf.config import EvaluationConfig, FeaturesConfig
from huse_tf.errors import Diverged
from huse_tf.evaluation import evaluate
from huse_tf.metrics import in_tensorflow
from huse_tf.model import HuseModel
from huse_tf.objectives import Huse
from huse_tf.presence import Present
from huse_tf.run.pipelines import Pipeline
from huse_tf.run.scoring import Scorer
from huse_tf.towers import embedding_network

N, CLASSES = 83, ("a<b", "a<c", "d")
DRAW = np.random.default_rng(5)
PRODUCTS = np.sort(DRAW.integers(0, 60, N))  # several rows of some, none of others
LACKS = DRAW.integers(0, 6, N)
PRESENT = Present(LACKS != 0, LACKS != 1)
IMAGES = DRAW.normal(size=(N, 4)).astype(np.float32)
TEXTS = DRAW.normal(size=(N, 4)).astype(np.float32)


class NoWords:
    """Titles without words are never embedded."""

    dim = 4


def softmax(logits):
    powers = np.exp(logits.astype(np.float64))
    return powers / powers.sum(axis=1, keepdims=True)


def make(weight):
    """A scorer of rows that lack something, and the model's outputs all at once.

    Nobody trained it: the labels are what both modalities tell at a weight of 0.2, but
    for every fourth.
    """
    network = embedding_network(
        4, 4, 3, image_layers=1, text_layers=1, units=8, embedding_dim=6, seed=3
    )
    model = HuseModel(network, Huse(np.float32(1 - np.eye(3))))
    whole = {"image": IMAGES, "text": TEXTS, "label": np.zeros(N, np.int32)}
    whole |= {"has_image": PRESENT.image, "has_text": PRESENT.text}
    given = {name: tf.constant(values) for name, values in whole.items()}
    outputs = {n: v.numpy() for n, v in model(given, training=False).items()}
    image, text = softmax(outputs["image_logits"]), softmax(outputs["text_logits"])
    labels = (0.2 * image + 0.8 * text).argmax(axis=1).astype(np.int32)
    labels[::4] = DRAW.integers(0, 3, len(labels[::4]))
    catalog = SimpleNamespace(
        texts=np.full(N, "", object), labels=labels, class_names=CLASSES
    )
    config = SimpleNamespace(
        data=SimpleNamespace(class_separator="<"),
        features=FeaturesConfig(folder=Path("nowhere"), batch_size=4),
        evaluation=EvaluationConfig(fusion_weight=weight, chunk_size=16),
    )
    pipeline = Pipeline(
        image=lambda positions, step: tf.gather(tf.constant(IMAGES), positions),
        text=lambda positions, step: tf.gather(tf.constant(TEXTS), positions),
        labels=labels,
        text_ids=np.arange(N),
        split={"validation": np.arange(N), "test": np.arange(40, N)},
        batch_size=16,
        seed=0,
        present=PRESENT,
        products=PRODUCTS,
    )
    return Scorer(model, config, catalog, NoWords()), pipeline, outputs, model


def from_all_logits(outputs, labels, rows, weight):
    return evaluate(
        outputs["image_embedding"][rows],
        outputs["text_embedding"][rows],
        labels[rows],
        CLASSES,
        image_logits=outputs["image_logits"][rows],
        text_logits=outputs["text_logits"][rows],
        fusion_weight=weight,
        has_image=PRESENT.image[rows],
        has_text=PRESENT.text[rows],
        products=PRODUCTS[rows],
        max_queries=10_000,
    )


def naive_best_weight(outputs, labels):
    """Of 0, 0.05, ... 1, by the right answers of rows that have both modalities."""
    rows = np.flatnonzero(PRESENT.both)
    image, text = (softmax(outputs[f"{n}_logits"][rows]) for n in ("image", "text"))
    right = {}
    for weight in (step / 20 for step in range(21)):
        told = (weight * image + (1 - weight) * text).argmax(axis=1)
        right[weight] = np.count_nonzero(told == labels[rows])
    best = [weight for weight in right if right[weight] == max(right.values())]
    assert 0.5 not in best, "the middle would be had without looking"
    return min(best, key=lambda weight: (abs(weight - 0.5), weight))


def test_metrics_by_batches_are_those_of_all_logits_at_once():
    scorer, pipeline, outputs, _ = make("validation")
    weight = naive_best_weight(outputs, pipeline.labels)
    assert scorer.fusion_weight(pipeline) == weight
    for split, asked in (("validation", None), ("test", weight)):
        metrics = scorer.metrics(pipeline, split, asked)
        expected = from_all_logits(
            outputs, pipeline.labels, pipeline.split[split], weight
        )
        assert 0 < expected["fusion_accuracy"] < 1
        for name, value in expected.items():
            assert metrics[name] == pytest.approx(value, abs=1e-6), name
        assert {name for name in metrics if "loss" not in name} == set(expected)


def test_where_there_is_a_gpu_tensorflow_ranks(monkeypatch):
    scorer, pipeline, _, _ = make(0.5)
    expected = scorer.metrics(pipeline, "test")
    asked = []
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: [kind])
    ranker = in_tensorflow.ranker

    def noted(*arguments):
        asked.append(arguments)
        return ranker(*arguments)

    monkeypatch.setattr(in_tensorflow, "ranker", noted)
    assert scorer.metrics(pipeline, "test") == expected
    assert len(asked) == 4, "once a direction"


def test_a_weight_of_the_config_is_the_one_that_counts():
    scorer, pipeline, outputs, _ = make(0.85)
    metrics = scorer.metrics(pipeline, "test")
    rows = pipeline.split["test"]
    expected = from_all_logits(outputs, pipeline.labels, rows, 0.85)
    assert metrics["fusion_accuracy"] == expected["fusion_accuracy"]
    assert scorer.fusion_weight(pipeline) == 0.85


def test_logits_that_are_not_finite_are_named():
    """The embeddings are fine: the classifier alone has diverged."""
    scorer, pipeline, _, model = make("validation")
    bias = next(v for v in model.network.variables if v.shape == (3,))
    bias.assign([0.0, np.nan, 0.0])
    with pytest.raises(Diverged, match="_logits: 43 of 43 rows are not finite"):
        scorer.metrics(pipeline, "test", 0.5)
