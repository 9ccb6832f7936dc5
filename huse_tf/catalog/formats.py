"""What a file is by its content, where it is no table of text."""

import io
import zipfile

GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"

_UNPACK = "unpack it, and name the file inside"
_SAVE = "save it as CSV UTF-8"
_MARKS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)", _SAVE),
    (b"%PDF", "a PDF", "export the table as CSV"),
    (b"SQLite format 3\0", "an SQLite database", "export the table as CSV"),
    (b"ARROW1", "an Arrow or Feather file", "save it as Parquet or CSV"),
    (b"ORC", "an ORC file", "save it as Parquet or CSV"),
    (b"Obj\x01", "an Avro file", "save it as Parquet or CSV"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "save it as Parquet or CSV"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", _UNPACK),
    (b"BZh", "packed with bzip2", _UNPACK),
    (b"\xfd7zXZ\0", "packed with xz", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", "name a table of products"),
    (b"\xff\xd8\xff", "a JPEG picture", "name a table of products"),
    (b"GIF8", "a GIF picture", "name a table of products"),
)
_HTML = "download the file itself, without the page around it"
_MARKUP = (
    (b"<!doctype html", "an HTML page", _HTML),
    (b"<html", "an HTML page", _HTML),
    (b"<?xml", "XML", "export the products as CSV"),
    (b"<rss", "XML", "export the products as CSV"),
)


def other_than_text(data: bytes) -> str:
    """Says what a file is that is no table of text, and what to do; "" for text.

    Args:
        data: the whole file, unpacked.
    """
    if data.startswith(b"PK\x03\x04"):
        return _archive(data)
    if data[257:262] == b"ustar":
        return f"a tar archive; {_UNPACK}"
    for mark, what, remedy in _MARKS:
        if data.startswith(mark):
            return f"{what}; {remedy}"
    start = data[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for mark, what, remedy in _MARKUP:
        if start.startswith(mark):
            return f"{what}; {remedy}"
    return ""


def _archive(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return "a damaged zip archive; get it anew"
    if any(name.startswith("xl/") for name in names):
        return f"an Excel workbook (.xlsx); {_SAVE}"
    if "content.xml" in names:
        return f"an OpenDocument sheet (.ods); {_SAVE}"
    shown = ", ".join(names[:3])[:200]
    return f"a zip archive ({shown}); {_UNPACK}"
