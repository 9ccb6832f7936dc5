"""Promise 13: a million rows of features in bounded memory.

Encoding writes 1,000,000 rows of 256 image and 256 text features: 2.05 GB of float32.
Training and evaluation from the files stay under 1.5 GB resident, TensorFlow's 0.5 GB
included, so they cannot hold them. Of one split all embeddings are held, and the
classes told, at 21 weights of the image at most: n (2 D + 23) numbers of 4 bytes.
Nothing has the size of its square, nor of its rows times the classes: 2**26 cosines are
256 MiB.
"""

import dataclasses

import numpy as np
import pytest
from processes import run
from small_runs import ROOT

from huse_tf.metrics import in_numpy, retrieval

ROWS, HELD_OUT, DIM, CLASSES = 1_000_000, 10_000, 256, 10
MANY = 50_000, 6_000  # rows and classes
BOUND = 1.5e9  # bytes


def peak():
    """The most that this process was resident, in bytes."""
    with open("/proc/self/status", encoding="utf-8") as file:
        line = next(line for line in file if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


def say(stage):
    print(f"{stage}: {peak() / 1e9:.2f} GB at most")
    if peak() > BOUND:
        raise MemoryError(f"{stage}: {peak() / 1e9:.2f} GB, over {BOUND / 1e9} GB")


def encode(folder, kind):
    """Encodes a million strings, of which the numbers 0 to 999,999 are made."""
    import tensorflow as tf

    from huse_tf.config import FeaturesConfig
    from huse_tf.encoders.base import TextEncoder
    from huse_tf.features.encode import encode_texts

    class Digits(TextEncoder):
        """A hash of the string, as a float, times a row of numbers."""

        dim = DIM
        identity = {"name": kind}

        def prepare(self, texts):
            hashed = tf.strings.to_hash_bucket_fast(texts, 1 << 20)
            return {"number": tf.cast(hashed, tf.float32) / (1 << 20)}

        def call(self, prepared, training=False):
            return tf.sin(prepared["number"][:, None] * tf.range(1.0, DIM + 1))

    texts = np.array([f"{kind} {i}" for i in range(ROWS)], object)
    config = FeaturesConfig(folder=folder, batch_size=4096)
    return encode_texts(Digits(), texts, config)


def train_and_evaluate(folder):
    """All three in one process, as train.py does them."""
    from huse_tf.catalog import Catalog
    from huse_tf.config import load_config
    from huse_tf.model import HuseModel
    from huse_tf.objectives import make_objective
    from huse_tf.run import changes
    from huse_tf.run.build import Experiment
    from huse_tf.run.folder import RunFolder
    from huse_tf.run.pipelines import Pipeline, stored_features
    from huse_tf.towers import embedding_network
    from huse_tf.training.trainer import Trainer

    settings = {
        "training.epochs": 1,
        "training.batch_size": 1024,
        "towers.units": 64,
        "towers.embedding_dim": 32,
    }
    overrides = [f"{key}={value}" for key, value in settings.items()]
    config = load_config(ROOT / "config.ini", overrides)
    image, text = encode(folder, "image"), encode(folder, "text")
    say("encoding")
    names = tuple(f"class {i}" for i in range(CLASSES))
    labels = (np.arange(ROWS) % CLASSES).astype(np.int32)
    split = np.full(ROWS, "train", object)
    split[:HELD_OUT], split[HELD_OUT : 2 * HELD_OUT] = "validation", "test"
    column = np.full(ROWS, "", object)
    catalog = Catalog(
        images=column,
        texts=column,
        labels=labels,
        class_names=names,
        split=split,
        rows=np.arange(ROWS),
        image_root=folder,
        rejected=(),
        ids=np.arange(ROWS).astype(str),
        csv=folder / "catalog.csv",
        encoding="UTF-8",
    )
    pipeline = Pipeline(
        stored_features(image),
        stored_features(text),
        labels,
        np.arange(ROWS),
        {kind: catalog.indices(kind) for kind in ("train", "validation", "test")},
        config.training.batch_size,
        config.training.seed,
    )
    graph = (1 - np.eye(CLASSES)).astype(np.float32)
    objective = make_objective(config, graph, names)
    network = embedding_network(DIM, DIM, CLASSES, **dataclasses.asdict(config.towers))
    # no title has a word: there is no query that a text encoder would be asked for
    experiment = Experiment(
        config, catalog, pipeline, graph, HuseModel(network, objective), None
    )
    run_folder = RunFolder(folder / "run")
    run_folder.claim()
    changes.describe(run_folder, config, catalog, graph, {}, {})
    trainer = Trainer(experiment, run_folder)
    trainer.train()
    say("training")
    metrics = trainer.scorer.metrics(pipeline, "test", 0.5)
    vectors = trainer.scorer.embed(pipeline, "train").vectors
    assert metrics["n"] == HELD_OUT
    assert vectors["image"].shape == (ROWS - 2 * HELD_OUT, 32)
    say("evaluating")


@pytest.mark.slow
def test_a_million_rows(tmp_path):
    status, output = run(train_and_evaluate, tmp_path, log=tmp_path / "log")
    assert status == 0, output
    size = sum(path.stat().st_size for path in tmp_path.glob("*/*.bin"))
    assert size == 2 * ROWS * DIM * 4
    assert size > BOUND, "the bound proves nothing"
    for stage in ("encoding", "training", "evaluating"):
        assert f"{stage}: " in output


def test_ranking_never_holds_the_square_of_its_rows(monkeypatch):
    """With room for 640 cosines, 100 queries come 6 at a time, with the same result."""
    draw = np.random.default_rng(0)
    queries, items = draw.normal(size=(2, 100, 8))
    expected = retrieval.rank(queries, items, 5, 1024, leave_own_row_out=False)
    monkeypatch.setattr(retrieval, "MAX_SCORES", 640)
    seen = []
    nearest = in_numpy.nearest_columns

    def noted(scores, k):
        seen.append(len(scores))
        return nearest(scores, k)

    monkeypatch.setattr(in_numpy, "nearest_columns", noted)
    found = retrieval.rank(queries, items, 5, 1024, leave_own_row_out=False)
    assert seen == [6] * 16 + [4]
    np.testing.assert_array_equal(found.neighbours, expected.neighbours)
    np.testing.assert_array_equal(found.ranks, expected.ranks)


def classify_many(folder):
    """Evaluates 50,000 rows of 6,000 classes: their logits are 2.4 GB."""
    from types import SimpleNamespace

    import tensorflow as tf

    from huse_tf.config import EvaluationConfig, FeaturesConfig
    from huse_tf.model import HuseModel
    from huse_tf.objectives import Separate
    from huse_tf.run.pipelines import Pipeline
    from huse_tf.run.scoring import Scorer
    from huse_tf.towers import embedding_network

    rows, classes = MANY
    features = tf.random.stateless_normal([rows, 8], [0, 1])
    labels = (np.arange(rows) % classes).astype(np.int32)
    network = embedding_network(
        8, 8, classes, classifier="separate", units=8, embedding_dim=8
    )
    pipeline = Pipeline(
        lambda positions, step: tf.gather(features, positions),
        lambda positions, step: tf.gather(features, positions),
        labels,
        np.arange(rows),
        {"validation": np.arange(rows)},
        512,
        0,
    )
    catalog = SimpleNamespace(
        texts=np.full(rows, "", object),
        labels=labels,
        class_names=tuple(f"class {i}" for i in range(classes)),
    )
    config = SimpleNamespace(
        data=SimpleNamespace(class_separator="<"),
        features=FeaturesConfig(folder=folder),
        evaluation=EvaluationConfig(fusion_weight=0.5, max_queries=500),
    )
    # no title has a word: there is no query that a text encoder would be asked for
    scorer = Scorer(HuseModel(network, Separate()), config, catalog, None)
    say("built")
    metrics = scorer.metrics(pipeline, "validation")
    assert metrics["n"] == rows and "fusion_accuracy" in metrics
    say("evaluating")


@pytest.mark.slow
def test_the_logits_of_many_classes_are_not_held(tmp_path):
    assert 2 * 4 * np.prod(MANY) > BOUND, "the bound proves nothing"
    status, output = run(classify_many, tmp_path, log=tmp_path / "log")
    assert status == 0, output
    print(output)
