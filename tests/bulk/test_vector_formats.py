"""Blocks of vectors to files: groups, absent vectors, names that are taken."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from huse_tf.bulk import formats
from huse_tf.bulk.formats import VECTORS, Block
from huse_tf.bulk.products import own_columns
from huse_tf.bulk.tables import write_table
from huse_tf.catalog import Catalog

pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")


def block(first, last):
    """Rows first to last - 1; row 4 has no picture, row 5 nothing at all."""
    numbers = np.arange(first, last, dtype=np.float32)[:, None] + 1
    vectors = {name: numbers * [1, -1] for name in VECTORS}
    vectors = {n: v.astype(np.float32) for n, v in vectors.items()}
    vectors["image_embedding"][numbers[:, 0] == 5] = 0
    for values in vectors.values():
        values[numbers[:, 0] == 6] = 0
    return Block({"id": [f"n{i}" for i in range(first, last)]}, vectors)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_groups_do_not_depend_on_the_blocks(tmp_path, monkeypatch, size):
    monkeypatch.setattr(formats, "GROUP_ROWS", 3)
    blocks = (block(i, min(i + size, 7)) for i in range(0, 7, size))
    formats.write_parquet(tmp_path / "v", blocks, 7, {"dim": 2})
    file = pq.ParquetFile(tmp_path / "v.parquet")
    groups = [file.metadata.row_group(i).num_rows for i in range(3)]
    assert groups == [3, 3, 1] and file.metadata.num_row_groups == 3
    assert file.schema_arrow.metadata[b"huse_tf"] == b'{"dim": 2}'
    table = file.read().to_pydict()
    assert table["id"] == [f"n{i}" for i in range(7)]
    assert table["embedding"][0] == [1, -1]
    assert [row is None for row in table["image_embedding"]] == [False] * 4 + [
        *(True, True, False)
    ]
    assert table["valid"] == [True] * 5 + [False, True]
    (tmp_path / "v.parquet").rename(tmp_path / "first")
    formats.write_parquet(tmp_path / "v", [block(0, 7)], 7, {"dim": 2})
    assert (tmp_path / "v.parquet").read_bytes() == (tmp_path / "first").read_bytes()


def test_arrays_that_fail_leave_nothing(tmp_path):
    def failing():
        yield block(0, 3)
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        formats.write_npy(tmp_path / "v", failing(), 7, {})
    assert list(tmp_path.iterdir()) == []


def test_tables_hold_the_same_in_every_format(tmp_path):
    blocks = [{"id": ["a,1", "é"], "p": [0.5, 0.25]}, {"id": ["\ud800"], "p": [1.0]}]
    for ending in (".csv", ".jsonl", ".parquet"):
        write_table(tmp_path / f"t{ending}", iter(blocks))
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == (
        'id,p\r\n"a,1",0.5\r\né,0.25\r\n\\ud800,1.0\r\n'
    ).replace("\r\n", "\n")
    assert (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines() == [
        '{"id": "a,1", "p": 0.5}',
        '{"id": "é", "p": 0.25}',
        '{"id": "?", "p": 1.0}',
    ]
    table = pq.read_table(tmp_path / "t.parquet").to_pydict()
    assert table == {"id": ["a,1", "é", "?"], "p": [0.5, 0.25, 1.0]}


def make_catalog(**changes):
    n = 2
    column = np.array(["x", "y"], object)
    return dataclasses.replace(
        Catalog(
            images=column,
            texts=column,
            labels=np.array([0, -1], np.int32),
            class_names=(),
            split=column,
            rows=np.arange(n),
            image_root=Path("."),
            rejected=(),
            ids=np.array(["1", "2"], object),
        ),
        **changes,
    )


def test_own_columns_stand_behind_the_id_and_give_way_to_ours():
    cells = np.array(["p", "q"], object)
    own = {"price": cells, "valid": cells, "own_valid": cells}
    columns = own_columns(make_catalog(carried=own), ("valid",))
    assert list(columns) == ["id", "price", "own_valid", "own_own_valid"] + [
        *("image", "text")
    ]
    labelled = make_catalog(class_names=("bags", "mugs"))
    assert own_columns(labelled)["class"].tolist() == ["bags", ""]
