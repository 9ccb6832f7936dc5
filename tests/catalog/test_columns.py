"""Which column is what: by its name, or by the keys of the config."""

import pytest
from catalog_files import error, fill, read

from huse_tf.catalog import read_catalog
from huse_tf.config import load_config
from huse_tf.errors import InputError


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path)


def products(folder, header, row, **keys):
    """Reads six rows of two classes; `row` has {i} and {c} in it."""
    rows = [row.format(i=i, c="ab"[i % 2]) for i in range(6)]
    return read(folder, "\n".join([header, *rows]), **keys)


def test_title_and_description_are_joined_and_this_is_said(folder):
    """A part that the next begins with is not repeated; a full stop is not doubled."""
    rows = [
        "0.jpg,red mug,Made to last.,a",
        "1.jpg,Blue mug!,Made to last.,b",
        "2.jpg,Grey mug,grey mug of tin,a",
        "3.jpg,,Alone,b",
        "4.jpg,Alone,,a",
    ]
    catalog = read(folder, "image,title,description,category\n" + "\n".join(rows))
    assert catalog.texts.tolist() == [
        "red mug. Made to last.", "Blue mug! Made to last.", "grey mug of tin",
        "Alone", "Alone",
    ]  # fmt: skip
    line = "columns: picture from 'image'; text from 'title' and 'description' joined; "
    assert line + "class from 'category'" in catalog.summary()


def test_keys_name_any_columns_in_any_order(folder, tmp_path):
    """Spelling aside; an exact name goes first."""
    ini = tmp_path / "config.ini"
    ini.write_text(
        "[data]\ncsv = catalog.csv\nimages = images\nimage_column = File Name\n"
        'text_columns = "Body, long", Titel\nclass_columns = Group, KIND\n'
        "id_column = 'code'\n"
    )
    data = load_config(ini).data
    assert data.text_columns == ("Body, long", "Titel")
    keys = {
        name: getattr(data, f"{name}_column{'s' * (name in ('text', 'class'))}")
        for name in ("id", "image", "text", "class")
    }
    catalog = products(
        folder,
        'file_name,Titel,"Body, long",group,kind,code,price',
        "{i}.jpg,t{i},b{i},T/C < 1,{c},c{i},9",
        id_column=keys["id"],
        image_column=keys["image"],
        text_columns=keys["text"],
        class_columns=keys["class"],
    )
    assert catalog.texts[1] == "b1. t1"
    assert catalog.class_names == ("T/C < 1>a", "T/C < 1>b")
    assert catalog.separator == ">"
    assert catalog.ids.tolist() == [f"c{i}" for i in range(6)]
    assert catalog.has_ids
    assert list(catalog.carried) == ["price"]


@pytest.mark.parametrize(
    "line",
    [
        "text_columns =",
        "text_columns = title",
        'text_columns = "a, b",c',
        "text_columns = none",
        "class_separator = auto",
        'class_separator = " > "',
        "class_separator = <",
        "image_column = file name",
    ],
)
def test_an_ini_keeps_what_a_key_says(tmp_path, line):
    ini = tmp_path / "config.ini"
    ini.write_text(f"[data]\ncsv = catalog.csv\nimages = images\n{line}\n")
    config = load_config(ini)
    config.save(tmp_path / "again.ini")
    assert load_config(tmp_path / "again.ini") == config
    assert line in (tmp_path / "again.ini").read_text()


def test_quotes_around_a_separator_are_taken_off(tmp_path):
    ini = tmp_path / "config.ini"
    ini.write_text("[data]\ncsv = a.csv\nimages = b\nclass_separator = ' > '\n")
    assert load_config(ini).data.class_separator == " > "


def test_other_columns_are_carried_along(folder):
    catalog = products(
        folder, "id,image,text,class,price,,price", "p{i},{i}.jpg,t{i},{c},{i}0,x,y"
    )
    assert catalog.carried["price"].tolist() == [f"{i}0" for i in range(6)]
    assert catalog.carried["price (2)"].tolist() == ["y"] * 6
    assert "carried along: price, price (2)" in catalog.summary()
    assert catalog.without({0: "x"}).carried["price"][0] == "10"


def test_plain_columns_need_no_word(folder):
    catalog = products(folder, "image,text,class", "{i}.jpg,t{i},{c}")
    assert "columns" not in catalog.summary()
    assert catalog.carried == {} and not catalog.has_ids
    assert catalog.ids.tolist() == [str(i) for i in range(2, 8)]


def test_a_product_without_an_id_has_its_row_for_one(folder):
    rows = [f"{'x' * (i == 0)},{i}.jpg,t{i},{'ab'[i % 2]}" for i in range(4)]
    catalog = read(folder, "id,image,text,class\n" + "\n".join(rows))
    assert catalog.ids.tolist() == ["x", "row 3", "row 4", "row 5"]


def test_a_modality_that_no_row_has(folder):
    """none says so; without it a missing column is refused."""
    catalog = products(folder, "image,class", "{i}.jpg,{c}", text_columns=("none",))
    assert not catalog.has_text.any()
    catalog = products(folder, "text,class", "t{i},{c}", image_column="none")
    assert not catalog.has_image.any()
    content = "text,class\nt,a\nu,b\n"
    both = {"image_column": "none", "text_columns": ("none",)}
    assert "are both none; expected" in error(folder, content, **both)


@pytest.mark.parametrize(
    ("header", "keys", "message"),
    [
        ("image,Titel,class", {}, "no text column; set data.text_columns to the"),
        ("bild,text,class", {}, "no image column; set data.image_column to the"),
        ("my_file,text,class", {}, "such as data.image_column = my_file, or call it"),
        ("image,productDisplayName,class", {}, "data.text_columns = productDisplay"),
        ("image,text,articleType", {}, "such as data.class_columns = articleType, or"),
        ("image,text,class", {"image_column": "imgae"}, "data.image_column names "
         "'imgae', which is no column; the nearest is 'image'; found 'image', 'text'"),
        ("image,text,class", {"class_columns": ("class", "x")}, "data.class_columns "
         "names 'x', which is no column"),
    ],
)  # fmt: skip
def test_the_key_to_set_is_named(folder, header, keys, message):
    assert message in error(folder, header + "\n0.jpg,t,a\n", **keys)


@pytest.mark.parametrize("header", ["image,text", "image,text,class"])
def test_a_catalogue_that_needs_no_classes(folder, header):
    """A row without a class has the label -1; small classes stay."""
    cells = [",a", ",", ",b < c"] if "class" in header else [""] * 3
    rows = [f"{i}.jpg,t{i}{cell}" for i, cell in enumerate(cells)]
    path = folder / "new.csv"
    path.write_text("\n".join([header, *rows]))
    catalog = read_catalog(path, folder / "images", labelled=False)
    known = "class" in header
    assert catalog.class_names == (("a", "b < c") if known else ())
    assert catalog.labels.tolist() == ([0, -1, 1] if known else [-1] * 3)
    assert catalog.summary().startswith("new.csv: 3 products")
    assert len(catalog.fingerprint) == 64
    catalog.without({1: "undecodable"}).summary()
    with pytest.raises(InputError):
        read_catalog(path, folder / "images")
