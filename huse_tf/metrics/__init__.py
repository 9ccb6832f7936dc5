"""Metrics as NumPy over embeddings and logits; none of it imports TensorFlow."""
