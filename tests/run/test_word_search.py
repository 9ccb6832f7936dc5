"""Queries of words through a model: once encoded, by the weights of the moment."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from huse_tf.catalog import Catalog
from huse_tf.config import EvaluationConfig, FeaturesConfig
from huse_tf.encoders.base import TextEncoder
from huse_tf.metrics.words import word_precision
from huse_tf.model import HuseModel
from huse_tf.objectives import Huse
from huse_tf.run.pipelines import Pipeline
from huse_tf.run.scoring import Scorer
from huse_tf.towers import embedding_network

NAMES = ("wear < hats", "wear < shirts")
COLOURS = ("red", "blue", "green")
DIM = len(COLOURS)
WEIGHT = 0.25


class Colours(TextEncoder):
    """One feature a colour word, times a weight that can be trained."""

    dim = DIM
    identity = {"name": "colours"}

    def __init__(self):
        super().__init__()
        self.scale = self.add_weight(shape=[DIM], initializer="ones", name="scale")
        self.asked = 0

    def prepare(self, texts):
        found = [tf.strings.regex_full_match(texts, f".*{c}.*") for c in COLOURS]
        return {"found": tf.cast(tf.stack(found, axis=1), tf.float32)}

    def call(self, prepared, training=False):
        tf.py_function(self._count, [tf.shape(prepared["found"])[0]], [])
        return prepared["found"] * self.scale

    def _count(self, rows):
        self.asked += int(rows)


@pytest.fixture
def shop(tmp_path):
    """30 hats and 30 shirts, of either ten a colour, all in the validation split."""
    titles = [f"{c} thing with a bow" for c in COLOURS for _ in range(20)]
    labels = np.tile(np.repeat(np.arange(2, dtype=np.int32), 10), DIM)
    n = len(titles)
    catalog = Catalog(
        images=np.array([f"{i}.png" for i in range(n)], object),
        texts=np.array(titles, object),
        labels=labels,
        class_names=NAMES,
        split=np.array(["validation"] * n, object),
        rows=np.arange(2, n + 2),
        image_root=Path("/shop"),
        rejected=(),
        ids=np.arange(2, n + 2).astype(str),
    )
    config = SimpleNamespace(
        data=SimpleNamespace(class_separator="<"),
        features=FeaturesConfig(folder=tmp_path / "features", batch_size=4),
        evaluation=EvaluationConfig(fusion_weight=WEIGHT, chunk_size=16),
    )
    return catalog, config


def pipeline_of(catalog, text):
    image = tf.constant(np.random.default_rng(0).normal(size=[60, 4]), tf.float32)
    return Pipeline(
        image=lambda positions, step: tf.gather(image, positions),
        text=text,
        labels=catalog.labels,
        text_ids=np.arange(60),
        split={"validation": np.arange(60)},
        batch_size=7,
        seed=0,
    )


def make(shop, along):
    catalog, config = shop
    encoder = Colours()
    network = embedding_network(
        4, DIM, 2, image_layers=1, text_layers=1, units=8, embedding_dim=5
    )
    model = HuseModel(
        network,
        Huse(np.float32(1 - np.eye(2))),
        text_encoder=encoder if along else None,
    )
    strings = tf.constant(catalog.texts.tolist())

    def tokens(positions, step):
        return encoder.prepare(tf.gather(strings, positions))

    def features(positions, step):
        return tokens(positions, step)["found"]  # the scale is 1 where it is frozen

    pipeline = pipeline_of(catalog, tokens if along else features)
    return Scorer(model, config, catalog, encoder), model, encoder, pipeline


def test_metrics_are_those_of_the_embeddings_of_either_kind(shop):
    """Against the model's own outputs: a query's text features are its colour's."""
    scorer, model, _, pipeline = make(shop, along=False)
    queries = scorer.queries(pipeline, "validation")
    # "with" asks for nothing; "bow" and "thing" are in every title
    assert queries.texts == tuple(
        f"{c} {kind}" for kind in ("hats", "shirts") for c in sorted(COLOURS)
    )
    metrics = scorer.metrics(pipeline, "validation")
    assert metrics["words_chance"] == pytest.approx(1 / 3)
    vectors = scorer.embed(pipeline, "validation").vectors
    image, text = vectors["image"], vectors["text"]
    first = {c: COLOURS.index(c) * 20 for c in COLOURS}  # a row whose title has it
    asked = text[[first[word] for word in queries.words]]
    np.testing.assert_allclose(
        scorer.embed_queries(pipeline, "validation"), asked, atol=1e-6
    )
    for name, rows in {
        "image": image,
        "text": text,
        "product": WEIGHT * image + (1 - WEIGHT) * text,
    }.items():
        expected = word_precision(asked, rows, queries.answers).mean()
        assert metrics[f"words_to_{name}_P@10"] == pytest.approx(expected)


def test_a_frozen_encoder_reads_the_queries_once(shop):
    scorer, model, encoder, pipeline = make(shop, along=False)
    before = scorer.embed_queries(pipeline, "validation")
    assert encoder.asked == 6
    layer = model.network.trainable_variables[0]
    for variable in model.network.trainable_variables:
        if variable.shape == layer.shape:
            variable.assign(-variable)
    after = scorer.embed_queries(pipeline, "validation")
    assert encoder.asked == 6
    for variable in model.network.trainable_variables:
        variable.assign(-variable)
    other = scorer.embed_queries(pipeline, "validation")
    assert np.abs(other - before).max() > 1e-3, "the weights of the moment count"
    assert encoder.asked == 6 and before.shape == after.shape == (6, 5)
    again, _, second, _ = make(shop, along=False)
    again.embed_queries(pipeline, "validation")
    assert second.asked == 0, "another process finds them with the other features"


def test_an_encoder_that_trains_along_answers_by_its_weights(shop):
    scorer, _, encoder, pipeline = make(shop, along=True)
    before = scorer.embed_queries(pipeline, "validation")
    encoder.scale.assign([2.0, -1.0, 1.0])
    after = scorer.embed_queries(pipeline, "validation")
    vectors = scorer.embed(pipeline, "validation").vectors
    words = scorer.queries(pipeline, "validation").words
    rows = [COLOURS.index(word) * 20 for word in words]
    np.testing.assert_allclose(after, vectors["text"][rows], atol=1e-6)
    blue = [word == "blue" for word in words]
    assert np.abs(after - before)[blue].max() > 1e-3


def test_rows_without_queries_report_none(shop):
    catalog, config = shop
    catalog.texts[:] = "thing"
    scorer, _, encoder, pipeline = make((catalog, config), along=False)
    metrics = scorer.metrics(pipeline, "validation")
    assert not [name for name in metrics if name.startswith("words")]
    assert scorer.embed_queries(pipeline, "validation") is None
    assert encoder.asked == 0
