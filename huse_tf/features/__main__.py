"""Encodes a catalogue, or one part of it, before training.

Ten processes, on one machine or on ten that share features.folder:

    python -m huse_tf.features --config config.ini --part 1/10     to 10/10
"""

import sys

from absl import app, flags

from huse_tf.catalog import read_catalog
from huse_tf.config import load_config
from huse_tf.encoders.images import make_image_encoder
from huse_tf.encoders.texts import make_text_encoder
from huse_tf.errors import InputError
from huse_tf.features.encode import Part, encode_images, encode_texts, read_part

_CONFIG = flags.DEFINE_string("config", "config.ini", "the ini file")
_PART = flags.DEFINE_string("part", "1/1", "K/N: the K-th of N shares, K from 1")
_SET = flags.DEFINE_multi_string("set", [], "section.key=value, over the ini's")


def encode_part(path: str, overrides: list[str], part: Part) -> None:
    """Encodes the pictures and texts of one part of a config's catalogue."""
    config = load_config(path, overrides)
    catalog = read_catalog(config.data, config.training.seed)
    images = make_image_encoder(config.image_encoder)
    features = encode_images(images, catalog, config.features, part=part)
    if features.failed:
        print(f"{len(features.failed):,} pictures failed; training drops them")
    texts = make_text_encoder(config.text_encoder)
    texts.adapt(catalog.texts[catalog.indices("train")])
    encode_texts(texts, catalog.texts, config.features, part=part)


def main(_: list[str]) -> None:
    """Reads the flags; exit status 1 and one line where the input is wrong."""
    try:
        encode_part(_CONFIG.value, _SET.value, read_part(_PART.value))
    except InputError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    app.run(main)
