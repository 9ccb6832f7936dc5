"""Small pictures of products, decoded as the encoders see them."""

import tensorflow as tf

from huse_tf.encoders.images.decode import decode_batch
from huse_tf.encoders.images.reencode import reencoded


def thumbnail(contents: bytes, size: int) -> bytes | None:
    """Makes a JPEG file of size x size pixels, padded with white.

    Args:
        contents: of a picture file of any kind that the encoders decode.
        size: side of the result in pixels.

    Returns:
        The JPEG file, or None where `contents` cannot be decoded.
    """
    pixels, valid = decode_batch(tf.constant([reencoded(contents)]), size)
    if not bool(valid[0]):
        return None
    return tf.io.encode_jpeg(pixels[0], quality=88).numpy()
