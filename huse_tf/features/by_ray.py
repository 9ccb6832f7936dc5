"""A catalogue encoded by the workers of a Ray cluster, part by part."""

import functools
from collections.abc import Iterator

import numpy as np

from huse_tf.catalog import Catalog, read_catalog
from huse_tf.cluster import Answer, Cluster
from huse_tf.config import Config

Cells = tuple[list[str], list[str]]  # paths of pictures, texts


def encode_by_ray(config: Config, cluster: Cluster) -> None:
    """Encodes what is not in the features' folder yet, and says what was done.

    The catalogue is read once, here, and its parts are handed out. What a worker wrote
    before it died is found by whoever gets its part.

    Args:
        config: its features.folder is one folder for all machines of the cluster.
        cluster: whose workers encode.

    Raises:
        InputError: the user's input is wrong, or the cluster's.
        Interrupted: a signal came; what was encoded is kept.
    """
    from huse_tf.encoders.texts.factory import adapted_text_encoder

    catalog = read_catalog(config.data)
    # from all training rows, as train.py does
    texts = adapted_text_encoder(
        config.text_encoder, catalog.texts[catalog.indices("train")]
    )
    make = functools.partial(PartEncoder, config, texts.state())
    parts = _parts(catalog, cluster)
    total = cluster.add_up(make, parts, len(catalog), "Encoding")
    print(
        f"{len(catalog):,} products: {total['images']:,} pictures and "
        f"{total['texts']:,} texts encoded, the others were there, in "
        f"{config.features.folder}"
    )
    if total["failed"]:
        print(f"{total['failed']:,} pictures failed; training drops their rows")


class PartEncoder:
    """What does a part: encoders, stores and names of pictures, opened once."""

    def __init__(self, config: Config, text_state: dict[str, np.ndarray]) -> None:
        """Builds the encoders and opens their stores.

        Args:
            config: the driver's.
            text_state: what the text encoder learned there.
        """
        from huse_tf.encoders.images.factory import make_image_encoder
        from huse_tf.encoders.texts.factory import restored_text_encoder
        from huse_tf.features.encode import ImageEncoding, TextEncoding

        self._images = ImageEncoding(
            make_image_encoder(config.image_encoder),
            config.data.images,
            config.features,
            progress=False,
        )
        text_encoder = restored_text_encoder(config.text_encoder, text_state)
        self._texts = TextEncoding(text_encoder, config.features, progress=False)

    def __call__(self, cells: Cells) -> Answer:
        """Encodes a part; returns how many rows it has and how many were encoded."""
        paths, texts = (np.array(column, object) for column in cells)
        images = self._images.features(paths)
        return {
            "products": len(paths),
            "images": images.encoded,
            "texts": self._texts.features(texts).encoded,
            "failed": len(images.failed),
        }


def _parts(catalog: Catalog, cluster: Cluster) -> Iterator[Cells]:
    for share in cluster.shares(len(catalog)):
        yield catalog.images[share].tolist(), catalog.texts[share].tolist()
