"""HUSE: one embedding space for product images and texts (arXiv 1911.05978)."""

__version__ = "0.1.0"
