"""The run of an earlier version in earlier_run/, and what it was trained on."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import tensorflow as tf

from huse_tf.catalog import Catalog
from huse_tf.config import load_config
from huse_tf.run import changes
from huse_tf.run.build import make_experiment
from huse_tf.run.material import Material
from huse_tf.run.pipelines import Pipeline
from huse_tf.training.trainer import Trainer

EARLIER = Path(__file__).parent / "earlier_run"
CLASSES, EACH, DIM = ("bag", "hat", "mug"), 4, 3


def material():
    """What the run was trained on: features of a few products that nobody sells."""
    n = len(CLASSES) * EACH
    catalog = Catalog(
        images=np.array([f"{i}.png" for i in range(n)], object),
        texts=np.array([f"product {i}" for i in range(n)], object),
        labels=np.repeat(np.arange(3, dtype=np.int32), EACH),
        class_names=CLASSES,
        split=np.array([*["train"] * 3, "validation"] * len(CLASSES), object),
        rows=np.arange(2, n + 2),
        image_root=Path("/shop/images"),
        rejected=(),
        ids=np.arange(2, n + 2).astype(str),
    )
    rng = np.random.default_rng(0)
    image, text = (tf.constant(rng.normal(size=[n, DIM]), tf.float32) for _ in range(2))
    pipeline = Pipeline(
        image=lambda positions, step: tf.gather(image, positions),
        text=lambda positions, step: tf.gather(text, positions),
        labels=catalog.labels,
        text_ids=np.arange(n),
        split={n: catalog.indices(n) for n in ("train", "validation", "test")},
        batch_size=3,
        seed=0,
    )
    encoder = SimpleNamespace(
        identity={"name": "made up"}, origin={}, dim=DIM, state=dict
    )
    return Material(catalog, pipeline, np.float32(1 - np.eye(3)), encoder, encoder)


def trainer_of(run, *overrides):
    """Goes on as a training command does, with the config that the folder holds."""
    config = load_config(run.config_file, overrides, of_run=True)
    changes.check_config(run, config)
    return Trainer(make_experiment(material(), config, run), run)
