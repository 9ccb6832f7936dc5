"""A product catalogue: from files to checked products."""

from huse_tf.catalog.catalog import Catalog, read_catalog
from huse_tf.catalog.splits import SPLITS

__all__ = ["SPLITS", "Catalog", "read_catalog"]
