"""Parts of a task shared out among workers: on one machine or on many."""

from huse_tf.cluster.joining import import_ray
from huse_tf.cluster.sharing import PART_ROWS, Cluster
from huse_tf.cluster.worker import Answer

__all__ = ["PART_ROWS", "Answer", "Cluster", "import_ray"]
