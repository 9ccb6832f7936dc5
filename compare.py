"""Compares HUSE with other methods, or variants of itself."""

from huse_tf import cli
from huse_tf.commands import compare

if __name__ == "__main__":
    cli.run(compare, "python compare.py")
