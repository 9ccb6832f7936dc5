"""Building, opening and asking an index of a run's catalogue."""

import dataclasses
import shutil

import numpy as np
import pytest
from small_runs import EXAMPLE, PRODUCTS, products, write_catalog, write_rows

from huse_tf.errors import InputError
from huse_tf.run.folder import RunFolder
from huse_tf.run.restore import restore_run
from huse_tf.search import build
from huse_tf.search.query import QueryEncoder


@pytest.fixture(scope="module")
def trained(small_run):
    return restore_run(small_run)


@pytest.fixture(scope="module")
def index(trained):
    return build.open_index(trained)


@pytest.fixture
def shop(trained, tmp_path):
    """A run folder of its own and a catalogue that a test may change."""
    write_catalog(tmp_path / "shop.csv", products())
    path = tmp_path / "run"
    path.mkdir()
    own = dataclasses.replace(trained, run=RunFolder(path))
    return own, tmp_path / "shop.csv", EXAMPLE / "images"


def folders(shop):
    return sorted(p.name for p in (shop[0].run.path / "search").iterdir())


def test_its_words_are_those_of_the_titles(index):
    word = products()[0]["text"].split()[0]
    scores = index.words.scores([word.lower()])
    having = [word in row["text"].split() for row in products()]
    assert (scores > 0).tolist() == having


def test_rows_titles_and_classes(index):
    for number, row in enumerate(products()):
        product = index.product(number)
        assert (product.title, product.class_name) == (row["text"], row["class"])
        assert (product.image, product.row) == (row["image"], number + 2)
    assert index.class_sizes.tolist() == [PRODUCTS] * len(index.class_names)


def test_ids_and_other_columns_come_with_a_product(shop):
    """A catalogue other than the run's needs no classes, and has them where it can."""
    own, path, images = shop
    rows = [
        {**row, "sku": f"s-{i}", "price": f"{i}" * i}
        for i, row in enumerate(products())
    ]
    rows[0]["class"] = ""
    write_rows(path, rows)
    index = build.open_index(own, path, images)
    assert len(index) == len(rows)
    first, second = index.product(0), index.product(2)
    assert (first.id, first.columns, first.class_name) == ("s-0", {}, "")
    assert (second.id, second.columns) == ("s-2", {"price": "22"})
    assert second.class_name == rows[2]["class"]
    assert index.class_sizes.sum() == len(rows) - 1
    assert not index.allowed(rows[1]["class"])[0]
    again = build.open_index(own, path, images)
    assert again.product(2).columns == second.columns


def test_without_an_id_the_row_is_one(index):
    assert index.product(3).id == "5" and index.product(3).columns == {}


def test_a_product_is_the_weighted_sum_of_its_photo_and_its_title(index, trained):
    weight = trained.fusion_weight
    images, texts = index.vectors["images"], index.vectors["texts"]
    both = weight * images + (1 - weight) * texts
    both /= np.linalg.norm(both, axis=1, keepdims=True)
    assert index.vectors["products"] == pytest.approx(both, abs=1e-5)
    for kind in build.KINDS:
        lengths = np.linalg.norm(index.vectors[kind], axis=1)
        assert lengths == pytest.approx(np.ones(len(index)), abs=1e-5)


def test_a_query_of_a_products_own_words_and_photo_is_that_product(index, trained):
    encoder, row = QueryEncoder(trained), products()[7]
    photo = (EXAMPLE / "images" / row["image"]).read_bytes()
    for kind, vector in (
        ("texts", encoder.embed(row["text"], None)),
        ("images", encoder.embed(None, photo)),
        ("products", encoder.embed(row["text"], photo)),
    ):
        assert vector == pytest.approx(index.vectors[kind][7], abs=1e-4)
        found = index.nearest(vector, 3, kind)
        assert found[0].distance == pytest.approx(0, abs=1e-5)
        assert row["text"] in [p.title for p in found if p.distance < 1e-4]


def test_distances_ascend_and_k_is_kept(index):
    query = np.array(index.vectors["texts"][3])
    found = index.nearest(query, 5)
    distances = [product.distance for product in found]
    expected = 1 - index.vectors["products"] @ query
    assert distances == pytest.approx(np.sort(expected)[:5], abs=1e-6)
    assert len(index.nearest(query, 1000)) == len(index)


def test_a_branch_of_the_class_tree(index):
    name = index.class_names[1]
    top = name.split(index.separator)[0]
    query = np.array(index.vectors["products"][0])
    found = index.nearest(query, 100, branch=name)
    assert [p.class_name for p in found] == [name] * PRODUCTS
    below = [n for n in index.class_names if n.split(index.separator)[0] == top]
    assert len(index.nearest(query, 100, branch=top)) == PRODUCTS * len(below)
    with pytest.raises(InputError, match="class 'hats of': no product"):
        index.nearest(query, 1, branch="hats of")


def test_a_product_is_left_out_of_its_neighbours(index):
    query = np.array(index.vectors["products"][4])
    everyone = [p.number for p in index.nearest(query, 1000)]
    others = [p.number for p in index.nearest(query, 1000, leave_out=4)]
    assert others == [n for n in everyone if n != 4]
    assert len(index.nearest(query, 5, leave_out=4)) == 5


def test_it_is_built_once_and_anew_where_the_catalogue_changed(shop, monkeypatch):
    first = build.open_index(*shop)
    assert len(folders(shop)) == 2  # the index and the lock
    with monkeypatch.context() as patched:
        patched.setattr(build, "_build", None)  # calling it would fail
        assert build.open_index(*shop).folder == first.folder
    write_catalog(shop[1], products()[:-1])
    second = build.open_index(*shop)
    assert second.folder != first.folder
    assert folders(shop) == sorted([second.folder.name, "lock"])
    assert len(second) == len(products()) - 1
    # who had opened the old one can go on with it
    assert len(first.nearest(np.array(first.vectors["texts"][0]), 3)) == 3


def test_other_weights_are_another_index(shop):
    first = build.open_index(*shop)
    bias = next(v for v in shop[0].model.weights if v.path.endswith("bias"))
    before = bias.numpy()
    bias.assign(before + 1)
    try:
        assert build.open_index(*shop).folder != first.folder
    finally:
        bias.assign(before)


def test_a_damaged_index_says_what_to_remove(shop):
    folder = build.open_index(*shop).folder
    (folder / "texts.npy").write_bytes(b"damaged")
    with pytest.raises(InputError, match="damaged.*remove this folder"):
        build.open_index(*shop)


def test_moved_catalogues_and_pictures(shop, tmp_path):
    own, csv, _ = shop
    with pytest.raises(InputError, match="gone.csv: cannot read.*`csv` and `images`"):
        build.open_index(own, tmp_path / "gone.csv", EXAMPLE / "images")
    with pytest.raises(InputError, match="the images folder is not there"):
        build.open_index(own, csv, tmp_path / "gone")
    images = tmp_path / "images"
    images.mkdir()
    for row in products():
        shutil.copy(EXAMPLE / "images" / row["image"], images)
    index = build.open_index(own, csv, images)
    (images / products()[2]["image"]).unlink()
    with pytest.raises(InputError, match="picture of row 4 of .*missing file"):
        index.read_picture(2)
    outside = tmp_path / "secret.jpg"
    outside.write_bytes(b"secret")
    (images / products()[3]["image"]).unlink()
    (images / products()[3]["image"]).symlink_to(outside)
    with pytest.raises(InputError, match="leaves the images folder"):
        index.read_picture(3)


def test_a_product_of_two_pictures_is_one_answer(shop, index):
    """Rows 2 and 3 share an id: one vector of both, and the first picture is shown."""
    rows = [
        {"id": max(i, 1), **{name: row[name] for name in ("image", "text", "class")}}
        for i, row in enumerate(products())
    ]
    write_rows(shop[1], rows)
    found = build.open_index(*shop)
    assert len(found) == len(rows) - 1
    for kind in ("images", "texts"):
        both = index.vectors[kind][0] + index.vectors[kind][1]
        both /= np.linalg.norm(both)
        np.testing.assert_allclose(found.vectors[kind][0], both, atol=1e-5)
        np.testing.assert_allclose(
            found.vectors[kind][1:], index.vectors[kind][2:], atol=1e-5
        )
    answers = found.nearest(index.vectors["images"][1], len(rows), "images")
    assert sorted(a.number for a in answers) == list(range(len(rows) - 1))
    assert found.product(0).image == rows[0]["image"]
    assert [found.product(i).row for i in (0, 1)] == [2, 4]


def test_a_full_disk_is_one_line(shop, monkeypatch):
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr(build.shutil, "disk_usage", lambda folder: usage)
    needed = 3 * 4 * 16 * len(products())
    with pytest.raises(InputError, match=f"needs {needed:,} bytes, 10 are free"):
        build._write_vectors(shop[0].run.path, shop[0], None, np.arange(24), None, "")


def test_queries_that_cannot_be(trained):
    encoder = QueryEncoder(trained)
    with pytest.raises(InputError, match="the text is empty"):
        encoder.embed("  ", None)
    with pytest.raises(InputError, match="x.jpg: cannot be decoded; expected a JPEG"):
        encoder.embed(None, b"not a picture", "x.jpg")
    with pytest.raises(InputError, match="nothing to search for"):
        encoder.embed(None, None)


def test_probabilities_are_those_of_the_model(trained, index):
    image, text = (np.array(index.vectors[kind][0]) for kind in ("images", "texts"))
    found = QueryEncoder(trained).probabilities({"image": image, "text": text})
    weight = trained.fusion_weight
    both = weight * found["image"] + (1 - weight) * found["text"]
    assert found["product"] == pytest.approx(both)
    for values in found.values():
        assert values.sum() == pytest.approx(1, abs=1e-5)
    # 30 epochs on 16 titles: the title tells the class of a training row
    rows = [i for i in range(len(index)) if i % PRODUCTS > 1]
    right = 0
    for row in rows:
        vectors = {"text": np.array(index.vectors["texts"][row])}
        text = QueryEncoder(trained).probabilities(vectors)["text"]
        right += int(text.argmax() == index.labels[row])
    assert right / len(rows) > 0.5


def test_approximate_search_is_kept_beside_the_index(shop, capsys):
    pytest.importorskip("faiss")
    index = build.open_index(*shop)
    query = np.array(index.vectors["texts"][3])
    exact = [p.number for p in index.nearest(query, 5)]
    build.open_approximate(index, "products")
    assert "recall@10 against exact search: 1.000" in capsys.readouterr().out
    assert [p.number for p in index.nearest(query, 5)] == exact
    again = build.open_index(*shop)
    build.open_approximate(again, "products")
    assert "recall" not in capsys.readouterr().out
    # a branch is searched exactly
    name = index.class_names[0]
    assert len(again.nearest(query, 100, branch=name)) == PRODUCTS
