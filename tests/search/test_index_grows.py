"""An index takes over what earlier ones of its model hold, whole or interrupted."""

import dataclasses

import numpy as np
import pytest
from small_runs import EXAMPLE, products, write_catalog

from huse_tf.catalog import Catalog
from huse_tf.errors import Interrupted
from huse_tf.run.folder import RunFolder
from huse_tf.run.restore import restore_run
from huse_tf.search import build, vector_files
from huse_tf.search.vector_files import KINDS, VectorFiles, product_keys


@pytest.fixture(scope="module")
def trained(small_run):
    return restore_run(small_run)


@pytest.fixture
def embedded(monkeypatch):
    """Counts the products that each build embeds."""
    counts, embed = [], build.product_vectors

    def counted(trained, pipeline, positions, label):
        counts.append(len(positions))
        yield from embed(trained, pipeline, positions, label)

    monkeypatch.setattr(build, "product_vectors", counted)
    return counts


@pytest.fixture
def shop(trained, tmp_path):
    """Opens the index of rows in a run folder of its own."""
    path = tmp_path / "run"
    path.mkdir()
    own = dataclasses.replace(trained, run=RunFolder(path))

    def of(rows, name="shop.csv", model=own):
        write_catalog(tmp_path / name, rows)
        return build.open_index(model, tmp_path / name, EXAMPLE / "images")

    of.folder, of.trained = path / "search", own
    return of


def test_rows_that_are_added_are_embedded_and_no_others(shop, embedded):
    rows = products()
    first = shop(rows[:-3])
    grown = shop(rows)
    assert embedded == [len(rows) - 3, 3]
    assert [p.name for p in shop.folder.iterdir() if p.is_dir()] == [grown.folder.name]
    assert not (grown.folder / vector_files.WRITTEN).exists()
    for kind in KINDS:
        before, after = first.vectors[kind], grown.vectors[kind]
        np.testing.assert_array_equal(after[:-3], before)
        np.testing.assert_allclose(np.linalg.norm(after[-3:], axis=1), 1, atol=1e-5)
    assert grown.product(len(rows) - 1).title == rows[-1]["text"]
    word = rows[-1]["text"].split()[0].lower()
    assert grown.words.scores([word])[-1] > 0


def test_what_was_added_is_what_a_new_index_holds(shop, trained, tmp_path):
    rows = products()
    shop(rows[5:])
    grown = shop(rows)
    alone = tmp_path / "alone"
    alone.mkdir()
    anew = shop(rows, "anew.csv", dataclasses.replace(trained, run=RunFolder(alone)))
    for kind in KINDS:
        np.testing.assert_allclose(grown.vectors[kind], anew.vectors[kind], atol=1e-6)


def test_another_order_another_file_and_a_changed_title(shop, embedded):
    rows = products()
    first = shop(rows)
    turned = shop(rows[::-1], "turned.csv")
    assert embedded == [len(rows), 0]
    for kind in KINDS:
        np.testing.assert_array_equal(turned.vectors[kind], first.vectors[kind][::-1])
    shop([rows[0] | {"text": "something else"}, *rows[1:]])
    assert embedded == [len(rows), 0, 1]


def test_nothing_is_taken_from_another_model(shop, embedded):
    rows = products()
    shop(rows)
    other = dataclasses.replace(
        shop.trained, evaluation={"meta": {"fusion_weight": 0.3}}
    )
    shop(rows, model=other)
    assert embedded == [len(rows)] * 2


def test_a_damaged_vector_is_made_again(shop, embedded):
    rows = products()
    first = shop(rows)
    damaged = np.load(first.folder / "products.npy", mmap_mode="r+")
    damaged[4, :3] = 7
    damaged.flush()
    again = shop(rows, "again.csv")
    assert embedded == [len(rows), 1]
    assert np.linalg.norm(again.vectors["products"][4]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("kind", ["interrupted", "killed"])
def test_a_build_that_was_stopped_goes_on(shop, monkeypatch, embedded, kind):
    """After the first batch of 16; a kill comes after it was saved."""
    rows, embed = products(), build.product_vectors

    def stopped(*arguments):
        for number, found in enumerate(embed(*arguments)):
            if number == 1:
                raise KeyboardInterrupt if kind == "interrupted" else SystemExit
            yield found

    with monkeypatch.context() as patched:
        patched.setattr(build, "product_vectors", stopped)
        if kind == "killed":  # nothing runs any more: no clearing up
            patched.setattr(vector_files, "SAVE_SECONDS", 0.0)
            patched.setattr(build.shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(Interrupted if kind == "interrupted" else SystemExit):
            shop(rows)
    (left,) = (p for p in shop.folder.iterdir() if p.name.startswith("building"))
    index = shop(rows)
    assert embedded[1:] == [len(rows) - 16]
    assert not left.exists()
    for kind in KINDS:
        lengths = np.linalg.norm(index.vectors[kind], axis=1)
        np.testing.assert_allclose(lengths, 1, atol=1e-5)


def test_rows_that_were_not_saved_do_not_hold(tmp_path):
    """Three products, of which one was saved before the kill."""
    keys = np.arange(48, dtype=np.uint8).reshape(3, 16)
    rows = np.eye(3, 4, dtype=np.float32)
    (tmp_path / "killed").mkdir()
    files = VectorFiles(tmp_path / "killed", keys, dim=4)
    files.write(np.array([1]), [rows[1:2]] * 3)
    files.save()
    files.write(np.array([2]), [rows[2:]] * 3)
    (tmp_path / "next").mkdir()
    later = VectorFiles(tmp_path / "next", keys[::-1], dim=4)
    later.use_again([tmp_path / "killed"])
    assert later.written.tolist() == [False, True, False]
    np.testing.assert_array_equal(np.load(tmp_path / "next" / "texts.npy")[1], rows[1])


def test_folders_that_are_no_index_are_passed_over(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "index.json").write_text('{"model": "m')
    (tmp_path / "lock").write_text("")
    assert list(vector_files.of_model(tmp_path.iterdir(), "m")) == []


def test_a_product_is_its_pictures_and_its_texts(tmp_path):
    """Rows 0 and 2 are one product; then with its second picture another one."""
    for name, content in (("a", b"1"), ("b", b"2"), ("c", b"3"), ("d", b"2")):
        (tmp_path / name).write_bytes(content)

    def keys_of(images, texts, ids):
        n = len(ids)
        catalog = Catalog(
            images=np.array(images, object),
            texts=np.array(texts, object),
            labels=np.zeros(n, np.int32),
            class_names=("x",),
            split=np.full(n, "train", object),
            rows=np.arange(n),
            image_root=tmp_path,
            rejected=(),
            ids=np.array(ids, object),
        )
        return product_keys(catalog, tmp_path / "features")

    first = keys_of(["a", "b", "c"], ["t", "u", "t"], ["1", "2", "1"])
    assert first.shape == (2, 16)
    same_content = keys_of(["d", "a", "c"], ["u", "t", "t"], ["5", "6", "6"])
    np.testing.assert_array_equal(same_content, first[::-1])
    for images, texts in (
        (["a", "b", "a"], ["t", "u", "t"]),
        (["a", "b", "c"], ["t", "u", "v"]),
        (["a", "b", ""], ["t", "u", "t"]),
    ):
        other = keys_of(images, texts, ["1", "2", "1"])
        assert (other[0] != first[0]).any() and (other[1] == first[1]).all()


def test_the_approximate_index_is_added_to(shop, monkeypatch):
    pytest.importorskip("faiss")
    rows = products()
    first = shop(rows[:-3])
    build.open_approximate(first, "products")
    grown = shop(rows)
    monkeypatch.setattr(build, "build", None)  # calling it would fail
    build.open_approximate(grown, "products")
    vector = np.array(grown.vectors["products"][-1])
    assert grown.nearest(vector, 1)[0].number == len(rows) - 1
    assert not list(grown.folder.glob("earlier-*"))


def test_the_approximate_index_of_other_rows_is_not_added_to(shop):
    pytest.importorskip("faiss")
    rows = products()
    build.open_approximate(shop(rows[3:]), "products")
    grown = shop(rows)
    assert not list(grown.folder.glob("*.faiss"))
