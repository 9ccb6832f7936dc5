"""Small trees of the published layouts, for tests."""

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


def fashion_set(folder, *broken):
    good = [style(i) for i in range(10)]
    good += [style(i, "a cap", "Accessories,Headwear,Caps") for i in range(10, 20)]
    put(folder, *(f"images/{i}.jpg" for i in range(20)))
    (folder / "styles.csv").write_text(lines(STYLES, *good, *broken))
    return folder


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
