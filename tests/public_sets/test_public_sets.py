"""What each layout lists, repairs and skips, on small trees with broken rows."""

import csv
import os
from pathlib import Path

import pytest
from public_set_trees import STYLES, fashion_set, food, grocery_set, put, style

from huse_tf.errors import InputError
from huse_tf.public_sets import fashion, folders, food101, grocery
from huse_tf.public_sets.checked import check


def rows(checked):
    return [tuple(product) for product in checked.products]


def add(path, *rows):
    with path.open("ab") as file:
        file.write(b"".join(rows))


@pytest.mark.parametrize(
    "below", [("images/train/", "images/test/"), ("images/", "images/")]
)
def test_food101_keeps_the_test_rows_and_draws_validation_from_training(
    tmp_path, below
):
    checked = check(tmp_path, food101.listing(food(tmp_path, below)))

    counts = {"train": 0, "validation": 0, "test": 0}
    for product in checked.products:
        counts[product.split] += 1
    # 10% of twice 6 training rows is 1.2
    assert counts == {"train": 11, "validation": 1, "test": 4}
    assert checked.drawn == ("validation",)
    test = [product for product in checked.products if product.split == "test"]
    assert test[0].image == f"{below[1]}apple_pie/apple_pie_6.jpg"
    assert {product.class_name for product in test} == {"apple pie", "beet salad"}
    assert not checked.skipped


def test_food101_titles_with_commas_and_quotes(tmp_path):
    checked = check(tmp_path, food101.listing(food(tmp_path)))

    assert [product.text for product in checked.products[:6]] == [
        "Recipe 0 of apple_pie",
        'Pie, "easy", warm',
        "Pie, easy, warm",
        "A pie in two lines",
        '"A quote not closed',
        "Recipe 5 of apple_pie",
    ]
    # lines count from 1, and row 3 has two
    assert checked.repaired == {food101.STRAY_COMMA: ["texts/train_titles.csv line 3"]}


def test_food101_says_what_it_skips(tmp_path):
    food(tmp_path)
    put(tmp_path, "images/test/apple_pie/unnamed.JPG", "images/test/apple_pie/b.jpg")
    add(
        tmp_path / "texts" / "test_titles.csv",  # has 4 lines
        b"apple_pie_6.jpg,Recipe 6 of apple_pie,apple_pie\n",
        b"missing.jpg,A title,apple_pie\n",
        b"apple_pie_6.jpg,Of another class,beet_salad\n",
        b"b.jpg,,apple_pie\n",
        b"b.jpg,caf\xe9,apple_pie\n",
        b"b.jpg,a \0,apple_pie\n",
        b"b.jpg,apple_pie\n",
        b"no picture,A title,apple_pie\n",
        b"../../../../outside.jpg,A title,apple_pie\n",
    )
    checked = check(tmp_path, food101.listing(tmp_path))

    titles = "texts/test_titles.csv line "
    assert len(checked.products) == 16
    assert checked.skipped == {
        "duplicate row": [f"{titles}5"],
        "missing file": [f"{titles}6", f"{titles}7"],
        "empty text": [f"{titles}8"],
        "not UTF-8": [f"{titles}9"],
        "NUL character": [f"{titles}10"],
        "wrong number of columns": [f"{titles}11", f"{titles}12"],
        "image path leaves the images folder": [f"{titles}13"],
        "picture that no readable row names": ["images/test/apple_pie/unnamed.JPG"],
    }


def test_fashion_has_three_levels_in_lower_case_and_a_drawn_split(tmp_path):
    checked = check(tmp_path, fashion.listing(fashion_set(tmp_path)))

    assert rows(checked)[0][:3] == (
        "images/0.jpg",
        "a shirt",
        "apparel<topwear<shirts",
    )
    for name in ("apparel<topwear<shirts", "accessories<headwear<caps"):
        splits = [p.split for p in checked.products if p.class_name == name]
        # 10% of 10 rows of each class
        assert sorted(splits) == ["test", *["train"] * 8, "validation"]
    assert checked.drawn == ("validation", "test")


def test_fashion_repairs_stray_commas_and_says_what_it_skips(tmp_path):
    fashion_set(
        tmp_path,  # its 20 rows are 2 to 21
        style(20, "Mug, blue, large"),
        style(21, '"Mug, quoted"'),
        "20,Men,Apparel,Topwear",
        style(22, "a mug without a picture"),
        style(20, "NA"),
        style(20, "a mug", "Apparel,,Shirts"),
        style(20, '"not closed'),
    )
    put(tmp_path, "images/20.jpg", "images/21.jpg", "images/23.jpg")
    checked = check(tmp_path, fashion.listing(tmp_path))

    assert [p.text for p in checked.products[20:]] == [
        "Mug, blue, large",
        "Mug, quoted",
    ]
    assert checked.repaired == {fashion.STRAY_COMMA: ["styles.csv row 22"]}
    assert checked.skipped == {
        "wrong number of columns": ["styles.csv row 24"],
        "missing file": ["styles.csv row 25"],
        "empty text": ["styles.csv row 26"],
        "empty class": ["styles.csv row 27"],
        "wrong quotes": ["styles.csv row 28"],
        "picture that no readable row names": ["images/23.jpg"],
    }


def test_fashion_needs_its_columns(tmp_path):
    fashion_set(tmp_path)
    path = tmp_path / "styles.csv"
    path.write_text("id,masterCategory,subCategory,articleType,year\n")
    with pytest.raises(InputError, match="no column productDisplayName; found id, "):
        fashion.listing(tmp_path)

    path.write_text(f"{STYLES},price\n")
    with pytest.raises(InputError, match="last column is price; expected productDisp"):
        fashion.listing(tmp_path)


def test_folders_give_the_class_path_and_captions_lie_beside(tmp_path):
    put(
        tmp_path,
        "Shoes/Red Boots/1.jpg",
        "Shoes/Red Boots/red_boot-2.PNG",
        "Hats/1.webp",
        "top.jpg",
        ".thumbnails/1.jpg",
    )
    captions = {
        "Shoes/Red Boots/1.txt": b"\xef\xbb\xbfA red\n boot\n",
        "Hats/1.txt": b"a hat",
        "Hats/2.txt": b"a hat without its picture",
    }
    for name, text in captions.items():
        (tmp_path / name).write_bytes(text)
    checked = check(tmp_path, folders.listing(tmp_path))

    assert [row[:3] for row in rows(checked)] == [
        ("Hats/1.webp", "a hat", "Hats"),
        ("Shoes/Red Boots/1.jpg", "A red boot", "Shoes<Red Boots"),
        ("Shoes/Red Boots/red_boot-2.PNG", "", "Shoes<Red Boots"),
    ]
    assert "1 products are photos without a text" in checked.summary()
    assert checked.skipped == {
        folders.NO_CLASS: ["top.jpg"],
        folders.NO_PICTURE: ["Hats/2.txt"],
    }

    named = check(tmp_path, folders.listing(tmp_path, caption_from_name=True))
    assert [p.text for p in named.products] == ["a hat", "A red boot", "red boot 2"]


def test_a_file_name_without_letters_is_no_caption(tmp_path):
    put(tmp_path, "hats/a_hat.jpg", "shoes/a_shoe.jpg", "shoes/00_12.jpg")
    checked = check(tmp_path, folders.listing(tmp_path, caption_from_name=True))

    assert [p.text for p in checked.products] == ["a hat", "", "a shoe"]
    assert not checked.skipped


def test_names_that_the_catalogue_cannot_hold_are_skipped(tmp_path):
    for name in ("hats", "shoes", "a<b", " "):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.jpg").write_bytes(b"picture")
    (tmp_path / "hats" / "empty_file.jpg").write_bytes(b"")
    with open(os.fsencode(tmp_path) + b"/hats/\xff_hat.jpg", "wb") as file:
        file.write(b"picture")
    checked = check(tmp_path, folders.listing(tmp_path, caption_from_name=True))

    assert [p.image for p in checked.products] == ["hats/x.jpg", "shoes/x.jpg"]
    assert checked.skipped == {
        "spaces around the picture's path": [" /x.jpg"],
        "< in the name of a class": ["a<b/x.jpg"],
        "empty file": ["hats/empty_file.jpg"],
        "not UTF-8": ["hats/\udcff_hat.jpg"],
    }
    assert "first: hats/\\udcff_hat.jpg" in checked.summary()


def test_grocery_keeps_its_splits_and_says_what_it_skips(tmp_path):
    checked = check(tmp_path, grocery.listing(grocery_set(tmp_path)))

    apple = ("About Royal-Gala.", "apple<royal gala")
    assert rows(checked) == [
        ("train/Apple/1.jpg", *apple, "train"),
        ("train/Juice/1.jpg", "About Juice.", "juice<bravo juice", "train"),
        ("val/Apple/1.jpg", *apple, "validation"),
        ("test/Apple/1.jpg", *apple, "test"),
    ]
    assert not checked.drawn
    assert checked.repaired == {grocery.SUFFIX: ["train.txt line 2"]}
    assert checked.skipped == {
        "wrong number of columns": ["classes.csv row 5", "val.txt line 3"],
        "missing file": ["val.txt line 2"],
        grocery.NO_DESCRIPTION: ["test.txt line 2"],
        grocery.UNKNOWN_CLASS: ["test.txt line 3"],
        grocery.WRONG_COARSE: ["test.txt line 4"],
        "picture that no readable row names": ["test/Lime/2.jpg"],
    }


def test_grocery_reads_no_description_outside_of_its_folder(tmp_path):
    (tmp_path / "secret.txt").write_text("a text of somebody else")
    folder = tmp_path / "grocery"
    folder.mkdir()
    grocery_set(folder)
    path = folder / "classes.csv"
    path.write_text(path.read_text().replace("Royal-Gala_Desc", "../../secret.txt#"))
    path.write_text(path.read_text().replace("secret.txt#ription.txt", "secret.txt"))
    products = grocery.listing(folder)

    assert "/../../secret.txt" in path.read_text()
    assert products[1].problem == grocery.NO_DESCRIPTION


def test_the_derived_fashion_catalogue_has_paths_of_this_form():
    """Splitting a path and listing it again gives the path."""
    real = os.environ.get("HUSE_REAL_DATA")
    if not real:
        pytest.skip("HUSE_REAL_DATA names the folder of the real catalogue")
    with (Path(real) / "fashion" / "catalog.csv").open(newline="") as file:
        names = {row["class"] for row in csv.DictReader(file)}

    assert len(names) == 86
    for name in names:
        levels = name.split("<")
        assert len(levels) == len(fashion.CLASS), name
        assert levels == [" ".join(level.lower().split()) for level in levels], name
