"""A product catalogue: from files to checked products."""

from huse_tf.catalog.catalog import Catalog
from huse_tf.catalog.class_paths import AUTO
from huse_tf.catalog.reading import check_sources, read_catalog
from huse_tf.catalog.splits import SPLITS

__all__ = ["AUTO", "SPLITS", "Catalog", "check_sources", "read_catalog"]
