"""Vectors of a whole catalogue: what they are, in parts, interrupted, refused."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from small_runs import products, write_rows

from huse_tf.bulk import description, embed
from huse_tf.bulk.embed import embed_catalogue
from huse_tf.bulk.formats import VECTORS
from huse_tf.errors import InputError, Interrupted
from huse_tf.search.build import open_index

pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")


def table_of(folder):
    """All Parquet files of a folder, in their alphabetical order."""
    names = sorted(path.name for path in folder.glob("*.parquet"))
    tables = [pq.read_table(folder / name) for name in names]
    columns = tables[0].column_names
    return {name: sum((t[name].to_pylist() for t in tables), []) for name in columns}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def small_files(monkeypatch):
    """24 products make files of 10, 10 and 4."""
    monkeypatch.setattr(description, "FILE_ROWS", 10)


def test_vectors_are_those_of_search(trained, whole):
    embed_catalogue(trained, whole)
    table, index = table_of(whole.to), open_index(trained)
    for name, kind in zip(VECTORS, ("products", "images", "texts"), strict=True):
        assert np.array_equal(np.array(table[name], np.float32), index.vectors[kind])
    rows = products()
    for name in ("image", "text", "class"):
        assert table[name] == [row[name] for row in rows]
    assert table["id"] == [str(number) for number in range(2, 2 + len(rows))]
    assert table["valid"] == [True] * len(rows)


def test_a_catalogue_without_classes_and_a_broken_picture(trained, asked):
    embed_catalogue(trained, asked)
    table, rows = table_of(asked.to), products()
    assert "class" not in table
    assert table["id"] == [f"sku-{i}" for i in range(24) if i != 1]
    assert table["price"] == [str(10 + i) for i in range(24) if i != 1]
    assert table["image"] == [r["image"] for i, r in enumerate(rows) if i != 1]
    with open(asked.to / "rejected.csv", encoding="utf-8", newline="") as file:
        (rejected,) = csv.DictReader(file)
    assert rejected["row"] == "3" and rejected["image"] == rows[1]["image"]


def test_interrupted_it_goes_on_and_gives_the_same_bytes(
    trained, whole, tmp_path, monkeypatch, small_files
):
    calm = dataclasses.replace(whole, to=tmp_path / "calm")
    embed_catalogue(trained, calm)
    assert len([n for n in contents(calm.to) if n.endswith(".parquet")]) == 3

    honest, asked_for = embed.product_vectors, []

    def noted(trained, pipeline, positions, label):
        asked_for.append(positions.tolist())
        if len(asked_for) == 2:
            yield next(honest(trained, pipeline, positions, label))
            raise KeyboardInterrupt
        yield from honest(trained, pipeline, positions, label)

    monkeypatch.setattr(embed, "product_vectors", noted)
    with pytest.raises(Interrupted, match="1 of 3 files written"):
        embed_catalogue(trained, whole)
    there = contents(whole.to)
    assert not any(".partial" in name for name in there)
    # what a killed process leaves beside
    (whole.to / "part-1-of-1-00001.parquet.77.partial").write_bytes(b"half")
    embed_catalogue(trained, whole)
    assert asked_for[2:] == [list(range(10, 20)), list(range(20, 24))]
    assert contents(whole.to) == contents(calm.to)


def test_parts_make_the_whole(trained, whole, monkeypatch, small_files):
    for k in (2, 3, 1):
        embed_catalogue(trained, whole, part=(k, 3))
    table = table_of(whole.to)
    assert table["image"] == [row["image"] for row in products()]
    about = json.loads((whole.to / description.DESCRIPTION).read_text())
    assert [f"{stem}.parquet" for stem in about["files"]] == sorted(
        path.name for path in whole.to.glob("*.parquet")
    )
    assert about["parts"] == 3 and about["products"] == 24


def test_a_part_that_has_no_product(trained, whole):
    with pytest.raises(InputError, match=r"`part` 1/40: no product is in it"):
        embed_catalogue(trained, whole, part=(1, 40))


def test_smaller_numbers_are_near(trained, whole, tmp_path):
    """int8 rounds to the nearest of 1/127; float16 has 11 bits."""
    vectors = open_index(trained).vectors["products"]
    for dtype, scale, bound in (("int8", 127, 0.5 / 127), ("float16", 1, 2**-11)):
        request = dataclasses.replace(whole, to=tmp_path / dtype)
        embed_catalogue(trained, request, dtype=dtype)
        about = json.loads((request.to / description.DESCRIPTION).read_text())
        assert (about["dtype"], about["scale"]) == (dtype, scale)
        found = np.array(table_of(request.to)["embedding"], np.float64) / scale
        error = np.abs(found - vectors).max()
        assert 0 < error <= bound + 1e-6


def test_numpy_files_hold_the_same(trained, whole, tmp_path):
    embed_catalogue(trained, whole)
    arrays = dataclasses.replace(whole, to=tmp_path / "arrays")
    embed_catalogue(trained, arrays, "npy")
    table = table_of(whole.to)
    for name in VECTORS:
        found = np.load(arrays.to / f"part-1-of-1-00000.{name}.npy")
        assert np.array_equal(found, np.array(table[name], np.float32))
    with open(arrays.to / "part-1-of-1-00000.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == table["id"]
    assert {row["valid"] for row in rows} == {"true"}


def test_vectors_of_something_else_are_refused(trained, whole):
    embed_catalogue(trained, whole)
    before = contents(whole.to)
    with pytest.raises(InputError, match="something else .*dtype: float32 then, int8"):
        embed_catalogue(trained, whole, dtype="int8")
    path = whole.to / description.DESCRIPTION
    about = json.loads(path.read_text())
    for name, value in (("weights_sha256", "0" * 64), ("csv_sha256", "0" * 64)):
        path.write_text(json.dumps(about | {name: value}))
        with pytest.raises(InputError, match=f"{name}: 000000000000... then"):
            embed_catalogue(trained, whole)
    path.write_text(json.dumps(about | {"run": "/moved", "csv": "/moved.csv"}))
    embed_catalogue(trained, whole)
    path.unlink()
    with pytest.raises(InputError, match="holds vectors but no embeddings.json"):
        embed_catalogue(trained, whole)
    assert before.items() - contents(whole.to).items() == {
        (path.name, before[path.name])
    }


def test_a_folder_that_cannot_be_made_is_one_line(trained, whole, tmp_path):
    (tmp_path / "file").write_text("")
    request = dataclasses.replace(whole, to=tmp_path / "file")
    with pytest.raises(InputError, match="`to` .*file: cannot be written"):
        embed_catalogue(trained, request)


def test_what_is_not_there_is_null_and_pictures_of_one_product_are_one_row(
    trained, asked
):
    """Products a (two photos), b (no title) and c (no photo), rows a b a c."""
    rows = products()
    cells = [("a", 0, 0), ("b", 7, None), ("a", 2, None), ("c", None, 9)]
    write_rows(
        asked.csv,
        [
            {
                "id": name,
                "image": "" if image is None else rows[image]["image"],
                "text": "" if text is None else rows[text]["text"],
            }
            for name, image, text in cells
        ],
    )
    embed_catalogue(trained, asked)
    table = table_of(asked.to)
    assert table["id"] == ["a", "b", "c"] and table["valid"] == [True] * 3
    assert [v is None for v in table["image_embedding"]] == [False, False, True]
    assert [v is None for v in table["text_embedding"]] == [False, True, False]
    for row, modality in ((1, "image"), (2, "text")):
        alone = pytest.approx(table[f"{modality}_embedding"][row], abs=1e-6)
        assert table["embedding"][row] == alone
    photos = open_index(trained).vectors["images"][[0, 2]].sum(axis=0)
    photos /= np.linalg.norm(photos)
    assert table["image_embedding"][0] == pytest.approx(photos, abs=1e-5)
