"""Evaluates a trained run."""

from huse_tf import cli
from huse_tf.commands import evaluate

if __name__ == "__main__":
    cli.run(evaluate, "python evaluate.py")
