"""From [image_encoder] to an image encoder."""

import functools
from pathlib import Path
from typing import Protocol

import keras
import tensorflow as tf

from huse_tf.encoders import fine_tuning, hub, model_ops
from huse_tf.encoders.base import ImageEncoder
from huse_tf.encoders.contract import check_image_encoder, make_own
from huse_tf.encoders.images import backbones, decode
from huse_tf.encoders.images import modules as image_modules
from huse_tf.encoders.registry import IMAGE_ENCODERS, image_kind
from huse_tf.errors import InputError


class BackboneEncoder(ImageEncoder):
    """A network over decoded pictures, frozen or fine-tuned."""

    def __init__(
        self,
        backbone: backbones.Backbone,
        size: int,
        identity: dict[str, object],
        fine_tune: str = "none",
        train_batch_norm: bool = False,
    ):
        """Freezes what is not to be fine-tuned.

        Args:
            backbone: the network; not shared with another encoder if fine-tuned.
            size: side of the pictures.
            identity: name and scaling of the backbone.
            fine_tune: none | last_N | all.
            train_batch_norm: whether batch-norm layers train too.

        Raises:
            InputError: fine_tune asks for what the network does not have.
        """
        super().__init__(trainable=fine_tune != "none", dtype="float32", autocast=False)
        self.size = size
        self.network = backbone.network
        self._scale = backbone.scale
        fine_tuning.freeze(self.network, fine_tune, train_batch_norm)
        self.dim = backbone.dim
        self.identity = {
            **identity,
            "weights": backbone.digest,
            "size": size,
            "precision": keras.config.dtype_policy().name,
            "decoding": decode.VERSION,
        }

    @property
    def trainable_count(self) -> int:
        """How many variables train."""
        return len(self.trainable_variables)

    def prepare(self, image_bytes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Decodes picture files; see decode.decode_batch."""
        return decode.decode_batch(image_bytes, self.size)

    def call(self, pixels: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Encodes pixels in [0, 255], with dropout only where it is fine-tuned.

        Args:
            pixels: uint8 or float32 [B, size, size, 3].
            training: whether a training step asks.

        Returns:
            float32 [B, dim].
        """
        scaled = self._scale(tf.cast(pixels, tf.float32))
        outputs = self.network(scaled, training=bool(training and self.trainable))
        return tf.cast(image_modules.only_output(outputs), tf.float32)


class Section(Protocol):
    """[image_encoder], as far as it is read here."""

    name: str
    weights: str
    size: int
    scaling: str
    allowed_ops: str
    fine_tune: str
    train_batch_norm: bool


def make_image_encoder(config: Section) -> ImageEncoder:
    """Builds the encoder that the config names.

    A frozen network is loaded once for all encoders that use it; a fine-tuned one is
    loaded for each, since it changes. A class of the user's own is made of the size.

    Args:
        config: [image_encoder].

    Raises:
        InputError: see applications, backbones, image_modules, fine_tuning,
            model_ops and contract.
    """
    kind, scaling = image_kind(config.name), _scaling(config)
    if kind == "own":
        return _own(config)
    if kind == "hub_module":
        where = f"image_encoder.name = {config.name}"
        model_ops.check(where, hub.resolve(config.name), config.allowed_ops)
    is_frozen = config.fine_tune == "none"
    load = _shared_backbone if is_frozen else _shared_backbone.__wrapped__
    backbone = load(
        config.name,
        config.weights,
        config.size,
        scaling,
        is_frozen,
        keras.config.dtype_policy().name,
        _changed(config.name),
        _changed(config.weights),
    )
    name = config.name if kind in ("application", "embedded") else kind
    return BackboneEncoder(
        backbone,
        config.size,
        {"name": name, "scaling": scaling},
        config.fine_tune,
        config.train_batch_norm,
    )


def _own(config: Section) -> ImageEncoder:
    key, folder = "image_encoder.name", getattr(config.name, "folder", None)
    encoder = make_own(
        key, str(config.name), ImageEncoder, config.fine_tune, folder, config.size
    )
    check_image_encoder(key, encoder, config.size)
    return encoder


def _scaling(config: Section) -> str:
    """Returns the pixel range of the model, auto replaced where it has a meaning."""
    entry = IMAGE_ENCODERS.get(image_kind(config.name))
    own = entry.scaling if entry else ""
    if not own and config.scaling != "auto":
        raise InputError(
            f"image_encoder.scaling = {config.scaling}: {config.name} has its own "
            "preprocessing; expected auto (other values are for .keras files and "
            "TF-Hub models)"
        )
    return own if own and config.scaling == "auto" else config.scaling


def _changed(path: str) -> tuple[int, int] | None:
    """Returns what changes with a local file, None where there is none."""
    file = Path(path)
    if not file.is_file():
        return None
    return file.stat().st_mtime_ns, file.stat().st_size


@functools.lru_cache(maxsize=2)
def _shared_backbone(
    name: str, weights: str, size: int, scaling: str, is_frozen: bool, *_: object
) -> backbones.Backbone:
    """Loads a backbone; the further arguments are part of the cache's key only."""
    entry = IMAGE_ENCODERS[image_kind(name)]
    known = {
        "name": name,
        "weights": weights,
        "size": size,
        "scaling": scaling,
        "trainable": not is_frozen,
    }
    return entry.load()(*(known[key] for key in entry.keys))
