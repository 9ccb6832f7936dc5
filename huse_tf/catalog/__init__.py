"""A product catalogue: from files to checked products."""

from huse_tf.catalog.catalog import Catalog, check_sources, read_catalog
from huse_tf.catalog.splits import SPLITS

__all__ = ["SPLITS", "Catalog", "check_sources", "read_catalog"]
