"""Classifies the products of a catalogue."""

from huse_tf import cli
from huse_tf.commands import predict

if __name__ == "__main__":
    cli.run(predict, "python predict.py")
