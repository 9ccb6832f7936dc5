"""Steps of every objective, in one process or its share of them; a process of its own.

    python replica_steps.py none|devices|workers OUT.npz SETTING,SETTING

Losses, and every variable after the last step, by the name of the setting; and a mask
of dropout.
"""

import sys

import numpy as np
import tensorflow as tf

from huse_tf import replicas
from huse_tf.model import HuseModel
from huse_tf.objectives import baselines, huse, pairs
from huse_tf.run.pipelines import Pipeline
from huse_tf.towers import FastDropout, embedding_network
from huse_tf.training.averaging import WeightAverage, changing_variables
from huse_tf.training.distribution import distribute
from huse_tf.training.optimizers import make_optimizer

ROWS, CLASSES, IMAGE_DIM, TEXT_DIM = 96, 6, 20, 12
EMBEDDING, UNITS, BATCH = 8, 36, 12  # of 12 rows a replica has 6, 4 or 3
# name: (objective, dropout, steps); 36 units a row are no whole number of draws' blocks
SETTINGS = {
    "huse": ("huse", 0.0, 20),
    "huse with dropout": ("huse", 0.3, 5),
    **{
        name: (name, 0.0, 5)
        for name in (
            *("huse_p", "triplet", "cme", "adamine"),
            *("devise", "hie", "separate", "clip", "siglip"),
        )
    },
}


def made_up():
    """Features, labels and the classes' distances and points, the same every time."""
    rng = np.random.default_rng(5)
    labels = np.arange(ROWS) % CLASSES
    images = rng.normal(size=(ROWS, IMAGE_DIM)) + labels[:, None]
    texts = rng.normal(size=(ROWS, TEXT_DIM)) - labels[:, None]
    points = rng.normal(size=(CLASSES, EMBEDDING))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    graph = np.clip(1 - points @ points.T, 0, 2)
    np.fill_diagonal(graph, 0)
    return (
        images.astype(np.float32),
        texts.astype(np.float32),
        labels.astype(np.int32),
        ((graph + graph.T) / 2).astype(np.float32),
        points.astype(np.float32),
    )


def objectives(graph, points):
    return {
        "huse": lambda: huse.Huse(graph),
        "huse_p": lambda: huse.HuseP(points),
        "triplet": baselines.Triplet,
        "cme": baselines.Cme,
        "adamine": baselines.AdaMine,
        "devise": lambda: baselines.Devise(points),
        "hie": lambda: baselines.Hie(points),
        "separate": baselines.Separate,
        "clip": pairs.Clip,
        "siglip": pairs.Siglip,
    }


def stepping(model, average):
    def step(batch):
        losses = model.optimise(batch)
        average.update()
        return tf.stack([losses[name] for name in model.objective.names])

    return step


def masking(layer):
    def step(batch):
        rows = tf.shape(batch["label"])[0]
        mask = layer(tf.ones([rows, UNITS]), training=True)
        return replicas.gathered({"mask": mask}, batch)[0]["mask"]

    return step


def main(how, out, names):
    """Trains each setting and writes what came out."""
    together = distribute(how, BATCH)
    images, texts, labels, graph, points = made_up()
    pipeline = Pipeline(
        lambda rows, step: tf.gather(images, rows),
        lambda rows, step: tf.gather(texts, rows),
        labels,
        np.arange(ROWS) // 2,  # two products share a text
        {"train": np.arange(ROWS)},
        BATCH,
        seed=3,
    )
    held = {}
    for name in names.split(","):
        chosen, dropout, steps = SETTINGS[name]
        with together.scope():
            objective = objectives(graph, points)[chosen]()
            network = embedding_network(
                IMAGE_DIM,
                TEXT_DIM,
                CLASSES,
                units=UNITS,
                embedding_dim=EMBEDDING,
                dropout=dropout,
                seed=1,
                classifier=objective.classifier,
            )
            model = HuseModel(network, objective)
            model.compile(make_optimizer(learning_rate=1e-3, warmup_steps=2))
            average = WeightAverage(changing_variables(model), decay=0.9)
        batches = together.batches(pipeline, 0, steps)
        function = together.compiled(stepping(model, average), batches)
        taken = iter(batches)
        held[f"{name}/losses"] = np.stack([function(next(taken)) for _ in range(steps)])
        variables = {
            "model": [v.value for v in model.variables],
            "optimizer": [v.value for v in model.optimizer.variables],
            "average": average.variables,
        }
        for kind, group in variables.items():
            for i, variable in enumerate(group):
                held[f"{name}/{kind} {i}"] = variable.numpy()
    with together.scope():
        layer = FastDropout(0.3, seed=5)
    batches = together.batches(pipeline, 0, 1)
    masked = together.compiled(masking(layer), batches)
    held["mask"] = masked(next(iter(batches))).numpy()
    if together.leads:
        np.savez(out, **held)
    together.part()


if __name__ == "__main__":
    main(*sys.argv[1:])
