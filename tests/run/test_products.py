"""One vector a product of several pictures, wherever the batches end."""

from types import SimpleNamespace

import numpy as np
import pytest

from huse_tf.presence import Present
from huse_tf.run import products
from huse_tf.run.products import product_vectors, rows_of
from huse_tf.run.vectors import Vectors

PRODUCTS = np.array([0, 1, 0, 2, 3, 0, 3])
FIRST = np.array([0, 1, 3, 4])
WEIGHT = 0.25


def unit(row):
    length = np.linalg.norm(row)
    return row / length if length else row


@pytest.fixture(params=[1, 2, 3, 10])
def embedded(request, monkeypatch):
    """Rows with known vectors, in batches of so many, and which rows were asked for."""
    draw = np.random.default_rng(0)
    image, text = (
        np.array([unit(v) for v in draw.normal(size=[7, 4])], np.float32)
        for _ in range(2)
    )
    asked = []

    def batches(trained, pipeline, positions, label, classify):
        asked.extend(positions.tolist())
        for start in range(0, len(positions), request.param):
            rows = positions[start : start + request.param]
            more = {name: np.zeros([len(rows), 0]) for name in Vectors._fields}
            held = {"positions": rows, "image": image[rows], "text": text[rows]}
            mixed = [WEIGHT * image[r] + (1 - WEIGHT) * text[r] for r in rows]
            held["product"] = np.array([unit(v) for v in mixed], np.float32)
            yield Vectors(**{**more, **held})

    monkeypatch.setattr(products, "catalogue_vectors", batches)
    return image, text, asked


def gathered(pipeline, positions):
    trained = SimpleNamespace(fusion_weight=WEIGHT)
    found = list(product_vectors(trained, pipeline, positions, "Test"))
    names = ("positions", "product", "image", "text")
    return [np.concatenate([getattr(f, name) for f in found]) for name in names]


def test_rows_are_listed_product_by_product():
    rows, owners = rows_of(PRODUCTS, np.array([4, 0]))
    assert rows.tolist() == [4, 6, 0, 2, 5] and owners.tolist() == [0, 0, 1, 1, 1]


def test_a_product_is_the_mean_of_its_rows(embedded):
    """And one of a single row is that row, bit for bit."""
    image, text, asked = embedded
    pipeline = SimpleNamespace(products=PRODUCTS, present=None)
    positions, product, images, texts = gathered(pipeline, FIRST)
    assert positions.tolist() == FIRST.tolist()
    assert sorted(asked) == list(range(7))
    for place, number in enumerate(PRODUCTS[FIRST]):
        rows = np.flatnonzero(PRODUCTS == number)
        of_image, of_text = unit(image[rows].sum(0)), unit(text[rows].sum(0))
        np.testing.assert_allclose(images[place], of_image, atol=1e-6)
        np.testing.assert_allclose(texts[place], of_text, atol=1e-6)
        mixed = unit(WEIGHT * of_image + (1 - WEIGHT) * of_text)
        np.testing.assert_allclose(product[place], mixed, atol=1e-6)
    assert images[1].tobytes() == image[1].tobytes()


def test_a_part_of_the_products(embedded):
    image, _, asked = embedded
    pipeline = SimpleNamespace(products=PRODUCTS, present=None)
    positions, _, images, _ = gathered(pipeline, FIRST[2:])
    assert positions.tolist() == [3, 4] and sorted(asked) == [3, 4, 6]
    both = unit(image[4] + image[6])
    np.testing.assert_allclose(images[1], both, atol=1e-6)


def test_a_product_without_any_text_is_its_pictures(embedded):
    """Rows 4 and 6 have no text; row 2 has no picture, 0 and 5 of its product have."""
    image, text, _ = embedded
    text[[4, 6]], image[2] = 0, 0
    has_image, has_text = np.ones(7, bool), np.ones(7, bool)
    has_image[2], has_text[[4, 6]] = False, False
    pipeline = SimpleNamespace(products=PRODUCTS, present=Present(has_image, has_text))
    _, product, images, texts = gathered(pipeline, FIRST)
    pictures = unit(image[4] + image[6])
    np.testing.assert_allclose(product[3], pictures, atol=1e-6)
    assert not texts[3].any()
    of_image, of_text = unit(image[0] + image[5]), unit(text[[0, 2, 5]].sum(0))
    mixed = unit(WEIGHT * of_image + (1 - WEIGHT) * of_text)
    np.testing.assert_allclose(product[0], mixed, atol=1e-6)


def test_rows_that_are_products_pass_as_they_are(embedded):
    image, _, asked = embedded
    pipeline = SimpleNamespace(products=None, present=None)
    positions, _, images, _ = gathered(pipeline, np.array([5, 1]))
    assert positions.tolist() == [5, 1] == asked
    np.testing.assert_array_equal(images, image[[5, 1]])
