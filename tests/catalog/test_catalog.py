"""The catalogue: bad rows are named and counted, good ones kept."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from catalog_files import GOOD, HEADER, error, fill, read, read_rows, reasons

from huse_tf.catalog import read_catalog
from huse_tf.config import DataConfig
from huse_tf.errors import InputError


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path)


def test_a_plain_catalogue(folder):
    catalog = read(folder, HEADER + "1.jpg,red,b\n0.jpg,blue,a < x\n2.jpg,é,b\n"
                   "3.jpg,NA,a<x\n")  # fmt: skip
    assert catalog.class_names == ("a<x", "b")
    assert catalog.labels.tolist() == [1, 0, 1, 0]
    assert catalog.labels.dtype == np.int32
    assert catalog.texts.tolist() == ["red", "blue", "é", "NA"]
    assert catalog.rows.tolist() == [2, 3, 4, 5]
    assert catalog.image_path(1) == str(folder / "images" / "0.jpg")
    assert len(catalog) == 4
    assert catalog.rejected == ()


def test_a_class_with_most_of_the_products_is_named(folder):
    """3 of 5 is more than a half, 2 of 4 is not."""
    rows = "0.jpg,t,big\n1.jpg,t,big\n2.jpg,t,small\n3.jpg,t,small\n"
    assert "are of one class" not in read(folder, HEADER + rows).summary()
    summary = read(folder, HEADER + rows + "0.jpg,u,big\n").summary()
    assert "60% of the products are of one class, big: a model that" in summary


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("image,text", "no class column; set data.class_columns to the column that has "
         "it, or call it class, classes, label, category; found 'image', 'text'"),
        ("image,class", "no text column; set data.text_columns to the column that has"),
        ("text,class", "no image column; set data.image_column to the column that has "
         "it, or call it image, img_name, image_name"),
        ("id,text,class", "(data.image_column = id where the files are called by it)"),
        ("image,image,text,class", "2 columns could be the image: 'image', 'image'; "
         "call one 'image', or set data.image_column"),
        ("image,text,label,category", "could be the class: 'label', 'category'; call "
         "one 'class', or set data.class_columns to one, or to several, from general"),
        ("image,title,title,class", "could be the text: 'title', 'title'"),
        ("image,text,class,Split,split", "2 columns could be the split"),
    ],
)  # fmt: skip
def test_wrong_headers_are_refused(folder, header, expected):
    text = error(folder, header + "\n0.jpg,a,b,c,d\n")
    assert expected in text
    assert text.startswith(str(folder / "catalog.csv"))


def test_an_exact_name_goes_before_its_aliases(folder):
    rows = "".join(f"x,{i}.jpg,t,c{i % 2},d\n" for i in range(4))
    catalog = read(folder, "name,image,text,class,description\n" + rows)
    assert catalog.texts.tolist() == ["t"] * 4


def test_missing_files_and_folders(folder):
    def fails(csv_name, images):
        data = DataConfig(csv=folder / csv_name, images=folder / images)
        with pytest.raises(InputError) as caught:
            read_catalog(data)
        return str(caught.value)

    (folder / "good.csv").write_text(HEADER + "\n".join(GOOD))
    assert "none.csv: cannot read the catalogue: No such file" in fails(
        "none.csv", "images"
    )
    assert "Is a directory" in fails("images", "images")
    assert "none: the images folder is not there" in fails("good.csv", "none")
    assert "the images folder is not there" in fails("good.csv", "good.csv")


def test_each_bad_row_is_rejected_with_its_row_and_reason(folder):
    images = folder / "images"
    (folder / "secret.jpg").write_bytes(b"secret")
    (images / "leaves.jpg").symlink_to(folder / "secret.jpg")
    (images / "stays.jpg").symlink_to(images / "0.jpg")
    (images / "loop.jpg").symlink_to(images / "loop.jpg")
    (images / "parent").symlink_to(folder, target_is_directory=True)
    (images / "empty.jpg").touch()
    (images / "folder.jpg").mkdir()
    os.mkfifo(images / "pipe.jpg")
    outside = "image path leaves the images folder"
    cases = [
        ("none.jpg,a,cup", "missing file"),
        ("../secret.jpg,a,cup", outside),
        ("a/../../secret.jpg,a,cup", outside),
        ("..,a,cup", outside),
        (f"{images}/9.jpg,a,cup", "missing file"),
        (f"{folder}/secret.jpg,a,cup", outside),
        ("/etc/passwd,a,cup", outside),
        ("leaves.jpg,a,cup", outside),
        ("parent/secret.jpg,a,cup", outside),
        ("loop.jpg,a,cup", "missing file"),
        ("x" * 5000 + ",a,cup", "missing file"),
        ("empty.jpg,a,cup", "empty file"),
        ("folder.jpg,a,cup", "not a file"),
        ("pipe.jpg,a,cup", "not a file"),
        (",a,cup", "empty image name"),
        ("0.jpg, ,cup", "empty text"),
        ("0.jpg,a, ", "empty class, or an empty level in its path"),
        ("0.jpg,a,cup<<mug", "empty class, or an empty level in its path"),
        ("0.jpg,a cup 0,cup", "duplicate row"),
        ("./0.jpg, a cup 0 , cup", "duplicate row"),
        ("0.jpg,a,rare", "class smaller than min_class_size = 2"),
        ("0.jpg,a", "wrong number of columns"),
        ("0.jpg,a,cup,x", "wrong number of columns"),
        ('0.jpg,"a" b,cup', "wrong quotes"),
        ("0.jpg,a\0b,cup", "NUL character"),
        ("image, text,class", "the header again"),
    ]
    good = ["stays.jpg,a,cup", "0.jpg,c,cup,"]
    rows = (row for row, _ in cases)
    catalog = read_rows(folder, *rows, *good, allow_missing=False, class_separator="<")
    expected = [(14 + i, reason) for i, (_, reason) in enumerate(cases)]
    assert reasons(catalog) == expected
    assert len(catalog) == len(GOOD) + 2
    assert catalog.class_names == ("cup", "hat")
    catalog.check_bad_rows(len(cases))
    with pytest.raises(
        InputError, match="26 of 40 rows are rejected, .* allows 25: 7 "
    ):
        catalog.check_bad_rows(len(cases) - 1)


def test_a_product_may_lack_its_picture_or_its_text(folder):
    rows = [",a cup,cup", "0.jpg, ,cup", " , ,cup", "none.jpg,,cup"]
    catalog = read_rows(folder, *rows)
    assert reasons(catalog) == [
        (16, "neither picture nor text"),
        (17, "missing file"),
    ]
    assert catalog.images[-2:].tolist() == ["", "0.jpg"]
    assert catalog.texts[-2:].tolist() == ["a cup", ""]
    assert catalog.has_image.tolist() == [True] * 12 + [False, True]
    assert catalog.has_text.tolist() == [True] * 12 + [True, False]
    summary = catalog.summary()
    assert "1 products have a text and no picture" in summary
    assert "1 products have a picture and no text" in summary
    assert "and no" not in read_rows(folder).summary()


def test_subfolders(folder):
    (folder / "images/a/b").mkdir(parents=True)
    (folder / "images/a/b/x.jpg").write_bytes(b"picture")
    catalog = read_rows(folder, "a//b/../b/x.jpg,t,cup")
    assert catalog.images[-1] == "a/b/x.jpg"


def test_the_images_folder_may_be_a_symlink(folder):
    (folder / "real").mkdir()
    (folder / "images").rename(folder / "real/images")
    (folder / "images").symlink_to(folder / "real/images")
    assert len(read_rows(folder)) == len(GOOD)


def test_without_drops_rows_and_names_them(folder):
    catalog = read_rows(folder, "none.jpg,a,cup")
    less = catalog.without({3: "undecodable", 0: "undecodable"})
    assert len(less) == len(catalog) - 2
    assert less.rows.tolist() == [3, 4, 6, 7, 8, 9, 10, 11, 12, 13]
    assert less.class_names == catalog.class_names
    assert less.texts[0] == catalog.texts[1]
    assert reasons(less) == [
        (2, "undecodable"),
        (5, "undecodable"),
        (14, "missing file"),
    ]
    assert catalog.without({}) is catalog
    assert "3 rows rejected" in less.summary()
    assert "2  undecodable (first: row 2)" in less.summary()


def test_rejected_rows_are_written_as_a_csv(folder):
    catalog = read_rows(folder, '"a,b.jpg","t,\n""x""",cup', "0.jpg,n\0l,cup")
    catalog.write_rejected(folder / "rejected.csv")
    with open(folder / "rejected.csv", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["row", "image", "text", "class", "reason"],
            ["14", "a,b.jpg", 't,\n"x"', "cup", "missing file"],
            ["15", "0.jpg", "n\\0l", "cup", "NUL character"],
        ]


def test_the_fingerprint_is_of_the_rows(folder):
    plain = read_rows(folder)
    again = read(folder, ("\ufeff" + HEADER + "\r\n".join(GOOD)).encode())
    assert plain.fingerprint == again.fingerprint
    assert plain.without({0: "x"}).fingerprint != plain.fingerprint
    changed = (HEADER + "\n".join(GOOD)).replace("a cup 0", "a cup 7")
    assert read(folder, changed).fingerprint != plain.fingerprint
    assert read(folder, changed.replace("7", "0")).fingerprint == plain.fingerprint


def test_the_real_catalogue():
    if "HUSE_REAL_DATA" not in os.environ:
        pytest.skip("HUSE_REAL_DATA is not set")
    root = Path(os.environ["HUSE_REAL_DATA"]) / "fashion"
    data = DataConfig(csv=root / "catalog.csv", images=root / "images")
    catalog = read_catalog(data)
    with open(data.csv, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert catalog.rejected == ()
    assert catalog.images.tolist() == [row["image"] for row in rows]
    assert catalog.split.tolist() == [row["split"] for row in rows]
    assert len(catalog.class_names) == len({row["class"] for row in rows})
