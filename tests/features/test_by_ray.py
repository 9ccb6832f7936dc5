"""A catalogue encoded by Ray's workers is what one process encodes."""

import numpy as np
import pytest
from ray_workers import KillsOne
from small_runs import EXAMPLE, ROOT, TINY, products, write_catalog

from huse_tf.catalog import read_catalog
from huse_tf.config import load_config
from huse_tf.encoders.images.factory import make_image_encoder
from huse_tf.encoders.texts.factory import adapted_text_encoder
from huse_tf.features.by_ray import encode_by_ray
from huse_tf.features.encode import encode_images, encode_texts


def stored(config):
    """All rows as one process has them, and how many it had to encode."""
    catalog = read_catalog(config.data)
    texts = adapted_text_encoder(
        config.text_encoder, catalog.texts[catalog.indices("train")]
    )
    found = [
        encode_images(
            make_image_encoder(config.image_encoder), catalog, config.features, False
        ),
        encode_texts(texts, catalog.texts, config.features, False),
    ]
    return [features.load() for features in found], [f.encoded for f in found]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Ray's own
def test_with_a_worker_killed_in_the_middle(tmp_path, capsys):
    pytest.importorskip("ray.data", reason="needs ray: pip install 'huse_tf[ray]'")
    write_catalog(tmp_path / "catalog.csv", products())
    configs = [
        load_config(
            ROOT / "config.ini",
            [
                f"data.csv={tmp_path / 'catalog.csv'}",
                f"data.images={EXAMPLE / 'images'}",
                f"features.folder={tmp_path / name}",
                *(f"{key}={value}" for key, value in TINY.items()),
            ],
        )
        for name in ("one", "ray")
    ]
    expected, encoded = stored(configs[0])
    assert encoded == [24, 24]
    encode_by_ray(configs[1], KillsOne(2))
    output = capsys.readouterr().out
    assert "24/24 100%" in output and "24 products:" in output
    found, encoded = stored(configs[1])
    assert encoded == [0, 0]
    for one, other in zip(expected, found, strict=True):
        # batches and threads decide how sums are rounded: 1e-6 of a length on real
        # pictures, see docs/reliability.md
        apart = np.linalg.norm(other - one, axis=1)
        assert (apart <= 2e-6 * np.linalg.norm(one, axis=1)).all()
