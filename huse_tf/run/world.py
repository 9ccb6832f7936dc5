"""A digest of all that decides what a metric's value means."""

import hashlib
from collections.abc import Sequence

from huse_tf.config import Config
from huse_tf.run.changes import MAY_CHANGE
from huse_tf.run.folder import RunFolder


def world(run: RunFolder, config: Config) -> str:
    """Returns a digest of all that decides what a metric's value means.

    Of the config only what departs from what runs do unless told otherwise: a key that
    a later version adds leaves the digests of earlier runs as they are.
    """
    return _digest(run, config.departures())


def former_world(run: RunFolder, config: Config, keys: Sequence[str]) -> str:
    """Returns the digest that earlier versions put into their checkpoints.

    They took in every key that there was, which are those of the config.ini they wrote.

    Args:
        run: described.
        config: the effective one.
        keys: "section.key" of that config.ini, in its order; none of a new run.
    """
    lines = config.to_lines()
    return _digest(run, [lines[key] for key in keys])


def _digest(run: RunFolder, settings: Sequence[str]) -> str:
    kept = [line for line in settings if not line.startswith(MAY_CHANGE)]
    digest = hashlib.sha256("\n".join(kept).encode())
    digest.update(run.catalog_file.read_bytes() + run.encoders_file.read_bytes())
    return digest.hexdigest()
