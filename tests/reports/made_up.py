"""Answers of a made-up model: classes along a tree, products around class centres."""

import numpy as np

from huse_tf.catalog.rows import Rejected
from huse_tf.distances import cosine_distances
from huse_tf.evaluation import evaluate
from huse_tf.metrics.words import word_queries
from huse_tf.reports.answers import Answers
from huse_tf.reports.class_tree import ClassTree

EPOCHS = 12


def class_names(branches, twigs, leaves):
    return [
        f"branch {a}<twig {b}<leaf {a}.{b}.{c}"
        for a in range(branches)
        for b in range(twigs)
        for c in range(leaves)
    ]


def make_answers(
    names, per_class, images, dim=32, noise=0.15, seed=0, texts=None, rejected=()
):
    """Makes n = K * per_class products; `images` are pictures, used in turn."""
    random = np.random.default_rng(seed)
    centres, known = [], {}
    for name in names:
        place, path = np.zeros(dim), name.split("<")
        for level in range(1, len(path) + 1):
            node = tuple(path[:level])
            if node not in known:
                known[node] = random.normal(size=dim) / level
            place = place + known[node]
        centres.append(place)
    centres = np.array(centres) / np.linalg.norm(centres, axis=1, keepdims=True)
    labels = np.repeat(np.arange(len(names)), per_class)

    def embed():
        points = centres[labels] + noise * random.normal(size=(len(labels), dim))
        return points / np.linalg.norm(points, axis=1, keepdims=True)

    image, text = embed().astype(np.float32), embed().astype(np.float32)
    logits = {"image": 12 * image @ centres.T, "text": 12 * text @ centres.T}
    texts = texts or [f"Product {i} of {names[k]}" for i, k in enumerate(labels)]
    queries = word_queries(texts, labels, names, "<")
    asked = centres[queries.labels].astype(np.float32)
    metrics = evaluate(
        image,
        text,
        labels,
        names,
        image_logits=logits["image"],
        text_logits=logits["text"],
        queries=queries,
        query_embeddings=asked,
    )
    metrics |= {"loss": 1.5, "classification_loss": 1.0, "graph_loss": 0.2}
    return Answers(
        name="made up",
        tree=ClassTree(names, "<"),
        graph=cosine_distances(centres),
        labels=labels,
        images=[str(images[i % len(images)]) for i in range(len(labels))],
        texts=texts,
        image_embedding=image,
        text_embedding=text,
        queries=queries,
        query_embedding=asked,
        classified={
            "image": logits["image"].argmax(axis=1),
            "text": logits["text"].argmax(axis=1),
            "fusion": (logits["image"] + logits["text"]).argmax(axis=1),
        },
        metrics=metrics,
        meta={"split": "test", "fusion_weight": 0.5, "epoch": 8, "catalog": "c0ffee"},
        history=history(metrics),
        rejected=tuple(rejected),
        catalog={"fingerprint": "c0ffee", "rows": 10 * len(labels)},
        config="[training]\nseed = 0\n",
        seed=0,
    )


def history(metrics):
    """Lines of metrics.jsonl: a falling loss, a validation every fourth epoch."""
    lines = []
    for epoch in range(1, EPOCHS + 1):
        losses = {"loss": 3 / epoch, "classification_loss": 2 / epoch}
        at = {"step": 10 * epoch, "epoch": epoch, "time": 1000.0 + 60 * epoch}
        speed = {"products_per_second": 500.0}
        lines.append({"split": "train", **at, **losses, **speed})
        if epoch % 4 == 0:
            lines.append({"split": "validation", **at, **metrics})
    return lines


def rejected_row(reason, text="Nameless"):
    return Rejected(7, "lost.jpg", text, "branch 0<twig 0", reason)
