"""Pictures that TensorFlow does not decode, made PNG by Pillow where it is installed.

On the host alone, while pictures are encoded or looked at: what an exported model is
sent, it decodes by itself.
"""

import functools
import io

import numpy as np
import tensorflow as tf

from huse_tf.encoders.images.headers import MAX_PIXELS, kinds_of
from huse_tf.encoders.images.kinds import BY_PILLOW, kind_of

_SIXTEEN_BITS = 257  # 65,535 becomes 255


def read_picture(path: tf.Tensor) -> tf.Tensor:
    """Reads a picture file, in tf.data, as one that the graph decodes if it can be.

    Args:
        path: string scalar.

    Returns:
        string scalar; the file's own contents where they are nothing for Pillow.
    """
    contents = tf.io.read_file(path)
    if not any(map(is_readable, BY_PILLOW)):
        return contents

    def by_pillow() -> tf.Tensor:
        made = tf.numpy_function(
            lambda file: np.array(reencoded(file), object), [contents], tf.string
        )
        return tf.ensure_shape(made, [])

    return tf.cond(kinds_of(contents[None])[0] < 0, by_pillow, lambda: contents)


def reencoded(contents: bytes) -> bytes:
    """Makes a PNG file of a TIFF, AVIF, HEIC or animated WebP file: its first frame.

    Args:
        contents: of a file of any kind.

    Returns:
        The PNG file; `contents` where they are of another kind, where what reads them
        is not installed, or where they are damaged or over MAX_PIXELS.
    """
    kind = kind_of(contents)
    if kind not in BY_PILLOW or not is_readable(kind):
        return contents
    from PIL import Image

    try:
        with Image.open(io.BytesIO(contents)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return contents
            return _png(picture)
    except Exception:  # Pillow raises anything at damage, which must stop no run
        return contents


@functools.cache
def is_readable(kind: str) -> bool:
    """Says whether what reads a kind of BY_PILLOW is installed."""
    try:
        from PIL import Image, features  # noqa: F401

        if kind == "HEIC":
            import pillow_heif

            pillow_heif.register_heif_opener()
    except ImportError:
        return False
    return kind != "AVIF" or features.check("avif")


def _png(picture) -> bytes:
    """Writes a PIL.Image upright, in 8 bits, with its transparency."""
    from PIL import Image, ImageOps

    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):
        grey = np.asarray(picture).astype(np.float64)
        grey = grey / (_SIXTEEN_BITS if grey.max(initial=0) > 255 else 1)
        picture = Image.fromarray(np.clip(grey + 0.5, 0, 255).astype(np.uint8))
    see_through = picture.has_transparency_data
    picture = picture.convert("RGBA" if see_through else "RGB")
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()
