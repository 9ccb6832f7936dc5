"""How much of a text is read."""

import tensorflow as tf

LONGEST_TEXT = 20_000
"""Characters; the rest of a longer text is not read: tokens cost hundreds of bytes."""

_UTF8_BYTES = 4  # most that a character has


def cut(texts: tf.Tensor) -> tf.Tensor:
    """Cuts texts to their first LONGEST_TEXT characters, in the graph.

    Args:
        texts: string [B], UTF-8.

    Returns:
        string [B].
    """
    head = tf.strings.substr(texts, 0, _UTF8_BYTES * LONGEST_TEXT)
    return tf.strings.substr(head, 0, LONGEST_TEXT, unit="UTF8_CHAR")
