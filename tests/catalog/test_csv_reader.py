"""CSV files: what can be read is read right, the rest costs its own row."""

import csv

import pytest
from catalog_files import GOOD, HEADER, error, fill, read, read_rows, reasons
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huse_tf.catalog import csv_reader
from huse_tf.errors import InputError


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path)


@pytest.mark.parametrize(
    "text", ["NA", "1984", "null", "007", "1e5", "None", "ש👕", "#"]
)
def test_everything_is_text(folder, text):
    catalog = read(
        folder, HEADER + f"0.jpg,{text},NA\n1.jpg,{text},1\n", min_class_size=1
    )
    assert catalog.texts.tolist() == [text, text]
    assert catalog.class_names == ("1", "NA")


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_separators_line_ends_and_encodings(folder, separator, newline, encoding):
    rows = [["Filename", " Title ", "CATEGORY", "price"]]
    rows += [[f"{i}.jpg", f"café {i}", "ab"[i % 2], ""] for i in range(6)]
    text = newline.join(separator.join(row) for row in rows)
    catalog = read(folder, text.encode(encoding))
    assert catalog.texts.tolist() == [f"café {i}" for i in range(6)]
    assert catalog.class_names == ("a", "b")
    assert ("was read as Windows-1252" in catalog.summary()) == (encoding == "latin-1")


def test_blank_lines_are_counted_but_not_rejected(folder):
    catalog = read_rows(folder, "", "   ", "none.jpg,a,cup")
    assert reasons(catalog) == [(16, "missing file")]


def test_quotes_commas_and_line_breaks_inside_of_a_field(folder):
    catalog = read_rows(
        folder,
        '0.jpg,"red, ""new""\nsecond line, with, commas",cup',
        '1.jpg,5" heel,hat',
        "none.jpg,a,cup",
    )
    assert catalog.texts[-2:].tolist() == [
        'red, "new"\nsecond line, with, commas',
        '5" heel',
    ]
    assert reasons(catalog) == [(16, "missing file")]


@pytest.mark.parametrize("closing", [[], ['1.jpg,"a, b",hat'], ['1.jpg,big 5",hat']])
def test_a_quote_left_open_costs_one_row(folder, closing):
    """The quote opens in row 14; the third closing makes a well-formed long field."""
    rows = ['0.jpg,"oops,cup', "1.jpg,next,hat", "2.jpg,more,cup", *closing]
    catalog = read_rows(folder, *rows)
    assert reasons(catalog) == [(14, "wrong quotes")]
    assert len(catalog) == len(GOOD) + 2 + len(closing)


def test_many_open_quotes_do_not_take_quadratic_time(folder, monkeypatch):
    """With every quote read 50 lines ahead at most, all is as with 20,000 lines."""
    monkeypatch.setattr(csv_reader, "PATIENCE", 10)
    monkeypatch.setattr(csv_reader, "FEW_LINES", 50)
    lines_read = 0
    original = csv_reader._Feed.lines

    def counted(feed):
        nonlocal lines_read
        for line in original(feed):
            lines_read += 1
            yield line

    monkeypatch.setattr(csv_reader._Feed, "lines", counted)
    catalog = read_rows(folder, *['x","""'] * 1000, "0.jpg,last,cup")
    assert len(catalog.rejected) == 1000
    assert catalog.texts[-1] == "last"
    assert lines_read < 1000 * 60


def test_a_text_of_a_megabyte_is_read_and_a_longer_one_bounded(folder, monkeypatch):
    long = "word " * 200_000 + "end"
    limit = csv.field_size_limit()
    assert read_rows(folder, f"0.jpg,{long},cup").texts[-1] == long
    monkeypatch.setattr(csv_reader, "MAX_FIELD", 1000)
    catalog = read_rows(folder, f"0.jpg,{long},cup", "0.jpg,short,cup")
    assert reasons(catalog) == [(14, csv_reader.TOO_LONG)]
    assert catalog.texts[-1] == "short"
    assert csv.field_size_limit() == limit
    assert max(len(row.image) for row in catalog.rejected) == 200


def test_bytes_that_are_not_utf8_in_a_utf8_file_cost_their_row(folder):
    content = (HEADER + "\n".join(GOOD)).encode()
    content += "\n0.jpg,œuvre,cup\n1.jpg,".encode() + b"caf\xe9,hat\n"
    catalog = read(folder, content)
    assert reasons(catalog) == [(15, "not UTF-8")]
    assert catalog.texts[-1] == "œuvre"
    catalog.write_rejected(folder / "rejected.csv")
    assert "caf\\udce9" in (folder / "rejected.csv").read_text(encoding="utf-8")


@settings(
    max_examples=300,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pieces=st.lists(
        st.sampled_from(
            [b"0.jpg", b"1.jpg", b"cup", b"hat", b"a", b'"', b'""', b",", b";", b"\t"]
            + [b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"\xc3\xa9", b"../", b"<", b" "]
            + [HEADER.encode(), GOOD[0].encode() + b"\n", GOOD[1].encode() + b"\n"]
        )
        | st.binary(max_size=4),
        max_size=40,
    ),
    start=st.sampled_from([b"", HEADER.encode(), b"\xff\xfe", b"\xef\xbb\xbf"]),
)
def test_any_bytes_give_a_catalogue_or_one_line(folder, pieces, start):
    """Every row after the header is kept, rejected or blank; nothing else is raised."""
    try:
        catalog = read(folder, start + b"".join(pieces), min_class_size=1)
    except InputError as caught:
        assert "\n" not in str(caught)
        return
    kept = zip(catalog.rows.tolist(), catalog.images, strict=True)
    pictures = [*kept, *((row.row, row.image) for row in catalog.rejected)]
    assert len(set(pictures)) == len(pictures)
    assert set(catalog.images) <= {"", *(f"{i}.jpg" for i in range(6))}
    catalog.write_rejected(folder / "rejected.csv")
    assert catalog.summary()
    assert len(catalog.fingerprint) == 64


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "the file is empty"),
        (b"\xef\xbb\xbf\r\n \r\n", "the file is empty"),
        (HEADER, "a header without rows"),
        (HEADER + "\n \n", "a header without rows"),
        (HEADER + "0.jpg,a,cup\n1.jpg,b,cup\n", "one class only, 'cup'"),
        (HEADER + "x.jpg,a,cup\n1.jpg,b,\n", "every row is rejected (2): 1 missing "
         "file (first: row 2 'x.jpg'), 1 empty class, or an empty level in its path"),
        ("image,text,class".encode("utf-16-le"), "NUL characters in the header"),
        (b"\xff\xfea\x00\x00\xd8\x00", "broken UTF-16"),
        ('"image,text,class\n', "cannot read the header"),
        (b"\x89PNG\r\n\x1a\n rest of a picture", "catalog.csv is a PNG picture; name"),
    ],
)  # fmt: skip
def test_files_without_a_catalogue(folder, content, expected):
    assert expected in error(folder, content)
