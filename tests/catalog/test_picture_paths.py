"""Cells that mean one file are read, whoever wrote them; others are named."""

import unicodedata

import pytest
from catalog_files import GOOD, HEADER, error, fill, read, read_rows, reasons

from huse_tf.catalog import read_catalog
from huse_tf.catalog.picture_paths import _Listing
from huse_tf.config import DataConfig


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path)


def put(folder, *names):
    for name in names:
        path = folder / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"picture")


def found(folder, cell, **keys):
    """Reads one row beside the good ones: its pictures, or its reason."""
    catalog = read_rows(folder, f'"{cell}",t,cup', **keys)
    if catalog.rejected:
        return catalog.rejected[0].reason, catalog
    return catalog.images[12:].tolist(), catalog


@pytest.mark.parametrize(
    ("cell", "path", "how"),
    [
        ("a\\b\\x.jpg", "a/b/x.jpg", "with \\ for /"),
        ("A/b/X.JPG", "a/b/x.jpg", "in other case or Unicode form"),
        ("a/b/x", "a/b/x.jpg", "without their ending, or with another"),
        ("a/b/x.PNG", "a/b/x.jpg", "without their ending, or with another"),
        ("images/a/b/x.jpg", "a/b/x.jpg", "with the name of the images folder"),
        ("Images\\A\\x2", "a/x2.jpeg", "with the name of the images folder"),
        ("v1.5", "v1.5.jpg", "without their ending, or with another"),
    ],
)
def test_the_one_file_that_is_meant(folder, cell, path, how):
    put(folder, "a/b/x.jpg", "a/x2.jpeg", "v1.5.jpg", "v1.5.txt")
    images, catalog = found(folder, cell)
    assert images == [path]
    assert f"1 pictures are named {how}" in catalog.summary()
    assert f"(first: row 14 '{cell}' is '{path}')" in catalog.summary()


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_either_unicode_form(folder, form):
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    name = unicodedata.normalize(form, "Äpfel é.jpg")
    put(folder, name)
    images, _ = found(folder, unicodedata.normalize(other, name))
    assert images == [name]


def test_absolute_paths_inside_of_the_folder(folder):
    put(folder, "a/x.jpg")
    inside = folder / "images"
    assert found(folder, inside / "a/x.jpg")[0] == ["a/x.jpg"]
    assert found(folder, inside / "a/../a/X")[0] == ["a/x.jpg"]
    assert found(folder, f"file://{inside}/a/x.jpg")[0] == ["a/x.jpg"]
    outside = "image path leaves the images folder"
    assert found(folder, folder / "secret.jpg")[0] == outside
    assert found(folder, inside / "../secret.jpg")[0] == outside
    assert found(folder, f"{inside}2/x.jpg")[0] == outside


def test_the_folder_may_be_named_by_another_path(folder):
    (folder / "link").symlink_to(folder / "images")
    path = folder / "catalog.csv"
    path.write_text(HEADER + "\n".join([*GOOD, f"{folder}/images/0.jpg,t,cup"]))
    catalog = read_catalog(DataConfig(csv=path, images=folder / "link"))
    assert catalog.images[-1] == "0.jpg" and not catalog.rejected


def test_what_several_files_could_be_is_none(folder):
    put(folder, "x.jpg", "x.png", "Y.jpg", "y.jpg", "z/q.jpg")
    several = "missing file; several files differ from it in case or ending"
    assert found(folder, "x")[0] == found(folder, "X.gif")[0] == several
    assert found(folder, "Y.JPG")[0] == several
    assert found(folder, "x.PNG")[0] == ["x.png"]
    assert found(folder, "Y.jpg")[0] == ["Y.jpg"]
    for cell in ("q.jpg", "shoes/x.png", "z/x.png", "x.txt"):
        assert found(folder, cell)[0] == "missing file"


def test_a_folder_is_listed_once_and_only_for_what_is_missing(folder, monkeypatch):
    put(folder, "a/x.jpg", "b/y.jpg")
    listed = []
    original = _Listing.__init__

    def counted(listing, place):
        listed.append(place)
        original(listing, place)

    monkeypatch.setattr(_Listing, "__init__", counted)
    read_rows(folder, "a/x.jpg,t,cup")
    assert listed == []
    read_rows(folder, *(f"a/{x},t{i},cup" for i, x in enumerate(["x", "X.jpg"] * 9)))
    assert [place.rpartition("/images")[2] for place in listed] == ["/", "/a"]


@pytest.mark.parametrize(
    "cell",
    ["https://cdn.shop.example/p/1.jpg?w=800", "s3://b/1.jpg", "//cdn.example/1.jpg",
     "gs://b/x.jpg", "HTTP://x.example/a,b.jpg"],
)  # fmt: skip
def test_addresses_are_named_whole_with_the_way_to_fetch_them(folder, cell):
    put(folder, "1.jpg")
    reason, catalog = found(folder, cell)
    assert reason == "an address, not a file"
    assert catalog.rejected[0].image == cell
    assert catalog.hint == ""
    message = error(folder, HEADER + f'"{cell}",a,cup\n"{cell}",b,hat\n')
    assert f"(first: row 2 '{cell}'); these are addresses: fetch" in message
    assert "by img2dataset --url_list" in message and "--url_col image" in message


def test_where_most_are_missing_what_is_there_is_said(folder):
    """A file of the name elsewhere, or one that resembles it, is proposed."""
    put(folder, "shoes/a.jpg")
    content = HEADER + "".join(f"img_{i}.jpg,t{i},{'ab'[i % 2]}\n" for i in range(9))
    message = error(folder, content.replace("img_0", "a"))
    assert "images holds '0.jpg', '1.jpg', '2.jpg' and 4 more" in message
    assert "for 'a.jpg' write 'shoes/a.jpg'" in message
    assert "write" not in error(folder, content)
    catalog = read_rows(folder, "none.jpg,t,cup")
    assert catalog.hint == "" and "holds" not in catalog.summary()
    many = [f"none_{i}.jpg,t,cup" for i in range(13)]
    assert "images holds '0.jpg'" in read_rows(folder, *many).summary()


def test_a_folder_without_files(folder):
    for i in range(6):
        (folder / "images" / f"{i}.jpg").unlink()
    assert "images holds no file" in error(folder, HEADER + "\n".join(GOOD))


@pytest.mark.parametrize("cell", ["0.jpg|1.jpg", "0.jpg; 1.jpg", "0.jpg, 1.jpg,0.jpg"])
def test_several_pictures_of_a_product(folder, cell):
    images, catalog = found(folder, cell)
    assert images == ["0.jpg", "1.jpg"]
    assert catalog.rows[12:].tolist() == [14, 14]
    assert catalog.ids[12:].tolist() == ["14", "14"]
    assert catalog.texts[12:].tolist() == ["t", "t"]
    reason, _ = found(folder, cell, all_pictures=False)
    assert reason == "missing file"


def test_one_of_several_may_be_missing(folder):
    catalog = read_rows(folder, '"0.jpg|none.jpg|1",t,cup')
    assert catalog.images[12:].tolist() == ["0.jpg", "1.jpg"]
    assert reasons(catalog) == [(14, "missing file")]
    assert catalog.rejected[0].image == "none.jpg"


@pytest.mark.parametrize("name", ["a|b.jpg", "a,b.jpg", "a;b.jpg", "a\\b.jpg"])
def test_a_file_that_is_called_so_is_itself(folder, name):
    put(folder, name)
    images, catalog = found(folder, name)
    assert images == [name] and "named" not in catalog.summary()


@pytest.mark.parametrize("first", ["image", "image_1", "Image 1", "image1"])
def test_columns_of_further_pictures(folder, first):
    header = f"{first},image_10,text,class,image_2,image_of"
    rows = [
        f"{i}.jpg,{'5.jpg' * (i == 0)},t{i},{'ab'[i % 2]},4.jpg,x" for i in range(4)
    ]
    catalog = read(folder, "\n".join([header, *rows]))
    assert catalog.images.tolist()[:5] == ["0.jpg", "4.jpg", "5.jpg", "1.jpg", "4.jpg"]
    assert catalog.rows.tolist()[:5] == [2, 2, 2, 3, 3]
    assert list(catalog.carried) == ["image_of"]


def test_rows_of_one_id_are_one_product(folder):
    """A row of a picture alone takes text, class and split of the product's first."""
    content = (
        "handle,image,title,category,split\n"
        "p,0.jpg,a mug,mugs,test\n"
        "q,1.jpg,a hat,hats,train\n"
        "p,2.jpg,,,\n"
        "q,3.jpg,a hat,hats,train\n"
    )
    catalog = read(folder, content, min_class_size=1)
    assert catalog.ids.tolist() == ["p", "q", "p", "q"]
    assert catalog.texts.tolist() == ["a mug", "a hat"] * 2
    assert catalog.split.tolist() == ["test", "train"] * 2
    assert catalog.products.tolist() == [0, 1, 0, 1]
    assert "1 rows have a picture alone and take text and class" in catalog.summary()
    small = error(folder, content, min_class_size=2)
    assert "4 class smaller than min_class_size = 2" in small


def test_equal_rows_of_two_ids_are_two_products(folder):
    rows = ["p,0.jpg,t,a", "q,0.jpg,t,a", "p,0.jpg,t,a", "r,1.jpg,t,b"]
    content = "sku,image,text,class\n" + "\n".join(rows)
    catalog = read(folder, content, min_class_size=1)
    assert catalog.ids.tolist() == ["p", "q", "r"]
    assert reasons(catalog) == [(4, "duplicate row")]
    without = read(folder, content, min_class_size=1, id_column="none")
    assert reasons(without) == [(3, "duplicate row"), (4, "duplicate row")]
