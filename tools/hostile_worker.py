"""Answers rows of bytes by an exported model; see hostile.py.

`python hostile_worker.py VERSION`: on standard input comes, for each request, the
number of its rows and, for each row, a picture and a text, each as its length in 4
bytes, big end first, and its bytes; on standard output goes a line of JSON for each.
"""

import json
import os
import sys
from pathlib import Path

from peak import peak_megabytes

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf  # noqa: E402


def number() -> int:
    """Reads four bytes; 0 at the end."""
    return int.from_bytes(sys.stdin.buffer.read(4), "big")


def part() -> bytes:
    """Reads a length and as many bytes."""
    return sys.stdin.buffer.read(number())


def main() -> None:
    """Loads, and answers each request."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    ops = Path(sys.argv[1]) / "assets.extra" / "ops.txt"
    if ops.exists() and "tensorflow_text" in ops.read_text():
        import tensorflow_text  # noqa: F401
    serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
    while rows := number():
        parts = [(part(), part()) for _ in range(rows)]
        images, texts = zip(*parts, strict=True)
        answer = serve(image_bytes=tf.constant(images), text=tf.constant(texts))
        line = {name: answer[name].numpy().tolist() for name in ("embedding", "valid")}
        print(json.dumps({**line, "megabytes": peak_megabytes()}), file=answers)
        answers.flush()


if __name__ == "__main__":
    main()
