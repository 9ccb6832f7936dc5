"""Publishes a trained run's best model."""

from huse_tf import cli
from huse_tf.commands import export

if __name__ == "__main__":
    cli.run(export, "python export.py")
