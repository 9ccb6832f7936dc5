"""Writes the vectors of a catalogue's products."""

from huse_tf import cli
from huse_tf.commands import embed

if __name__ == "__main__":
    cli.run(embed, "python embed.py")
