"""Searches a trained run's catalogue."""

from huse_tf import cli
from huse_tf.commands import search

if __name__ == "__main__":
    cli.run(search, "python search.py")
