"""data/prepare.py on small trees of the published layouts, broken rows included."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from huse_tf.catalog import read_catalog
from huse_tf.config import DataConfig
from huse_tf.errors import InputError
from huse_tf.public_sets import fashion, folders, food101, grocery
from huse_tf.public_sets.checked import check

ROOT = Path(__file__).resolve().parents[1]
STYLES = (
    "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,"
    "productDisplayName"
)
CLASSES = (
    "Class Name (str),Class ID (int),Coarse Class Name (str),Coarse Class ID (int),"
    "Iconic Image Path (str),Product Description Path (str)"
)


def put(folder, *pictures, **texts):
    """Writes pictures by path, and texts by path with __ for / and no suffix."""
    for name in pictures:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"picture")
    for name, text in texts.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def lines(*rows):
    return "\n".join([*rows, ""])


def style(number, name="a shirt", kind="Apparel,Topwear,Shirts"):
    return f"{number},Men,{kind},Red,Fall,2011,Casual,{name}"


def rows(checked):
    return [tuple(product) for product in checked.products]


def load(folder, path):
    catalog = read_catalog(DataConfig(csv=path, images=folder, min_class_size=1), 0)
    assert not catalog.rejected
    return catalog


def run(*arguments, cwd):
    """Runs the script as a user does, away from the repository."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, str(ROOT / "data" / "prepare.py"), *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
    )


def food(folder, below=("images/train/", "images/test/")):
    """12 training rows and 4 test rows of two classes, titles of every kind."""
    train, test = below
    titles = {"apple_pie": [], "beet_salad": []}
    for name, found in titles.items():
        put(folder, *(f"{train}{name}/{name}_{i}.jpg" for i in range(6)))
        put(folder, *(f"{test}{name}/{name}_{i}.jpg" for i in (6, 7)))
        found += [f"{name}_{i}.jpg,Recipe {i} of {name},{name}" for i in range(8)]
    titles["apple_pie"][1] = 'apple_pie_1.jpg,"Pie, ""easy"", warm",apple_pie'
    titles["apple_pie"][2] = "apple_pie_2.jpg,Pie, easy, warm,apple_pie"
    titles["apple_pie"][3] = 'apple_pie_3.jpg,"A pie\nin two lines",apple_pie'
    titles["apple_pie"][4] = 'apple_pie_4.jpg,"A quote not closed,apple_pie'
    put(
        folder,
        texts__train_titles=lines(*(row for t in titles.values() for row in t[:6])),
        texts__test_titles=lines(*(row for t in titles.values() for row in t[6:])),
    )
    for name in ("train_titles", "test_titles"):
        (folder / "texts" / name).rename(folder / "texts" / f"{name}.csv")
    return folder


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


def fashion_set(folder, *broken):
    good = [style(i) for i in range(10)]
    good += [style(i, "a cap", "Accessories,Headwear,Caps") for i in range(10, 20)]
    put(folder, *(f"images/{i}.jpg" for i in range(20)))
    (folder / "styles.csv").write_text(lines(STYLES, *good, *broken))
    return folder


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
    ]
    assert checked.skipped == {
        folders.NO_CLASS: ["top.jpg"],
        folders.NO_CAPTION: ["Shoes/Red Boots/red_boot-2.PNG"],
        folders.NO_PICTURE: ["Hats/2.txt"],
    }

    named = check(tmp_path, folders.listing(tmp_path, caption_from_name=True))
    assert [p.text for p in named.products] == ["a hat", "A red boot", "red boot 2"]


def test_a_file_name_without_letters_is_no_caption(tmp_path):
    put(tmp_path, "hats/a_hat.jpg", "shoes/a_shoe.jpg", "shoes/00_12.jpg")
    checked = check(tmp_path, folders.listing(tmp_path, caption_from_name=True))

    assert len(checked.products) == 2
    assert checked.skipped == {folders.NO_CAPTION: ["shoes/00_12.jpg"]}


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


def grocery_set(folder):
    about = "/iconic-images-and-descriptions/"
    for name in ("Royal-Gala", "Juice"):
        path = folder / f"{about[1:]}{name}_Description.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"About {name}.\n")
    classes = [
        f"Royal-Gala,0,Apple,0,{about}i.jpg,{about}Royal-Gala_Description.txt",
        f"Bravo-Juice,1,Juice,1,{about}i.jpg,{about}Juice_Description",
        f"Lime,2,Lime,2,{about}i.jpg,{about}Lime_Description.txt",
        "Kiwi,3",
    ]
    (folder / "classes.csv").write_text(lines(CLASSES, *classes))
    put(
        folder,
        "train/Apple/1.jpg",
        "train/Juice/1.jpg",
        "val/Apple/1.jpg",
        "test/Apple/1.jpg",
        "test/Lime/1.jpg",
        "test/Lime/2.jpg",
    )
    lists = {
        "train": ["train/Apple/1.jpg, 0, 0", "train/Juice/1.jpg, 1, 1"],
        "val": ["val/Apple/1.jpg, 0, 0", "val/Apple/2.jpg, 0, 0", "val/Apple/1.jpg"],
        "test": [
            "test/Apple/1.jpg, 0, 0",
            "test/Lime/1.jpg, 2, 2",
            "test/Apple/1.jpg, 3, 0",
            "test/Apple/1.jpg, 0, 1",
        ],
    }
    for name, found in lists.items():
        (folder / f"{name}.txt").write_text(lines(*found))
    return folder


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


@pytest.mark.parametrize(
    ("layout", "build"),
    [("food101", food), ("fashion", fashion_set), ("grocery", grocery_set)],
)
def test_command_writes_a_catalogue_that_loads(tmp_path, layout, build):
    (tmp_path / "the set").mkdir()
    folder = build(tmp_path / "the set")
    done = run(layout, "--from", folder, "--to", "catalog.csv", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    catalog = load(folder, tmp_path / "catalog.csv")
    listing = {"food101": food101, "fashion": fashion, "grocery": grocery}[layout]
    checked = check(folder, listing.listing(folder))
    assert [*zip(catalog.images, catalog.texts, catalog.split, strict=True)] == [
        (product.image, product.text, product.split) for product in checked.products
    ]
    assert checked.summary() in done.stdout
    assert f"--set 'data.images={folder}'" in done.stdout
    assert sorted(os.listdir(tmp_path)) == ["catalog.csv", "the set"]


def test_command_on_folders_with_captions_from_names(tmp_path):
    put(
        tmp_path, *(f"{kind}/{kind} {i}.jpg" for kind in ("hat", "cup") for i in (1, 2))
    )
    arguments = ("folders", "--from", tmp_path, "--to", tmp_path / "catalog.csv")
    done = run(*arguments, "--caption_from_name", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    catalog = load(tmp_path, tmp_path / "catalog.csv")
    assert list(catalog.texts) == ["cup 1", "cup 2", "hat 1", "hat 2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no layout named; expected food101, fashion, folders, grocery"),
        (("food",), "no layout called 'food'; expected food101"),
        (
            ("fashion", "--from", "."),
            "expected --from, the data set's folder, and --to",
        ),
        (("fashion", "--from", "x", "--to", "y"), "x: no such folder; --from names"),
        (("fashion", "--from", ".", "--to", "y"), "no styles.csv; expected Fashion"),
        (
            ("fashion", "--from", ".", "--to", "y", "--caption_from_name"),
            "--caption_from_name is for folders, not for fashion",
        ),
        (
            ("folders", "--from", ".", "--to", "y"),
            "0 products of 0 classes can be used, expected two classes or more; "
            "skipped: 1 picture without a caption (first: hat/1.jpg)",
        ),
    ],
)
def test_wrong_input_is_one_line_and_status_1(tmp_path, arguments, message):
    put(tmp_path, "hat/1.jpg")
    done = run(*arguments, cwd=tmp_path)

    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert message in done.stderr
    assert os.listdir(tmp_path) == ["hat"]


def test_an_older_catalogue_stays_where_writing_fails(tmp_path, monkeypatch):
    checked = check(tmp_path, fashion.listing(fashion_set(tmp_path)))
    path = tmp_path / "catalog.csv"
    path.write_text("older")
    before = sorted(os.listdir(tmp_path))

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(InputError, match="cannot be written: No space left"):
            checked.write(path)
    assert path.read_text() == "older"
    assert sorted(os.listdir(tmp_path)) == before

    checked.write(path)
    with path.open(newline="") as file:
        assert next(csv.reader(file)) == ["image", "text", "class", "split"]


def test_summary_counts_by_reason_with_the_first_example(tmp_path):
    fashion_set(tmp_path, style(30), style(31), style(0, "Mug, blue"), "a,b")
    checked = check(tmp_path, fashion.listing(tmp_path))

    assert checked.summary() == "\n".join(
        [
            "21 products in 2 classes: 17 train, 2 validation, 2 test",
            "validation and test rows are not the publisher's: 10% each, drawn by "
            "class, always the same",
            "1 repaired:",
            "        1  comma in a productDisplayName without quotes (first: "
            "styles.csv row 24)",
            "3 skipped:",
            "        2  missing file (first: styles.csv row 22)",
            "        1  wrong number of columns (first: styles.csv row 25)",
        ]
    )


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
