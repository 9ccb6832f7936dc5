"""The table, the JSON and the galleries."""

import dataclasses
import json

import numpy as np
import pytest

from huse_tf.errors import InputError
from huse_tf.search.answers import format_answers, to_json
from huse_tf.search.gallery import write_gallery
from huse_tf.search.index import Product
from huse_tf.search.matching import Answer

FOUND = [
    Product(4, 6, "A <b>red</b>\ncup", "home<kitchen<cup", "4.jpg", 0.125, 1),
    Product(0, 2, "Hat & scarf", "wear<hat", "0.jpg", 0.5, 2),
]
JOINED = [
    dataclasses.replace(FOUND[0], words_rank=12, matched=("red", "<cup>")),
    dataclasses.replace(FOUND[1], vector_rank=None, words_rank=3),
]
OWN = dataclasses.replace(JOINED[0], id="m-1", columns={"price": "9 <€>"})


def test_the_table_of_a_catalogue_with_ids():
    assert format_answers([OWN, FOUND[1]], "<").splitlines()[:2] == [
        "rank  distance  words  vectors  id   class             title",
        "   1    0.1250     12        1  m-1  home<kitchen<cup  A <b>red</b> cup",
    ]
    of_row = dataclasses.replace(FOUND[0], id="6")
    assert format_answers([of_row], "<") == format_answers(FOUND[:1], "<")


def test_the_table():
    assert format_answers(FOUND, "<").splitlines() == [
        "rank  distance  class             title",
        "   1    0.1250  home<kitchen<cup  A <b>red</b> cup",
        "   2    0.5000  wear<hat          Hat & scarf",
    ]


def test_the_table_of_words_and_vectors():
    assert format_answers([*JOINED, FOUND[1]], "<").splitlines() == [
        "rank  distance  words  vectors  class             title",
        "   1    0.1250     12        1  home<kitchen<cup  A <b>red</b> cup",
        "   2    0.5000      3        –  wear<hat          Hat & scarf",
        "   3    0.5000      –        2  wear<hat          Hat & scarf",
    ]


def test_a_long_class_keeps_its_last_levels():
    name = "<".join(["household goods and more", "kitchen and table", "cups"])
    product = Product(0, 2, "cup", name, "0.jpg", 0.0)
    line = format_answers([product], "<").splitlines()[1]
    assert "…<kitchen and table<cups  cup" in line


def test_the_json():
    found = Answer([OWN, JOINED[1]], "both", ("rot",), "a note")
    text = to_json({"text": "rot ä", "image": None}, found)
    answer = json.loads(text)
    assert answer["query"] == {"text": "rot ä", "image": None} and "ä" in text
    assert (answer["match"], answer["note"]) == ("both", "a note")
    assert answer["unknown_words"] == ["rot"]
    assert [r["rank"] for r in answer["results"]] == [1, 2]
    assert answer["results"][0] == {
        "rank": 1,
        "number": 4,
        "id": "m-1",
        "row": 6,
        "title": "A <b>red</b>\ncup",
        "class": "home<kitchen<cup",
        "image": "4.jpg",
        "distance": 0.125,
        "matched": ["red", "<cup>"],
        "words_rank": 12,
        "vector_rank": 1,
        "columns": {"price": "9 <€>"},
    }
    assert answer["results"][1]["vector_rank"] is None
    line = to_json({"text": "rot ä", "image": None}, found, one_line=True)
    assert "\n" not in line and json.loads(line) == answer


@pytest.fixture(scope="module")
def index(small_run):
    from huse_tf.run.restore import restore_run
    from huse_tf.search.build import open_index

    return open_index(restore_run(small_run))


def test_the_html_gallery_is_one_safe_file(index, tmp_path):
    path = tmp_path / "out.html"
    photo = index.read_picture(0)
    write_gallery(path, index, [OWN, JOINED[1]], "<script>alert(1)</script>", photo)
    page = path.read_text(encoding="utf-8")
    assert "<script>" not in page and "A &lt;b&gt;red&lt;/b&gt;" in page
    assert "in its title: red, &lt;cup&gt;" in page
    assert "id m-1, row 6" in page and "price: 9 &lt;€&gt;" in page
    assert page.count("data:image/jpeg;base64,") == 3
    assert "http" not in page.replace('charset="utf-8"', "")
    assert [p.name for p in tmp_path.iterdir()] == ["out.html"]


def test_the_png_gallery(index, tmp_path):
    from PIL import Image

    found = index.nearest(np.array(index.vectors["texts"][0]), 7)
    write_gallery(tmp_path / "out.png", index, found, "100$ and $5", None)
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.width > 1000 and picture.height > 500


def test_where_a_gallery_cannot_be(index, tmp_path, monkeypatch):
    path = tmp_path / "nowhere" / "out.html"
    with pytest.raises(InputError, match="`gallery` .*cannot be written"):
        write_gallery(path, index, FOUND[1:], "x", None)
    monkeypatch.setattr(index, "image_root", tmp_path)
    with pytest.raises(InputError, match="picture of row 2 "):
        write_gallery(tmp_path / "out.html", index, FOUND[1:], "x", None)
