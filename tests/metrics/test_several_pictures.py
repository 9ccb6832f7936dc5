"""Rows that are pictures of one product, against naive loops."""

import numpy as np
import pytest

from huse_tf.evaluation import evaluate
from huse_tf.metrics.retrieval import rank
from huse_tf.metrics.words import WordQueries

NAMES = ("a", "b")
LABELS = np.array([0, 0, 1, 0, 1, 1, 0])
PRODUCTS = np.array([0, 0, 1, 2, 3, 3, 0])


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def vectors():
    draw = np.random.default_rng(4)
    return [unit(draw.normal(size=[len(LABELS), 5])) for _ in range(2)]


def naive(queries, items, products):
    """Of each query: place of its product's nearest item; the others' items, sorted."""
    ranks, others = [], []
    for q, query in enumerate(queries):
        order = sorted(range(len(items)), key=lambda i: (-np.dot(query, items[i]), i))
        mine = [products[i] == products[q] for i in order]
        ranks.append(mine.index(True) + 1)
        others.append([i for i, m in zip(order, mine, strict=True) if not m])
    return ranks, others


@pytest.mark.parametrize("in_tensorflow", [False, True])
@pytest.mark.parametrize("tied", [False, True])
def test_any_row_of_the_product_is_right_and_none_is_found_within(
    vectors, tied, in_tensorflow
):
    """Tied: of four points on the axes, whose cosines are exact, 0, 1 or -1."""
    images, texts = vectors
    if tied:
        axes = np.float32([[1, 0], [-1, 0], [0, 1], [1, 0]])
        images, texts = axes[[0, 1, 2, 0, 3, 2, 1]], axes[[2, 1, 0, 2, 0, 3, 0]]
    given = {"products": (PRODUCTS, PRODUCTS), "in_tensorflow": in_tensorflow}
    ranks, _ = naive(images, texts, PRODUCTS)
    across = rank(images, texts, 3, 2, False, **given)
    assert across.ranks.tolist() == ranks
    _, others = naive(images, images, PRODUCTS)
    within = rank(images, images, 6, 3, True, **given)
    for found, expected in zip(within.neighbours.tolist(), others, strict=True):
        assert [i for i in found if i >= 0] == expected


def test_rows_of_their_own_change_nothing(vectors):
    images, texts = vectors
    alone = np.arange(len(LABELS)) + 7
    same = rank(images, texts, 3, 2, False, products=(alone, alone))
    plain = rank(images, texts, 3, 2, False)
    np.testing.assert_array_equal(same.ranks, plain.ranks)
    said = evaluate(images, texts, LABELS, NAMES, products=alone)
    assert said == evaluate(images, texts, LABELS, NAMES)


@pytest.mark.parametrize("in_tensorflow", [False, True])
def test_a_product_that_lacks_a_picture_in_one_row(vectors, in_tensorflow):
    """Row 1, of product 0, has no picture: rows 0 and 6 still answer for it."""
    images, texts = vectors
    has_image = np.array([True, False, *[True] * 5])
    metrics = evaluate(
        images,
        texts,
        LABELS,
        NAMES,
        has_image=has_image,
        products=PRODUCTS,
        in_tensorflow=in_tensorflow,
    )
    ranks = []
    for q in np.flatnonzero(has_image):
        order = np.argsort(-(texts @ images[q]), kind="stable")
        ranks.append(PRODUCTS[order].tolist().index(PRODUCTS[q]) + 1)
    assert metrics["image_to_text_instance_median_rank"] == np.median(ranks)
    expected = np.mean(np.array(ranks) <= 1)
    assert metrics["image_to_text_instance_R@1"] == pytest.approx(expected)


def test_a_product_is_found_by_all_its_pictures_and_once(vectors):
    """Its vector is 0.3 of its pictures' mean and 0.7 of its text, of any length."""
    images, texts = vectors
    texts = texts[PRODUCTS]  # the rows of a product have one text
    asked = unit(np.random.default_rng(1).normal(size=[2, 5]))
    answers = (np.array([0, 1, 6]), np.array([3, 4, 5]))
    queries = WordQueries(("x a", "y b"), ("x", "y"), np.array([0, 1]), answers, 0.5)
    made = []
    for product in range(4):
        rows = PRODUCTS == product
        image = unit(images[rows].sum(axis=0, keepdims=True))[0]
        vector = 0.3 * image + 0.7 * texts[rows][0]
        made.append(vector / np.linalg.norm(vector))
    shares = []
    for query, right in zip(asked, ({0}, {2, 3}), strict=True):
        nearest = np.argsort(-(np.array(made) @ query))[:10]
        hits = [product in right for product in nearest.tolist()]
        shares.append(sum(hits) / 10)
    metrics = evaluate(
        images,
        texts,
        LABELS,
        NAMES,
        fusion_weight=0.3,
        queries=queries,
        query_embeddings=asked,
        products=PRODUCTS,
    )
    assert metrics["words_to_product_P@10"] == pytest.approx(np.mean(shares))


def test_products_are_whole_numbers(vectors):
    with pytest.raises(ValueError, match=r"products: expected whole numbers of shape"):
        evaluate(*vectors, LABELS, NAMES, products=PRODUCTS[:3])
    with pytest.raises(ValueError, match="products: .* Received: float64"):
        evaluate(*vectors, LABELS, NAMES, products=PRODUCTS * 1.0)
