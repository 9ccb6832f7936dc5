"""Trains HUSE, all features in memory."""

from huse_tf import cli
from huse_tf.commands import large_ram_train

if __name__ == "__main__":
    cli.run(large_ram_train, "python large_ram_train.py")
