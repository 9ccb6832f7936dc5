"""Encoders run once: features kept on disk by content, read from there or into RAM."""
