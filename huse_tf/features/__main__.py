"""Encodes a catalogue, or one part of it, before training.

Example: {program} --config config.ini --part 1/10

Ten processes, on one machine or on ten that share features.folder, each with the flags
of a trainer and its part, 1/10 to 10/10, share the work. `--engine ray` has the parts
given out to workers, and those of a lost worker to others.
"""

import sys

from absl import flags

from huse_tf import cli
from huse_tf.catalog import check_sources, read_catalog

cli.define_training_flags()
cli.define_engine()
_PART = flags.DEFINE_string("part", "1/1", "K/N: the K-th of N shares, K from 1.")


def main() -> None:
    """Encodes the pictures and the texts of one part of the catalogue."""
    config = cli.training_config()
    check_sources(config.data)
    cluster = cli.cluster(alone=_PART.value == "1/1")
    cli.start_tensorflow()
    if cluster:
        from huse_tf.features.by_ray import encode_by_ray

        encode_by_ray(config, cluster)
        return
    from huse_tf.encoders.images.factory import make_image_encoder
    from huse_tf.encoders.texts.factory import adapted_text_encoder
    from huse_tf.features.encode import encode_images, encode_texts, read_part

    part = read_part(_PART.value)
    catalog = read_catalog(config.data)

    images = make_image_encoder(config.image_encoder)
    features = encode_images(images, catalog, config.features, part=part)
    if features.failed:
        print(f"{len(features.failed):,} pictures failed; training drops their rows")

    # from all training rows, as train.py does, whatever the part
    texts = adapted_text_encoder(
        config.text_encoder, catalog.texts[catalog.indices("train")]
    )
    encode_texts(texts, catalog.texts, config.features, part=part)


if __name__ == "__main__":
    cli.run(sys.modules[__name__], "python -m huse_tf.features")
