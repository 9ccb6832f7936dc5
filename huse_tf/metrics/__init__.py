"""Metrics of embeddings and predictions, in NumPy.

TensorFlow is imported only where it is asked to rank, by `in_tensorflow`.
"""
