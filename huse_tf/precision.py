"""How exactly a GPU multiplies while it trains."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf


@contextmanager
def multiplying(in_tf32: bool) -> Iterator[None]:
    """Multiplies float32 as TF32 inside, or does not; as before outside.

    TF32 keeps 10 of the 23 bits behind the point: cosines are right to about 1e-3. GPUs
    from NVIDIA's Ampere on have it; nothing changes elsewhere.

    Args:
        in_tf32: whether to.
    """
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(in_tf32)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)
