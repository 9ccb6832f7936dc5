"""Losses against numbers by hand and naive loops, in value and gradient."""

import numpy as np
import pytest
import tensorflow as tf

from huse_tf.losses import (
    classification_loss,
    cross_cosines,
    gap_loss,
    graph_loss,
    graph_targets,
    product_loss,
)
from huse_tf.presence import Present

MARGINS = ("printed", "hinge", "none")


def unit_rows(rng, n, d):
    rows = rng.normal(size=(n, d))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def pair_term(distance, a, zeta, margin):
    """The summand of eqs. 9 and 11 and of the hinge, and its slope in d."""
    if margin == "none" or (margin == "hinge" and a < zeta):
        return (distance - a) ** 2, 2 * (distance - a)
    if margin == "hinge":
        short = max(0.0, zeta - distance)
        return short**2, -2 * short
    if a < zeta and distance < zeta:
        return (distance - a) ** 2, 2 * (distance - a)
    return 0.0, 0.0


def naive_graph_loss(images, texts, labels, graph, zeta, margin, there=None):
    """A double loop over the 2B points: value, gradient by images and by texts.

    Or over those of them whose positions `there` has; the others have no gradient.
    """
    points = np.concatenate([images, texts])
    classes = np.concatenate([labels, labels])
    there = range(len(points)) if there is None else there
    n = len(there)
    value, gradient = 0.0, np.zeros_like(points)
    for i in there:
        for j in there:
            distance = 1 - points[i] @ points[j]
            term, slope = pair_term(
                distance, graph[classes[i], classes[j]], zeta, margin
            )
            value += term / n**2
            gradient[i] -= slope * points[j] / n**2
            gradient[j] -= slope * points[i] / n**2
    return value, *np.split(gradient, 2)


def random_graph(rng, k):
    graph = rng.uniform(0.05, 1.4, (k, k))
    graph = (graph + graph.T) / 2
    np.fill_diagonal(graph, 0)
    return graph


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("batch", [1, 7, 16])
def test_graph_loss_equals_the_double_loop(margin, batch):
    rng = np.random.default_rng(batch)
    images, texts = unit_rows(rng, batch, 6), unit_rows(rng, batch, 6)
    labels = rng.integers(0, 5, batch)
    graph = random_graph(rng, 5)
    expected = naive_graph_loss(images, texts, labels, graph, 0.7, margin)
    x, y = tf.constant(images, tf.float32), tf.constant(texts, tf.float32)
    targets = graph_targets(tf.constant(graph, tf.float32), 0.7, margin)
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        value = graph_loss(x, y, tf.constant(labels, tf.int32), targets)
    by_images, by_texts = tape.gradient(value, [x, y])
    np.testing.assert_allclose(value, expected[0], atol=1e-5)
    np.testing.assert_allclose(by_images, expected[1], atol=1e-5)
    np.testing.assert_allclose(by_texts, expected[2], atol=1e-5)
    assert np.abs(expected[1]).max() > 1e-3 or batch == 1


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("shared", [False, True])
def test_graph_loss_of_products_that_lack_a_modality(margin, shared):
    """Of 9 products two have no image, three no text: 13 points, 169 pairs."""
    rng = np.random.default_rng(2)
    images, texts = unit_rows(rng, 9, 6), unit_rows(rng, 9, 6)
    labels, graph = rng.integers(0, 5, 9), random_graph(rng, 5)
    has_image, has_text = np.arange(9) > 1, np.arange(9) < 6
    there = np.flatnonzero(np.concatenate([has_image, has_text]))
    assert len(there) == 13
    expected = naive_graph_loss(images, texts, labels, graph, 0.7, margin, there)
    targets = graph_targets(tf.constant(graph, tf.float32), 0.7, margin)
    present = Present(tf.constant(has_image), tf.constant(has_text))

    def loss(x, y):
        cosines = cross_cosines(x, y) if shared else None
        return graph_loss(x, y, labels, targets, cosines, present)

    actual = differentiated(images, texts, loss)
    for value, naive in zip(actual, expected, strict=True):
        np.testing.assert_allclose(value, naive, atol=1e-5)
    assert np.abs(expected[1]).max() > 1e-3


def naive_product_loss(images, texts, labels, text_ids, temperature, class_margin):
    """A double loop over the pairs: value, gradient by images and by texts.

    Every pair is asked twice, among the texts of its image and the images of its text.
    """
    n = len(images)
    value, by_images, by_texts = 0.0, np.zeros_like(images), np.zeros_like(texts)
    for own in range(n):
        others = [j for j in range(n) if j == own or text_ids[j] != text_ids[own]]
        for asks_text in (True, False):
            pairs = [(own, j) if asks_text else (j, own) for j in others]
            scores = [
                (images[m] @ texts[k] + class_margin * (labels[m] != labels[k]))
                / temperature
                for m, k in pairs
            ]
            shares = np.exp(scores) / np.sum(np.exp(scores))
            value -= np.log(shares[others.index(own)]) / (2 * n)
            for (m, k), share in zip(pairs, shares, strict=True):
                slope = (share - (m == k)) / (2 * n * temperature)
                by_images[m] += slope * texts[k]
                by_texts[k] += slope * images[m]
    return value, by_images, by_texts


def differentiated(images, texts, loss):
    """Value and gradients of a loss of two tensors."""
    x, y = tf.constant(images, tf.float32), tf.constant(texts, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        value = loss(x, y)
    return value, *tape.gradient(value, [x, y])


@pytest.mark.parametrize("class_margin", [0.0, 0.3])
@pytest.mark.parametrize("batch", [1, 7, 16])
def test_product_loss_equals_the_double_loop(batch, class_margin):
    """Half of the products share their text with another."""
    rng = np.random.default_rng(batch)
    images, texts = unit_rows(rng, batch, 6), unit_rows(rng, batch, 6)
    labels, text_ids = rng.integers(0, 3, batch), rng.integers(0, batch, batch)
    expected = naive_product_loss(images, texts, labels, text_ids, 0.1, class_margin)
    actual = differentiated(
        images,
        texts,
        lambda x, y: product_loss(
            cross_cosines(x, y), labels, text_ids, 0.1, class_margin
        ),
    )
    assert batch == 1 or len(set(text_ids)) < batch
    for value, naive in zip(actual, expected, strict=True):
        np.testing.assert_allclose(value, naive, atol=1e-5)
    assert np.abs(expected[1]).max() > 1e-2 or batch == 1


@pytest.mark.parametrize("margin", MARGINS)
def test_graph_and_product_loss_share_their_product(margin):
    """The gradient of the weighted sum is the sum of the naive ones."""
    rng = np.random.default_rng(3)
    images, texts = unit_rows(rng, 9, 6), unit_rows(rng, 9, 6)
    labels, text_ids = rng.integers(0, 4, 9), rng.integers(0, 7, 9)
    graph = random_graph(rng, 4)
    targets = graph_targets(tf.constant(graph, tf.float32), 0.7, margin)

    def both(x, y):
        cosines = cross_cosines(x, y)
        product = product_loss(cosines, labels, text_ids, 0.2, 0.1)
        return 5.0 * graph_loss(x, y, labels, targets, cosines) + 2.0 * product

    expected = [
        5.0 * of_graph + 2.0 * of_product
        for of_graph, of_product in zip(
            naive_graph_loss(images, texts, labels, graph, 0.7, margin),
            naive_product_loss(images, texts, labels, text_ids, 0.2, 0.1),
            strict=True,
        )
    ]
    for value, naive in zip(differentiated(images, texts, both), expected, strict=True):
        np.testing.assert_allclose(value, naive, atol=2e-5)


def test_product_loss_of_equal_cosines_is_ln_of_the_products_that_differ():
    """Three products, two of one text: these two see 2 products, the third sees 3.

    Both directions alike: (2 ln 2 + ln 3) / 3.
    """
    cosines = tf.fill([3, 3], 0.4)
    loss = product_loss(cosines, np.zeros(3), np.array([8, 8, 9]), 0.05)
    assert float(loss) == pytest.approx((2 * np.log(2) + np.log(3)) / 3)


def test_the_class_margin_counts_against_other_classes_alone():
    """c = 0 everywhere and t = 1: with two classes a wrong answer weighs e^m.

    Products 1 and 2 share a class, 3 has its own: ln(1 + 1 + e^m) twice and
    ln(1 + 2 e^m) once, in either direction.
    """
    labels, text_ids = np.array([0, 0, 1]), np.array([1, 2, 3])
    loss = product_loss(tf.zeros([3, 3]), labels, text_ids, 1.0, 0.5)
    by_hand = (2 * np.log(2 + np.exp(0.5)) + np.log(1 + 2 * np.exp(0.5))) / 3
    assert float(loss) == pytest.approx(by_hand)


def test_a_low_temperature_gives_no_nan():
    """Cosines of 1 for all wrong and -1 for all right pairs: 200 by hand at t = 0.01.

    -log of e^-100 / (e^-100 + e^100), but for e^-200.
    """
    cosines = tf.constant([[-1.0, 1.0], [1.0, -1.0]])
    with tf.GradientTape() as tape:
        tape.watch(cosines)
        loss = product_loss(cosines, np.zeros(2), np.arange(2), 0.01)
    assert float(loss) == pytest.approx(200)
    gradient = tape.gradient(loss, cosines)
    np.testing.assert_allclose(gradient, [[-50, 50], [50, -50]], rtol=1e-5)


def test_eq_9_of_two_orthogonal_classes():
    """phi = (1,0), (0,1) with A_12 = 1/4.

    One product of each class, its text on its image: of the 16 pairs, 8 are of one
    class with d = A = 0, and 8 across with d = 1: 8 * (1 - 1/4)^2 / 16 = 9/32.
    """
    points = tf.constant([[1.0, 0.0], [0.0, 1.0]])
    graph = tf.constant([[0.0, 0.25], [0.25, 0.0]])
    loss = graph_loss(points, points, [0, 1], graph_targets(graph, 0.7, "none"))
    assert float(loss) == pytest.approx(0.28125)


@pytest.mark.parametrize(
    ("a", "cosine", "printed", "hinge"),
    [
        # near classes, near points (d = 0.2 < zeta): both draw d to A
        (0.5, 0.8, (0.2 - 0.5) ** 2, (0.2 - 0.5) ** 2),
        # near classes, far points (d = 1): printed says nothing, the sentence draws
        (0.5, 0.0, 0.0, (1 - 0.5) ** 2),
        # far classes, near points: printed says nothing, the sentence pushes to zeta
        (0.9, 0.8, 0.0, (0.7 - 0.2) ** 2),
        # far classes, far points: nothing to do in either reading
        (0.9, 0.0, 0.0, 0.0),
    ],
)
def test_the_two_readings_at_all_four_corners(a, cosine, printed, hinge):
    """Two products at angle theta, each text on its image: 8 of 16 pairs are across."""
    points = tf.constant([[1.0, 0.0], [cosine, np.sqrt(1 - cosine**2)]], tf.float32)
    graph = tf.constant([[0.0, a], [a, 0.0]], tf.float32)
    for margin, expected in (("printed", printed), ("hinge", hinge)):
        targets = graph_targets(graph, 0.7, margin)
        loss = graph_loss(points, points, [0, 1], targets)
        assert float(loss) == pytest.approx(expected * 8 / 16, abs=1e-6)


def test_unknown_margin_is_named():
    with pytest.raises(ValueError, match="printed, hinge, none.*Received: 'soft'"):
        graph_targets(tf.zeros([2, 2]), 0.7, "soft")


def test_classification_loss_of_equal_logits_is_ln_k():
    loss = classification_loss(tf.zeros([3, 4]), [0, 1, 3])
    assert float(loss) == pytest.approx(np.log(4))


def test_gap_of_one_identical_and_one_orthogonal_pair_is_a_half():
    images = tf.constant([[1.0, 0.0], [1.0, 0.0]])
    texts = tf.constant([[1.0, 0.0], [0.0, 1.0]])
    assert float(gap_loss(images, texts)) == pytest.approx(0.5)
