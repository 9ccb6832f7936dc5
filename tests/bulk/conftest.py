import shutil

import pytest
from small_runs import EXAMPLE, products, write_rows

from huse_tf.bulk.request import Request
from huse_tf.run.restore import restore_run


@pytest.fixture(scope="session")
def trained(small_run):
    return restore_run(small_run)


@pytest.fixture
def asked(tmp_path):
    """24 products without classes, the second picture broken, and where answers go.

    They have an id, a price and a split that no training knows.
    """
    images = tmp_path / "images"
    images.mkdir()
    rows = products()
    for row in rows:
        shutil.copyfile(EXAMPLE / "images" / row["image"], images / row["image"])
    (images / rows[1]["image"]).write_bytes(b"not a picture")
    write_rows(
        tmp_path / "asked.csv",
        [
            {
                "id": f"sku-{i}",
                "image": row["image"],
                "text": row["text"],
                "price": str(10 + i),
                "split": "gone",
            }
            for i, row in enumerate(rows)
        ],
    )
    return Request(tmp_path / "asked.csv", images, tmp_path / "out")


@pytest.fixture
def whole(tmp_path):
    """The run's own catalogue, and where answers go."""
    return Request(None, None, tmp_path / "out")
