"""Classes of a catalogue: the run's own, and such as it has never seen."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from small_runs import EXAMPLE, products, write_rows

from huse_tf.bulk.predict import predict_catalogue
from huse_tf.bulk.request import check_table, read_request
from huse_tf.errors import InputError
from huse_tf.run.embedder import Embedder
from huse_tf.trained import Trained


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pictures(rows):
    return [EXAMPLE / "images" / row["image"] for row in rows]


@pytest.fixture
def table(whole, tmp_path):
    return dataclasses.replace(whole, to=tmp_path / "told.csv")


def test_the_runs_classes_are_those_of_classify(trained, table):
    predict_catalogue(trained, table)
    rows, told = products(), read(table.to)
    expected = Trained(trained).classify(
        images=pictures(rows), texts=[row["text"] for row in rows]
    )
    assert [row["given_class"] for row in told] == [row["class"] for row in rows]
    assert [row["image"] for row in told] == [row["image"] for row in rows]
    for row, likeliest in zip(told, expected, strict=True):
        assert row["class"] == row["class_1"] == likeliest[0]["class"]
        assert row["probability"] == row["probability_1"]
        for i, one in enumerate(likeliest, 1):
            assert row[f"class_{i}"] == one["class"]
            assert float(row[f"probability_{i}"]) == pytest.approx(
                one["probability"], abs=1e-5
            )
    assert "class_5" not in told[0]  # the run has four


def test_a_catalogue_without_classes_and_a_broken_picture(trained, asked, tmp_path):
    asked = dataclasses.replace(asked, to=tmp_path / "told.jsonl")
    predict_catalogue(trained, asked)
    lines = asked.to.read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    assert len(told) == 23 and "given_class" not in told[0]
    assert all(0 < row["probability"] <= 1 for row in told)
    (rejected,) = read(tmp_path / "told.rejected.csv")
    assert rejected["row"] == "3"


def softmax(scores):
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def unit(vector):
    return vector / np.linalg.norm(vector)


def check(trained, told, names, vectors):
    """softmax(cos / 0.05) of each product's vector with each class's."""
    rows = products()
    embedder = Embedder(trained)
    for row, product in zip(told, rows, strict=True):
        own = embedder.embed(pictures([product]), [product["text"]])[0][0]
        expected = softmax(vectors @ own / trained.config.loss.temperature)
        order = np.argsort(-expected)
        assert [row[f"class_{i + 1}"] for i in range(len(names))] == [
            names[k] for k in order
        ]
        found = [float(row[f"probability_{i + 1}"]) for i in range(len(names))]
        assert found == pytest.approx(expected[order], abs=1e-3)


def test_classes_by_name(trained, table, tmp_path):
    """A name is the mean of its whole path's vector and its last level's."""
    words = [products()[i]["text"].split()[0] for i in (0, 7, 13)]
    names = [f"{words[0]}<{words[1]}", words[1], words[2]]
    (tmp_path / "names.txt").write_text("\n".join([names[0], "", *names[1:]]))
    predict_catalogue(trained, table, tmp_path / "names.txt")
    embed = Embedder(trained).embed
    vectors = [
        unit(np.sum(embed(None, [name.replace("<", " "), name.split("<")[-1]])[0], 0))
        for name in names
    ]
    check(trained, read(table.to), names, np.array(vectors))


def test_classes_by_examples(trained, table, tmp_path):
    """A class is the mean of its examples; one may have a title or a photo alone."""
    rows = products()
    write_rows(
        tmp_path / "examples.csv",
        [
            {"Class": "one", "image": rows[0]["image"], "text": rows[0]["text"]},
            {"Class": "two", "image": rows[8]["image"], "text": ""},
            {"Class": "one", "image": "", "text": rows[1]["text"]},
        ],
    )
    predict_catalogue(trained, table, tmp_path / "examples.csv")
    embed = Embedder(trained).embed
    first = embed(pictures(rows[:1]), [rows[0]["text"]])[0][0]
    second = embed(None, [rows[1]["text"]])[0][0]
    vectors = np.array([unit(first + second), embed(pictures([rows[8]]), None)[0][0]])
    check(trained, read(table.to), ["one", "two"], vectors)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("bags\n", "`classes` .*: 1 class in it; expected two or more"),
        ("qqqqzz\nwwwwxx\n", "class 'qqqqzz': .* knows none of its words; give exam"),
        ("class,image\na,gone.jpg\nb,gone.jpg\n", "row 2: .*gone.jpg cannot be read"),
    ],
)
def test_classes_that_cannot_be_used(trained, table, tmp_path, content, message):
    (tmp_path / "classes").write_text(content)
    with pytest.raises(InputError, match=message):
        predict_catalogue(trained, table, tmp_path / "classes")
    assert not table.to.exists()


def test_what_is_asked_for_is_checked(tmp_path):
    with pytest.raises(InputError, match="`csv` and `images` go together"):
        read_request("a.csv", None, "b.csv")
    with pytest.raises(InputError, match="`to` is missing"):
        read_request(None, None, None)
    with pytest.raises(InputError, match=r"ends in \.csv, \.jsonl, \.parquet"):
        check_table(tmp_path / "a.xlsx")
    with pytest.raises(InputError, match="its folder is not there"):
        check_table(tmp_path / "gone" / "a.csv")
