"""What is named as suspect, on points that a human can judge."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from huse_tf.catalog import Catalog
from huse_tf.reports.suspects import OF_A_KIND, shown
from huse_tf.run.vectors import Vectors
from huse_tf.suspects import find, labels
from huse_tf.suspects.apart import far_apart, gaps
from huse_tf.suspects.duplicates import across_splits
from huse_tf.suspects.examining import examined
from huse_tf.suspects.labels import Points, contradicted, drawn, neighbours
from huse_tf.suspects.suspect import (
    APART,
    DUPLICATE,
    LABEL,
    Suspect,
    beside,
    in_order,
    write_suspects,
)


def clusters(per_class=15, classes=3, dim=8, noise=0.05, seed=0):
    """Points around orthogonal axes: (image, text, labels)."""
    draw = np.random.default_rng(seed)
    truth = np.repeat(np.arange(classes), per_class)
    pair = []
    for _ in range(2):
        points = np.eye(dim)[truth] + noise * draw.normal(size=(len(truth), dim))
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        pair.append(points.astype(np.float32))
    return *pair, truth


NAMES = ("bags", "mugs", "shoes")


def named(image, text, told):
    """The suspects, all asked at once, the pool being all."""
    points = Points(np.arange(len(told)), image, text)
    return contradicted(points, points.judged(), told, NAMES)


def test_exchanged_labels_are_named_and_others_are_not():
    """Rows 3 and 20 exchange theirs: all ten neighbours of each say what it is."""
    image, text, truth = clusters()
    told = truth.copy()
    told[[3, 20]] = truth[[20, 3]]
    found = named(image, text, told)
    assert {one.position for one in found} == {3, 20}
    by_row = {one.position: one for one in found}
    assert by_row[3].other_class == "bags" and by_row[20].other_class == "mugs"
    # the other exchanged row is no neighbour of these: all ten are of one class
    full = 2 * (np.log(1.02) - np.log(0.02))
    assert by_row[3].strength == pytest.approx(full)
    assert by_row[3].evidence == (
        "10 of the 10 nearest photos are bags, 0 are as labelled; "
        "10 of the 10 nearest titles are bags, 0 are as labelled"
    )


def test_a_title_that_agrees_with_the_label_clears_it():
    image, text, truth = clusters()
    told = truth.copy()
    told[3] = 2
    text[3] = text[40]
    assert named(image, text, told) == []


def test_a_product_that_lacks_a_modality_is_not_judged():
    image, text, truth = clusters()
    told = truth.copy()
    told[[3, 5]] = 2
    text[3] = 0
    assert [one.position for one in named(image, text, told)] == [5]
    assert named(image[:10], text[:10], told[:10]) == []


@pytest.mark.parametrize("pool", [45, 20])
def test_neighbours_are_those_of_a_naive_search(monkeypatch, pool):
    image, text, _ = clusters()
    image[7] = image[8]  # equal points: a point is never its own neighbour
    monkeypatch.setattr(labels, "POOL", pool)
    members = drawn(45)
    assert len(set(members)) == pool and (np.diff(members) > 0).all()
    asked = np.array([44, *range(20)])
    found = neighbours(
        Points(asked, image[asked], text[asked]),
        Points(members, image[members], text[members]),
        "image",
    )
    for i, near in zip(asked, found, strict=True):
        others = members[members != i]
        cosines = image[others] @ image[i]
        expected = others[np.argsort(-cosines, kind="stable")[:10]]
        assert i not in near
        assert image[near] @ image[i] == pytest.approx(
            image[expected] @ image[i], abs=1e-6
        )


def test_far_apart_is_judged_within_a_split():
    """Distances 0.1, 0.2, 0.3 and 1.0: median 0.25, its deviations' median 0.1."""
    cosines = np.array([0.9, 0.8, 0.7, 0.0, 0.0])
    image = np.tile(np.float32([1, 0]), (5, 1))
    text = np.stack([cosines, np.sqrt(1 - cosines**2)], axis=1).astype(np.float32)
    split = np.array(["train"] * 4 + ["test"], object)
    (one,) = far_apart(gaps(image, text), split)
    assert one.position == 3
    assert one.strength == pytest.approx(0.75 / (1.4826 * 0.1), rel=1e-4)
    assert "distance 1.000; the median of the train products is 0.250" in one.evidence
    image[3] = 0
    assert far_apart(gaps(image, text), split) == []


def catalog(texts, split, images=None):
    n = len(texts)
    return Catalog(
        images=np.array(images or [f"{i}.jpg" for i in range(n)], object),
        texts=np.array(texts, object),
        labels=np.arange(n, dtype=np.int32) % 2,
        class_names=("bags", "mugs"),
        split=np.array(split, object),
        rows=np.arange(2, n + 2),
        image_root=Path("photos"),
        rejected=(),
        ids=np.array([f"sku{i}" for i in range(n)], object),
    )


@pytest.mark.parametrize("pool", [45, 20])
@pytest.mark.parametrize(("batch", "chunk"), [(45, 45), (4, 1), (4, 10)])
def test_a_catalogue_is_asked_in_parts(monkeypatch, pool, batch, chunk):
    """The same suspects as of all at once, by neighbours from the pool alone."""
    image, text, truth = clusters()
    told = truth.copy()
    told[[3, 20]] = truth[[20, 3]]
    text[30] = -text[30]
    products = dataclasses.replace(
        catalog([f"title {i}" for i in range(45)], ["train"] * 45),
        labels=told,
        class_names=NAMES,
    )

    def embedded(trained, pipeline, positions, label):
        for start in range(0, len(positions), batch):
            rows = positions[start : start + batch]
            none = np.zeros([len(rows), 0])
            yield Vectors(rows, none, image[rows], text[rows], none)

    monkeypatch.setattr(find, "product_vectors", embedded)
    monkeypatch.setattr(find, "_describing", lambda trained, pipeline: None)
    monkeypatch.setattr(find, "CHUNK", chunk)
    monkeypatch.setattr(labels, "POOL", pool)
    members, every = drawn(45), np.arange(45)
    expected = contradicted(
        Points(every, image, text),
        Points(members, image[members], text[members]),
        told,
        NAMES,
    )
    assert {3, 20} <= {one.position for one in expected}
    expected += far_apart(gaps(image, text), products.split)
    assert expected[-1].position == 30 and expected[-1].kind == APART
    assert find.find_suspects(None, products, None) == in_order(expected)


def test_near_duplicates_across_splits():
    """Row 3 has row 0's title; row 4 nearly row 1's picture; row 5 is alone."""
    products = catalog(
        ["Red Mug", "a", "b", " red  mug", "c", "d"], ["train"] * 3 + ["test"] * 3
    )
    pictures = np.random.default_rng(0).normal(size=(6, 80))
    pictures[4] = pictures[1] + 0.01 * np.random.default_rng(1).normal(size=80)
    asked = []

    def describe(rows):
        asked.extend(rows.tolist())
        return pictures[rows]

    found = {one.position: one for one in across_splits(products, describe)}
    assert {i: one.other for i, one in found.items()} == {3: 0, 4: 1}
    a, b = pictures[[1, 4]]
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert found[4].strength == pytest.approx(cosine) and cosine < 1
    assert found[3].strength == 1
    assert found[3].evidence.startswith("equal titles: a test row and the training")
    assert set(asked) == set(range(6))
    only_titles = across_splits(products, None)
    assert [one.position for one in only_titles] == [3]


def test_rows_without_picture_or_title_double_nothing():
    products = catalog(
        ["", "x", "", "x"], ["train"] * 2 + ["test"] * 2, ["", *"ab", ""]
    )
    found = across_splits(products, lambda rows: np.eye(4)[rows])
    assert [(one.position, one.other) for one in found] == [(3, 1)]


def test_the_table_and_the_page(tmp_path):
    products = catalog(["a", "b, c", "d"], ["train", "test", "test"])
    found = in_order(
        [
            Suspect(DUPLICATE, 1.0, 1, "equal titles", other=0),
            Suspect(LABEL, 1.0, 0, "weak", other_class="mugs"),
            Suspect(APART, 9.0, 2, "far"),
            Suspect(LABEL, 2.0, 1, "strong", other_class="bags"),
        ]
    )
    path = beside(tmp_path / "report_test.html")
    assert path.name == "suspects_test.csv"
    write_suspects(path, found, products)
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["evidence"] for row in rows] == [
        "strong",
        "weak",
        "far",
        "equal titles",
    ]
    assert rows[0] == {
        "kind": "label",
        "strength": "2.0000",
        "row": "3",
        "id": "sku1",
        "split": "test",
        "class": "mugs",
        "other_class": "bags",
        "other_row": "",
        "other_id": "",
        "evidence": "strong",
        "image": "1.jpg",
        "text": "b, c",
    }
    assert (rows[3]["other_row"], rows[3]["other_id"]) == ("2", "sku0")
    cards = list(shown(found * OF_A_KIND, products))
    assert len(cards) == 3 * OF_A_KIND
    assert [one.total for one in cards[:1]] == [2 * OF_A_KIND]
    assert [card.row for card in cards[-1].cards] == [3, 2]
    assert cards[-1].cards[0].image == "photos/1.jpg"


def test_what_the_doctor_says(tmp_path):
    products = catalog(["a", "A"], ["train", "test"])
    report = tmp_path / "report.html"
    (line,) = examined(products, report)
    assert line.startswith("1 validation and test rows have the title of a training")
    assert "rows 3 and 2" in line
    write_suspects(beside(report), [Suspect(APART, 9.0, 0, "far")], products)
    _, line = examined(products, report)
    assert "0 labels that photo and title both contradict, 1 photo and title" in line
    beside(report).write_text("nothing\nof ours\n")
    assert "cannot be read" in list(examined(products, report))[1]
