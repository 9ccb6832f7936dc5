"""HUSE: one embedding space for product images and texts (arXiv 1911.05978).

The public names are loaded when they are asked for, and TensorFlow with the first one
that needs it: `import huse_tf` takes no time.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from huse_tf.catalog import Catalog, read_catalog
    from huse_tf.encoders.base import ImageEncoder, TextEncoder
    from huse_tf.evaluation import evaluate
    from huse_tf.model import HuseModel
    from huse_tf.objectives import Huse, HuseP, Objective
    from huse_tf.semantic_graph import graph_from_embeddings, graph_from_tree
    from huse_tf.towers import embedding_network
    from huse_tf.trained import load

__all__ = [
    "Catalog",
    "Huse",
    "HuseModel",
    "HuseP",
    "ImageEncoder",
    "Objective",
    "TextEncoder",
    "embedding_network",
    "evaluate",
    "graph_from_embeddings",
    "graph_from_tree",
    "load",
    "read_catalog",
]

_HOMES = {
    "Catalog": "catalog",
    "Huse": "objectives",
    "HuseModel": "model",
    "HuseP": "objectives",
    "ImageEncoder": "encoders.base",
    "Objective": "objectives",
    "TextEncoder": "encoders.base",
    "embedding_network": "towers",
    "evaluate": "evaluation",
    "graph_from_embeddings": "semantic_graph",
    "graph_from_tree": "semantic_graph",
    "load": "trained",
    "read_catalog": "catalog",
}
_WITHOUT_TENSORFLOW = {"catalog"}


def __getattr__(name: str) -> object:
    """Loads a public name (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(
            f"module 'huse_tf' has no attribute '{name}'; its public names are "
            + ", ".join(__all__)
        )
    if _HOMES[name] not in _WITHOUT_TENSORFLOW:
        from huse_tf.quiet import start_tensorflow

        start_tensorflow()
    value = getattr(importlib.import_module(f"huse_tf.{_HOMES[name]}"), name)
    globals()[name] = value  # the next time it is there
    return value


def __dir__() -> list[str]:
    """Lists the public names too, loaded or not."""
    return sorted({*globals(), *__all__})
