"""The objectives as loops over float64 arrays: what the fast ones must equal.

A batch may say has_image and has_text, bool [B]; without them all products have both.
"""

import math

import numpy as np


def distance(a, b):
    return max(0.0, 1.0 - float(a @ b))


def mean(values):
    return sum(values) / len(values) if values else 0.0


def cross_entropy(batch):
    """Eqs. 7 and 8 over both modalities."""
    there = points_there(batch)
    rows = np.concatenate([batch["image_logits"], batch["text_logits"]])[there]
    labels = np.tile(batch["label"], 2)[there]
    return mean(
        [
            math.log(np.exp(row).sum()) - row[label]
            for row, label in zip(rows, labels, strict=True)
        ]
    )


def has(batch, modality):
    return batch.get(f"has_{modality}", np.ones(len(batch["label"]), bool))


def points_there(batch):
    return np.concatenate([has(batch, "image"), has(batch, "text")])


def points_of(batch):
    there = points_there(batch)
    points = np.concatenate([batch["image_embedding"], batch["text_embedding"]])
    return points[there], np.tile(batch["label"], 2)[there]


def pairs_of(batch):
    """The products that have both."""
    both = has(batch, "image") & has(batch, "text")
    return {name: values[both] for name, values in batch.items()}


def gap(batch):
    """Eq. 12."""
    batch = pairs_of(batch)
    pairs = zip(batch["image_embedding"], batch["text_embedding"], strict=True)
    return mean([distance(image, text) for image, text in pairs])


def graph(batch, a, zeta):
    """Eq. 11 with the hinge margin."""
    points, labels = points_of(batch)
    terms = []
    for x, i in zip(points, labels, strict=True):
        for y, j in zip(points, labels, strict=True):
            d = 1.0 - float(x @ y)
            near = a[i, j] < zeta
            terms.append((d - a[i, j]) ** 2 if near else max(0.0, zeta - d) ** 2)
    return mean(terms)


def others_of(batch, own):
    """The products that a product is told from, and itself: not those of its text."""
    ids = batch["text_id"]
    return [j for j in range(len(ids)) if j == own or ids[j] != ids[own]]


def product(batch, temperature, class_margin):
    """Softmax of each image's own text among the texts, and the other way round."""
    batch = pairs_of(batch)
    images, texts, labels = (
        batch[name] for name in ("image_embedding", "text_embedding", "label")
    )
    terms = []
    for own in range(len(labels)):
        others = others_of(batch, own)
        raised = class_margin * (labels[others] != labels[own])
        for query, items in ((images[own], texts), (texts[own], images)):
            scores = np.exp((items[others] @ query + raised) / temperature)
            terms.append(-math.log(scores[others.index(own)] / scores.sum()))
    return mean(terms)


def huse(batch, loss, a):
    return (
        loss.alpha * cross_entropy(batch)
        + loss.beta * graph(batch, a, loss.margin)
        + loss.gamma * gap(batch)
        + loss.delta * product(batch, loss.temperature, loss.class_margin)
    )


def clip(batch):
    return product(batch, 0.07, 0.0)


def siglip(batch):
    """Scale 10 and bias -10, where both start; the sum over pairs by B."""
    batch = pairs_of(batch)
    images, texts = batch["image_embedding"], batch["text_embedding"]
    total = 0.0
    for own, image in enumerate(images):
        for j in others_of(batch, own):
            logit = 10.0 * float(image @ texts[j]) - 10.0
            sign = 1.0 if j == own else -1.0
            total += math.log(1.0 + math.exp(-sign * logit))
    return total / max(len(images), 1)


def to_class(batch, psi):
    """Mean distance of the 2B points to their class's embedding."""
    points, labels = points_of(batch)
    return mean([distance(x, psi[y]) for x, y in zip(points, labels, strict=True)])


def huse_p(batch, loss, psi):
    """Eq. 13 divides by the number of products, not of points."""
    return (
        loss.alpha * cross_entropy(batch)
        + loss.beta * 2 * to_class(batch, psi)
        + loss.gamma * gap(batch)
    )


def separate(batch):
    return cross_entropy(batch)


def triplet(batch, config):
    points, labels = points_of(batch)
    n = len(points)
    squared = np.array([[((x - y) ** 2).sum() for y in points] for x in points])
    terms = []
    for a in range(n):
        for p in range(n):
            if p == a or labels[p] != labels[a]:
                continue
            negatives = [squared[a, j] for j in range(n) if labels[j] != labels[a]]
            if not negatives:
                continue
            further = [d for d in negatives if d > squared[a, p]]
            negative = min(further) if further else max(negatives)
            terms.append(max(0.0, squared[a, p] - negative + config.triplet_margin))
    return mean(terms)


def cme(batch, config):
    whole = pairs_of(batch)
    images, texts = whole["image_embedding"], whole["text_embedding"]
    pairs, others = [], []
    for i, image in enumerate(images):
        for j, text in enumerate(texts):
            if i == j:
                pairs.append(1.0 - float(image @ text))
            else:
                others.append(max(0.0, float(image @ text) - config.cme_margin))
    share = config.cme_positive_share
    return (
        share * mean(pairs)
        + (1 - share) * mean(others)
        + config.cme_classification_weight * cross_entropy(batch)
    )


def adamine(batch, config):
    images, texts, labels = (
        batch[name] for name in ("image_embedding", "text_embedding", "label")
    )
    instance, of_class = [], []
    has_image, has_text = has(batch, "image"), has(batch, "text")
    both = has_image & has_text
    for queries, items, asks, found in (
        (images, texts, has_image, has_text),
        (texts, images, has_text, has_image),
    ):
        for q in np.flatnonzero(asks):
            d = [1.0 - float(queries[q] @ item) for item in items]
            for j in np.flatnonzero(both):
                if j != q and both[q]:
                    instance.append(d[q] + config.adamine_margin - d[j])
            for p in np.flatnonzero(found):
                for j in np.flatnonzero(found):
                    if p != q and labels[p] == labels[q] != labels[j]:
                        of_class.append(d[p] + config.adamine_margin - d[j])
    active = [mean([x for x in terms if x > 0]) for terms in (instance, of_class)]
    return active[0] + config.adamine_class_weight * active[1]


def devise(batch, config, psi):
    points, labels = points_of(batch)
    return mean(
        [
            sum(
                max(0.0, config.devise_margin - float(x @ psi[y]) + float(x @ psi[j]))
                for j in range(len(psi))
                if j != y
            )
            for x, y in zip(points, labels, strict=True)
        ]
    )


def hie(batch, config, psi):
    weight = config.hie_classification_weight
    return to_class(batch, psi) + weight * cross_entropy(batch)
