"""What an encoder of the user's own has to offer, checked before anything is encoded.

What TensorFlow says of a wrong one is a page about traced code; here it is one line.
"""

import numbers
from pathlib import Path

import tensorflow as tf

from huse_tf.encoders.base import ImageEncoder, TextEncoder
from huse_tf.errors import InputError
from huse_tf.registry import origin, own_class, own_code


def make_own(
    key: str, name: str, base: type, fine_tune: str, folder: Path | None, *arguments
) -> ImageEncoder | TextEncoder:
    """Builds an encoder of the user's own.

    Args:
        key: "section.name", for messages.
        name: "package.module:Class".
        base: ImageEncoder or TextEncoder.
        fine_tune: none | all.
        folder: modules that stand there are found.
        *arguments: of the class.

    Raises:
        InputError: it cannot be imported or made, or fine_tune counts its layers.
    """
    if fine_tune not in ("none", "all"):
        section = key.partition(".")[0]
        raise InputError(
            f"{section}.fine_tune = {fine_tune}: which layers of {name} come last "
            "nobody knows; expected none or all"
        )
    made = own_class(key, name, base, folder)
    with own_code(f"{key} = {name}: making it", made.__module__):
        encoder = made(*arguments)
        encoder.origin = origin(made, name)
        if fine_tune == "none":
            encoder.trainable = False
    return encoder


def check_text_encoder(key: str, encoder: TextEncoder) -> None:
    """Runs an own encoder that was adapted or restored over two texts.

    Args:
        key: "section.name", for messages.
        encoder: any; those of the project are left alone.

    Raises:
        InputError: it does not do what `TextEncoder` says.
    """
    if not encoder.origin:
        return
    checked = _Checked(key, encoder)
    prepared = checked.prepared(tf.constant(["red dress", ""]))
    where = f"{key} = {encoder.origin['name']}"
    if not isinstance(prepared, dict) or not prepared:
        raise InputError(
            f"{where}: expected `prepare` to return a dict of tensors, received "
            f"{type(prepared).__name__}"
        )
    for name, spec in prepared.items():
        if not (spec.dtype.is_floating or spec.dtype.is_integer or spec.dtype.is_bool):
            raise InputError(
                f"{where}: expected `prepare` to return numbers, received "
                f"{spec.dtype.name} as {name!r}; strings cannot go through a model"
            )
    checked.called(prepared)


def check_image_encoder(key: str, encoder: ImageEncoder, size: int) -> None:
    """Runs an own encoder over two files, one of them no picture.

    Args:
        key: "section.name", for messages.
        encoder: any; those of the project are left alone.
        size: image_encoder.size.

    Raises:
        InputError: it does not do what `ImageEncoder` says.
    """
    if not encoder.origin:
        return
    where = f"{key} = {encoder.origin['name']}"
    found = getattr(encoder, "size", None)
    if found != size:
        raise InputError(
            f"{where}: expected its attribute size to be image_encoder.size = {size}, "
            f"received {found}"
        )
    checked = _Checked(key, encoder)
    white = tf.io.encode_png(tf.fill([1, 1, 3], tf.constant(255, tf.uint8)))
    prepared = checked.prepared(tf.stack([white, tf.constant(b"no picture")]))
    expected = f"{where}: expected `prepare` to return pixels [B, {size}, {size}, 3] "
    expected += "and valid bool [B], received "
    if not (isinstance(prepared, tuple | list) and len(prepared) == 2):
        raise InputError(f"{expected}{type(prepared).__name__}")
    pixels, valid = prepared
    if pixels.shape.as_list()[1:] != [size, size, 3] or pixels.dtype not in (
        tf.uint8,
        tf.float32,
    ):
        raise InputError(f"{expected}pixels {pixels.dtype.name} {pixels.shape}")
    if valid.shape.rank != 1 or valid.dtype != tf.bool:
        raise InputError(f"{expected}valid {valid.dtype.name} {valid.shape}")
    checked.called(pixels)


class _Checked:
    """Calls an encoder, eagerly first: what goes wrong there has a line number."""

    def __init__(self, key: str, encoder: ImageEncoder | TextEncoder):
        self._where = f"{key} = {encoder.origin['name']}"
        self._module = type(encoder).__module__
        self._encoder = encoder
        dim = getattr(encoder, "dim", None)
        if not isinstance(dim, numbers.Integral) or dim < 1:
            raise InputError(
                f"{self._where}: expected its attribute dim, the length of its "
                f"features, to be a whole number >= 1 when adapted, received {dim}"
            )

    def prepared(self, example: tf.Tensor) -> object:
        """Returns what `prepare` gives as specs of B rows, each of known rank."""
        what = f"{self._where}: `prepare`"
        with own_code(what, self._module):
            self._encoder.prepare(example)
        with own_code(f"{what} in a tf.data pipeline", self._module):
            rows = tf.data.Dataset.from_tensors(example)
            # of any number of rows, as the last batch is smaller
            rows = rows.unbatch().batch(2).map(self._encoder.prepare)
            specs = rows.element_spec
            got = next(iter(rows))
        for spec, value in zip(
            tf.nest.flatten(specs), tf.nest.flatten(got), strict=True
        ):
            if spec.shape.rank is None or spec.shape.rank < 1:
                raise InputError(
                    f"{what} returns a tensor whose static shape is {spec.shape}; "
                    "expected [B, ...] known before it runs: end it with "
                    "tf.ensure_shape(tensor, [None, ...])"
                )
            if value.shape[0] != example.shape[0]:
                raise InputError(
                    f"{what}: expected a row for each of {example.shape[0]}, received "
                    f"shape {value.shape}"
                )
        return specs

    def called(self, specs: object) -> None:
        """Traces `call` for any number of rows and looks at what it returns."""
        what = f"{self._where}: `call`"
        with own_code(what, self._module):
            traced = tf.function(
                lambda prepared: self._encoder(prepared, training=False),
                input_signature=[specs],
            ).get_concrete_function()
        found, dim = traced.structured_outputs, int(self._encoder.dim)
        if not isinstance(found, tf.TensorSpec | tf.Tensor):
            received = type(found).__name__
        elif (
            found.dtype != tf.float32
            or found.shape.rank != 2
            or (found.shape[1] != dim)
        ):
            received = f"{found.dtype.name} {found.shape}"
        else:
            return
        raise InputError(
            f"{what}: expected float32 [B, {dim}], as its dim says, received {received}"
        )
