"""Vectors that Ray's workers write are those of one process."""

import pytest
from ray_workers import KillsOne
from small_runs import products
from test_embed import table_of

from huse_tf.bulk import by_ray
from huse_tf.bulk.embed import embed_catalogue
from huse_tf.bulk.formats import VECTORS
from huse_tf.bulk.request import Request
from huse_tf.cluster import Cluster


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Ray's own
def test_with_a_worker_killed_in_the_middle(
    trained, whole, tmp_path, monkeypatch, capsys
):
    pytest.importorskip("ray.data", reason="needs ray: pip install 'huse_tf[ray]'")
    monkeypatch.setattr(by_ray, "PART_ROWS", 3)
    embed_catalogue(trained, whole)
    shared = Request(None, None, tmp_path / "shared")
    by_ray.embed_by_ray(trained, False, shared, "parquet", None, KillsOne(2))
    assert len(list(shared.to.glob("*.parquet"))) == 8, "24 products, 3 a file"
    one, many = table_of(whole.to), table_of(shared.to)
    assert one.keys() == many.keys()
    for name, cells in one.items():
        if name in VECTORS:
            for row, other in zip(cells, many[name], strict=True):
                assert row == pytest.approx(other, abs=1e-6)
        else:
            assert cells == many[name], name
    assert f"{len(products())} products are in" in capsys.readouterr().out
    files = {path: path.stat().st_mtime_ns for path in shared.to.glob("*.parquet")}
    by_ray.embed_by_ray(trained, False, shared, "parquet", None, Cluster(1))
    assert {path: path.stat().st_mtime_ns for path in files} == files
