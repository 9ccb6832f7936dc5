"""Promise 7: what can be read is read right, the rest is named, memory is bounded."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from catalog_files import read
from PIL import Image

from huse_tf.errors import InputError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
CORNERS = (RED, GREEN, BLUE, WHITE)  # top left, top right, bottom left, bottom right
LONG = "word " * 200_000 + "end"  # 1 MB
MEGABYTES = 350  # the bomb's pixels are 400 MB at one byte each


def picture(colours=CORNERS):
    """A picture of 64 x 64 whose quarters have these colours."""
    quarters = np.array(colours, np.uint8).reshape(2, 2, -1)
    return Image.fromarray(quarters.repeat(32, 0).repeat(32, 1))


def file_of(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def sixteen_bits():
    """Grey levels 0, 51, 102 and 255 as 16-bit samples."""
    grey = np.array([[0, 51], [102, 255]], np.uint16) * 257
    return Image.fromarray(grey.repeat(32, 0).repeat(32, 1))


def turned_right():
    """Stored turned by a quarter to the left, as EXIF orientation 6 says."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = picture().transpose(Image.Transpose.ROTATE_90)
    return file_of(stored, "JPEG", quality=95, exif=exif)


def readable():
    """Name -> file, colours of its quarters, tolerance."""
    jpeg = {"quality": 95, "subsampling": 0}
    clear = [(*RED, 255), (*GREEN, 255), (*BLUE, 255), (0, 0, 0, 0)]
    second = picture((GREEN, RED, WHITE, BLUE)).quantize(8)
    moving = {"save_all": True, "append_images": [second] * 3}
    greys = [(level,) * 3 for level in (0, 51, 102, 255)]
    return {
        "plain.jpg": (file_of(picture(), "JPEG", **jpeg), CORNERS, 4),
        "cmyk.jpg": (file_of(picture().convert("CMYK"), "JPEG", **jpeg), CORNERS, 4),
        "sixteen.png": (file_of(sixteen_bits(), "PNG"), greys, 0),
        "moving.gif": (file_of(picture().quantize(8), "GIF", **moving), CORNERS, 0),
        "clear.png": (file_of(picture(clear), "PNG"), CORNERS, 0),
        "turned.jpg": (turned_right(), CORNERS, 12),
        "pixel.png": (file_of(Image.new("RGB", (1, 1), RED), "PNG"), [RED] * 4, 0),
        "still.webp": (file_of(picture(), "WEBP", lossless=True), CORNERS, 0),
        "moving.webp": (
            file_of(picture(), "WEBP", lossless=True, **moving),
            CORNERS,
            0,
        ),
        "scan.tif": (file_of(picture(), "TIFF"), CORNERS, 0),
        "window.bmp": (file_of(picture(), "BMP"), CORNERS, 0),
        "a PNG.jpg": (file_of(picture(), "PNG"), CORNERS, 0),
    }


def unreadable():
    """Name -> file and the reason in rejected.csv."""
    damaged = "damaged, of a rare kind or over 67,108,864 pixels"
    undecodable = "undecodable picture: "
    jpeg, gif = file_of(picture(), "JPEG"), file_of(picture().quantize(8), "GIF")
    page = b"<!DOCTYPE html><html><title>404</title></html>"
    avif = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(99)
    bomb = file_of(Image.new("1", (20_000, 20_000)), "PNG")
    assert len(bomb) < 100_000
    return {
        "bomb.png": (bomb, f"{undecodable}PNG {damaged}"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], f"{undecodable}JPEG {damaged}"),
        "cut.gif": (gif[: len(gif) // 2], f"{undecodable}GIF {damaged}"),
        "page.jpg": (page, f"{undecodable}HTML, not a picture"),
        "cut.avif": (avif, f"{undecodable}AVIF {damaged}"),
        "old.jp2": (
            file_of(picture(), "JPEG2000"),
            f"{undecodable}JPEG 2000 is not read",
        ),
        "empty.jpg": (b"", "empty file"),
    }


TEXTS = {"emoji": "👕 size 38", "right to left": "חולצה كنزة", "1 MB": LONG, "NA": "NA"}
OUTSIDE = "image path leaves the images folder"
ROWS = [  # what stands wrong in the CSV itself, and its reason
    ("missing.jpg,gone,hat", "missing file"),
    ("../secret.png,climbs,hat", OUTSIDE),
    ("leaves.png,follows a link,hat", OUTSIDE),
    (" , ,hat", "neither picture nor text"),
    ("plain.jpg,n\0l,hat", "NUL character"),
    ('plain.jpg,"wrong" quotes,hat', "wrong quotes"),
    ('plain.jpg,"left open,hat', "wrong quotes"),
    ("image,text,class", "the header again"),
    ("plain.jpg,too few", "wrong number of columns"),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A catalogue with every odd row: with BOM and CRLF, saved by a spreadsheet."""
    folder = tmp_path_factory.mktemp("shop")
    images = folder / "images"
    images.mkdir()
    files = {**readable(), **unreadable()}
    for name, (contents, *_) in files.items():
        (images / name).write_bytes(contents)
    (folder / "secret.png").write_bytes(files["clear.png"][0])
    (images / "leaves.png").symlink_to(folder / "secret.png")
    lines = ["image,text,class"]
    lines += [f"{name},{name} is a cup,cup" for name in files]
    lines += [f"plain.jpg,{text},hat" for text in TEXTS.values()]
    lines += [row for row, _ in ROWS]
    text = "\ufeff" + "".join(f"{line}\r\n" for line in lines)
    (folder / "catalog.csv").write_bytes(text.encode())
    return folder


def run(shop, name):
    """Reads the catalogue in a process of its own: what it says, its two files."""
    features = shop / name
    features.mkdir(exist_ok=True)
    script = Path(__file__).with_name("bad_rows_process.py")
    done = subprocess.run(
        [sys.executable, str(script), str(shop), str(features)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads((features / "answer.json").read_text())
    rejected = (features / "rejected.csv").read_text(encoding="utf-8")
    return answer, rejected, np.load(features / "features.npy", allow_pickle=False)


@pytest.fixture(scope="module")
def outcome(shop):
    return run(shop, "first")


def test_every_row_is_read_right_or_named(outcome):
    answer, rejected, features = outcome
    good = readable()
    assert answer["images"] == [*good, *["plain.jpg"] * len(TEXTS)]
    assert answer["texts"][len(good) :] == list(TEXTS.values())
    expected = {}  # row number -> reason; the header is 1
    for row, (_, reason) in enumerate(unreadable().values(), 2 + len(good)):
        expected[row] = reason
    first = 2 + len(good) + len(unreadable()) + len(TEXTS)
    expected |= {first + i: reason for i, (_, reason) in enumerate(ROWS)}
    listed = list(csv.DictReader(io.StringIO(rejected)))
    assert {int(line["row"]): line["reason"] for line in listed} == expected
    assert f"{len(expected)} rows rejected" in answer["summary"]
    for colours, (_, wanted, tolerance) in zip(features, good.values(), strict=False):
        difference = np.abs(colours - np.ravel(wanted))
        assert difference.max() <= tolerance


def test_a_bomb_takes_little_memory(outcome):
    assert outcome[0]["megabytes"] < MEGABYTES


@pytest.mark.slow
def test_another_run_gives_the_same(shop, outcome):
    answer, rejected, features = run(shop, "second")
    assert rejected == outcome[1]
    assert answer["fingerprint"] == outcome[0]["fingerprint"]
    np.testing.assert_array_equal(features, outcome[2])


def quoted(text):
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows(csv.reader(text.splitlines()))
    return buffer.getvalue().encode()


VARIANTS = {
    "BOM": lambda text: ("\ufeff" + text).encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "old Mac": lambda text: text.replace("\n", "\r").encode(),
    "Latin-1": lambda text: text.encode("latin-1"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "tabs": lambda text: text.replace(",", "\t").encode(),
    "all quoted": quoted,
}


@pytest.fixture
def folder(shop, tmp_path):
    """Another folder with the same pictures."""
    (tmp_path / "images").symlink_to(shop / "images")
    return tmp_path


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_catalogue_however_it_was_saved(folder, variant):
    rows = [
        f"{name},café {i},{'cup' if i % 2 else 'hat'}"
        for i, name in enumerate(readable())
    ]
    text = "\n".join(["image,text,class", *rows, ""])
    plain = read(folder, text, min_class_size=1)
    saved = read(folder, VARIANTS[variant](text), min_class_size=1)
    assert len(plain) == len(rows)
    assert saved.rejected == plain.rejected == ()
    assert saved.fingerprint == plain.fingerprint


def test_a_column_that_comes_twice_is_refused(folder):
    with pytest.raises(InputError, match="2 columns could be the text"):
        read(folder, "image,text,class,text\nplain.jpg,a,cup,b\n")
