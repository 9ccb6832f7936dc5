"""Trains HUSE, streaming."""

from huse_tf import cli
from huse_tf.commands import train

if __name__ == "__main__":
    cli.run(train, "python train.py")
