"""Cosines, and what is counted of them, by TensorFlow: on a GPU where there is one."""

import numpy as np
import tensorflow as tf

from huse_tf.metrics.in_numpy import Ranker, best_of_own
from huse_tf.precision import multiplying


def ranker(items: np.ndarray, k: int, leave_own_out: bool) -> Ranker:
    """Returns what ranks the items for a chunk of queries, as `retrieval.rank` does.

    The device holds the items and, of a chunk, at most 16 bytes a cosine: 1 GiB where
    there are 2**26. Multiplied in whole float32; equal cosines stand in item order,
    as `tf.math.top_k` promises.

    Args:
        items: float32 [n, D].
        k: number of neighbours, at least 1.
        leave_own_out: whether to hide the queries' own items, or to rank them.
    """
    n = len(items)
    held = tf.constant(items)
    columns = tf.range(n, dtype=tf.int64)  # int32 would be compared on the processor

    def ranked(
        queries: np.ndarray, own: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None]:
        with multiplying(in_tf32=False):
            scores = tf.matmul(tf.constant(queries), held, transpose_b=True)
        ranks = None
        if leave_own_out:
            scores = _without(scores, own)
        else:
            theirs = tf.gather(scores, np.maximum(own, 0), batch_dims=1).numpy()
            places, best = best_of_own(own, theirs)
            place, score = places[:, None], best[:, None]
            before = (scores > score) | ((scores == score) & (columns < place))
            counts = tf.reduce_sum(tf.cast(before, tf.int64), axis=1).numpy()
            ranks = np.where(places >= 0, 1 + counts, 0)
        values, nearest = (t.numpy() for t in tf.math.top_k(scores, min(k, n)))
        return np.where(values > -np.inf, nearest, -1), ranks

    return ranked


def _without(scores: tf.Tensor, own: np.ndarray) -> tf.Tensor:
    """Hides from each row the items that `own` names."""
    rows, places = np.nonzero(own >= 0)
    if not rows.size:
        return scores
    at = np.stack([rows, own[rows, places]], axis=1)
    return tf.tensor_scatter_nd_update(scores, at, tf.fill([len(at)], -np.inf))
