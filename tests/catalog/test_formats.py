"""Tables of every kind give the rows that the same CSV gives, the rest is named."""

import gzip
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from catalog_files import GOOD, HEADER, error, fill, read, reasons

from huse_tf.catalog import frame_reader, read_catalog
from huse_tf.config import DataConfig
from huse_tf.errors import InputError

ROWS = [dict(zip(HEADER.strip().split(","), row.split(","), strict=True))
        for row in GOOD]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path)


@pytest.fixture
def plain(folder):
    return read(folder, HEADER + "\n".join(GOOD))


def same(catalog, plain):
    return catalog.fingerprint == plain.fingerprint and not catalog.rejected


def read_file(folder, name, content, **keys):
    (folder / name).write_bytes(content)
    return read_catalog(folder / name, folder / "images", **keys)


@pytest.mark.parametrize("mark", [",", ";", "|", "\t", "sep=;"])
def test_any_separator_packed_or_not(folder, plain, mark):
    first, mark = (f"{mark}\r\n", ";") if len(mark) > 1 else ("", mark)
    text = first + (HEADER + "\n".join(GOOD) + "\nnone.jpg,a,cup").replace(",", mark)
    for content in (text.encode(), gzip.compress(text.encode())):
        catalog = read_file(folder, "catalog.csv", content)
        assert catalog.texts.tolist() == plain.texts.tolist()
        assert reasons(catalog) == [(14, "missing file")]


@pytest.mark.parametrize("packed", [False, True])
def test_json_lines_and_an_array(folder, plain, packed):
    lines = "\n".join(json.dumps(row) for row in ROWS)
    array = json.dumps(ROWS, indent=1)
    for name, text in (("a.jsonl", lines), ("a.json", array)):
        content = text.encode()
        catalog = read_file(folder, name, gzip.compress(content) if packed else content)
        assert same(catalog, plain)
    assert catalog.rows.tolist() == list(range(12))


def test_json_values_are_text_as_they_are_written(folder):
    """Each row is numbered by its line; a blank one counts, a broken one is named."""
    lines = [
        '{"image": ["0.jpg", "1.jpg"], "text": 1984, "class": 1e2, "price": 1.50}',
        "",
        '{"image": "2.jpg", "text": true, "class": "b", "more": {"a": [1, null]}}',
        '{"image": "3.jpg", "text": null, "class": "b", "price": NaN}',
        '{"image": "3.jpg", "text"',
        '["4.jpg", "t", "b"]',
        '{"image": "4.jpg", "text": "\\ud800", "class": "b"}',
    ]
    catalog = read_file(folder, "a.jsonl", "\n".join(lines).encode(), min_class_size=1)
    assert catalog.rows.tolist() == [1, 1, 3, 4]
    assert catalog.images.tolist() == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert catalog.texts.tolist() == ["1984", "1984", "true", ""]
    assert catalog.class_names == ("1e2", "b")
    assert catalog.carried["price"].tolist() == ["1.50", "1.50", "", ""]
    assert catalog.carried["more"].tolist()[2] == '{"a": ["1", null]}'
    assert reasons(catalog) == [
        (5, "not a JSON object"), (6, "not a JSON object"), (7, "not UTF-8")
    ]  # fmt: skip


def test_a_dataframe(folder, plain):
    frame = pd.DataFrame(ROWS)
    images = folder / "images"
    assert same(read_catalog(frame, images), plain)
    data = DataConfig(csv=folder / "catalog.csv", images=images)
    assert same(read_catalog(data), plain)

    frame.insert(0, "sku", np.array([*range(11), np.nan]))
    frame["stock"] = pd.array([*range(11), None], dtype="Int64")
    frame = frame.set_index("sku")
    catalog = read_catalog(frame, images, text_columns=["text", "class"])
    assert catalog.ids.tolist() == [*map(str, range(11)), "row 11"]
    assert catalog.carried["stock"].tolist() == [*map(str, range(11)), ""]
    assert catalog.texts[0] == "a cup 0. cup"
    assert catalog.rows.tolist() == list(range(12))
    for wrong, message in (([1, 2], "pandas DataFrame. Received: list"),):
        with pytest.raises(InputError, match=message):
            read_catalog(wrong, images)
    with pytest.raises(InputError, match="`images`: expected the folder"):
        read_catalog(frame)
    with pytest.raises(InputError, match="`seperator`: no key of"):
        read_catalog(frame, images, seperator="<")


def test_parquet(folder, plain):
    pytest.importorskip("pyarrow", reason="the extra parquet reads it")
    frame = pd.DataFrame(ROWS).assign(tags=[["a", "b"]] * 12, rank=[1, None] * 6)
    frame.to_parquet(folder / "catalog.parquet")
    catalog = read_catalog(folder / "catalog.parquet", folder / "images")
    assert same(catalog, plain)
    assert catalog.rows.tolist() == list(range(12))
    assert catalog.carried["tags"][0] == "a|b"
    assert catalog.carried["rank"].tolist()[:2] == ["1", ""]
    damaged = b"PAR1" + bytes(100) + b"PAR1"
    with pytest.raises(InputError, match="a Parquet file that cannot be read"):
        read_file(folder, "catalog.parquet", damaged)


def test_parquet_without_the_extra(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install 'huse_tf\[parquet\]'"):
        frame_reader.read_parquet(folder / "x", b"PAR1")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (r'"a \"quoted\" word"', 'a "quoted" word'),
        (r'"5\" heel, \\ new"', '5" heel, \\ new'),
        (r'"ends\""', 'ends"'),
    ],
)
def test_quotes_after_backslashes(folder, row, text):
    """As Spark and MySQL write them; \\N is MySQL's empty cell."""
    rows = [*GOOD, rf"0.jpg,{row},cup", r"1.jpg,\N,hat"]
    catalog = read(folder, HEADER + "\n".join(rows))
    assert catalog.texts.tolist()[-2:] == [text, ""]
    assert not catalog.rejected


def test_a_backslash_at_the_end_of_a_field_is_none_before_a_quote(folder):
    rows = [*GOOD, '0.jpg,"from C:\\shop\\",cup', '1.jpg,"said ""so""",hat']
    catalog = read(folder, HEADER + "\n".join(rows))
    assert catalog.texts.tolist()[-2:] == ["from C:\\shop\\", 'said "so"']


def workbook(path, name):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "x")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            gzip.compress(b"image,text,class\n" * 99, mtime=0)[:-9],
            "packed with gzip, and cut",
        ),
        ("xl/workbook.xml", "is an Excel workbook (.xlsx); save it as CSV UTF-8"),
        ("content.xml", "is an OpenDocument sheet (.ods)"),
        ("catalog.csv", "is a zip archive (catalog.csv); unpack it"),
        (b"PK\x03\x04", "is a damaged zip archive"),
        (b"\n <!DOCTYPE HTML><html>", "is an HTML page; download the file itself"),
        (b"%PDF-1.7", "is a PDF; export the table as CSV"),
        (b"SQLite format 3\0", "is an SQLite database"),
        (b"\x28\xb5\x2f\xfd", "is packed with zstd; unpack it"),
        (b"\0" * 257 + b"ustar", "is a tar archive"),
        (b"<?xml version='1.0'?><rss>", "is XML; export the products as CSV"),
        (b"[1, 2", "begins as a JSON array but cannot be read"),
        (b"[1, 2]", "JSON without an object; expected one object a line"),
        (b"[" * 100_000, "begins as a JSON array but cannot be read"),
        (b"sep=;\r\n", "the file is empty"),
    ],
)
def test_what_a_file_is_instead(folder, content, message):
    if isinstance(content, str):
        content = workbook(folder / "made.zip", content)
    assert message in error(folder, content)
