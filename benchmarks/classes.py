"""What many classes cost: training steps, evaluation, memory.

    python benchmarks/classes.py --classes 10000

Features of made-up products, two of each class; the towers are small, so what grows
with the classes shows: the semantic graph and the classifier's logits.
"""

import resource
import time

import numpy as np
import tensorflow as tf
from absl import app, flags

from huse_tf.evaluation import evaluate
from huse_tf.model import HuseModel
from huse_tf.objectives import Huse
from huse_tf.towers import embedding_network

CLASSES = flags.DEFINE_integer("classes", 10_000, "how many", lower_bound=2)
BATCH = flags.DEFINE_integer("batch_size", 1024, "products a step", lower_bound=2)
EPOCHS = flags.DEFINE_integer("epochs", 2, "of the training", lower_bound=1)

IMAGE_DIM, TEXT_DIM, EACH = 256, 128, 2


def megabytes() -> int:
    """Returns the most memory that was resident so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main(arguments: list[str]) -> None:
    """Trains, evaluates, prints seconds and peaks."""
    classes = CLASSES.value
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(classes, dtype=np.int32), EACH)
    rows = {
        "image": rng.normal(size=(len(labels), IMAGE_DIM)).astype(np.float32),
        "text": rng.normal(size=(len(labels), TEXT_DIM)).astype(np.float32),
        "label": labels,
    }
    print(f"{classes:,} classes, {len(labels):,} products; {megabytes():,} MB at first")
    graph = np.ones([classes, classes], np.float32)
    np.fill_diagonal(graph, 0)
    network = embedding_network(
        IMAGE_DIM, TEXT_DIM, classes, units=128, embedding_dim=64, seed=1
    )
    model = HuseModel(network, Huse(graph))
    model.compile("adam")
    data = tf.data.Dataset.from_tensor_slices(rows).batch(BATCH.value)
    begun = time.perf_counter()
    model.fit(data, epochs=EPOCHS.value, verbose=0, shuffle=False)
    steps = EPOCHS.value * -(-len(labels) // BATCH.value)
    seconds = (time.perf_counter() - begun) / steps
    print(f"training: {seconds:.2f} s a step; peak {megabytes():,} MB")
    begun = time.perf_counter()
    features = {name: rows[name] for name in ("image", "text")}
    outputs = network.predict(features, batch_size=BATCH.value, verbose=0)
    metrics = evaluate(
        outputs["image_embedding"],
        outputs["text_embedding"],
        labels,
        [f"class {i}" for i in range(classes)],
    )
    seconds = time.perf_counter() - begun
    print(f"evaluation: {seconds:.1f} s, {len(metrics)} metrics; {megabytes():,} MB")


if __name__ == "__main__":
    app.run(main)
