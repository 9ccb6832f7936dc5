"""Small catalogues for tests: a folder with 0.jpg to 5.jpg, and CSVs for it."""

import pytest

from huse_tf.catalog import read_catalog
from huse_tf.config import DataConfig
from huse_tf.errors import InputError

HEADER = "image,text,class\n"
GOOD = [f"{i}.jpg,a {name} {i},{name}" for i in range(6) for name in ("cup", "hat")]


def fill(folder):
    images = folder / "images"
    images.mkdir()
    for i in range(6):
        (images / f"{i}.jpg").write_bytes(b"picture")
    return folder


def read(folder, content, **keys):
    path = folder / "catalog.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_catalog(DataConfig(csv=path, images=folder / "images", **keys))


def read_rows(folder, *rows, header=HEADER, **keys):
    """Reads the 12 good rows, which are rows 2 to 13, and then `rows`."""
    return read(folder, header + "\n".join([*GOOD, *rows, ""]), **keys)


def reasons(catalog):
    return [(row.row, row.reason) for row in catalog.rejected]


def error(folder, content, **keys):
    with pytest.raises(InputError) as caught:
        read(folder, content, **keys)
    assert "\n" not in str(caught.value)
    return str(caught.value)
