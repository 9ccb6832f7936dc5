"""A step that several replicas take together: whose rows are whose, and all rows.

Replica r of n has the rows [r b, (r + 1) b) of a batch of n b. What an objective says
of a batch it says of all rows, so that outputs are gathered before. Outside of a
tf.distribute strategy there is one replica, and nothing is done.
"""

import math

import tensorflow as tf

FEATURES = ("image", "text")  # of a batch: what the network takes, not the objective
_PHILOX = 1  # the algorithm; it counts in blocks of 128 bits
_BLOCK = 128 // 16


def count() -> int:
    """Returns how many replicas take the step that is being traced."""
    context = tf.distribute.get_replica_context()
    return 1 if context is None else context.num_replicas_in_sync


def gathered(
    outputs: dict[str, tf.Tensor], batch: dict[str, tf.Tensor]
) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
    """Returns the rows of all replicas, in the order of the batch.

    Gradients flow back, summed over replicas: a loss of all rows counts 1/n in each.

    Args:
        outputs: float32 [b, ...] of this replica's rows.
        batch: its rows; image and text are left out where there are several replicas.
            What else there is, such as labels, is of whole numbers, truths or float32.

    Returns:
        Both with [n b, ...].
    """
    if count() == 1:
        return outputs, batch
    rest = {name: value for name, value in batch.items() if name not in FEATURES}
    floats = {k: v for k, v in rest.items() if v.dtype.is_floating}
    whole = {k: v for k, v in rest.items() if k not in floats}
    every = _all_rows({**outputs, **floats}, tf.float32)
    kept = {name: every.pop(name) for name in floats}
    return every, {**kept, **_all_rows(whole, tf.int64)}


def share_of(loss: tf.Tensor) -> tf.Tensor:
    """Returns what a loss of all rows counts in each replica."""
    n = count()
    return loss if n == 1 else loss / n


def random_uint16(shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws 16 random bits an element, those that the whole batch would have there.

    Args:
        shape: int32 [2], of this replica's rows; all replicas have as many.
        seed: int32 [2], the same in all replicas.

    Returns:
        uint16 of that shape.
    """
    size = tf.reduce_prod(shape)
    if count() == 1:
        words = tf.random.stateless_uniform(
            [(size + 1) // 2], seed, minval=None, maxval=None, dtype=tf.uint32
        )
        return tf.reshape(tf.reshape(tf.bitcast(words, tf.uint16), [-1])[:size], shape)
    # The same numbers from the place on where this replica's rows begin.
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    start = tf.cast(replica, tf.int64) * tf.cast(size, tf.int64)
    before = tf.cast(start % _BLOCK, tf.int32)
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    counter += tf.stack([tf.cast(start // _BLOCK, tf.uint64), tf.zeros([], tf.uint64)])
    words = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=[(before + size + 1) // 2],
        key=key,
        counter=counter,
        alg=_PHILOX,
        dtype=tf.uint32,
    )
    draws = tf.reshape(tf.bitcast(words, tf.uint16), [-1])
    return tf.reshape(draws[before : before + size], shape)


def _all_rows(tensors: dict[str, tf.Tensor], kind: tf.DType) -> dict[str, tf.Tensor]:
    """Gathers [b, ...] as one tensor: the gradient of several at once is refused."""
    if not tensors:
        return {}
    flat = [
        tf.reshape(tf.cast(value, kind), [-1, math.prod(value.shape[1:])])
        for value in tensors.values()
    ]
    # A result of an operation here: an argument of the step is on no device.
    mine = tf.identity(tf.concat(flat, 1))
    every = tf.distribute.get_replica_context().all_gather(mine, axis=0)
    parts = tf.split(every, [part.shape[1] for part in flat], 1)
    return {
        name: tf.cast(tf.reshape(part, [-1, *value.shape[1:]]), value.dtype)
        for (name, value), part in zip(tensors.items(), parts, strict=True)
    }
