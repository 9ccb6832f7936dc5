"""TensorFlow Text's ops, registered only when a model needs them."""

import importlib

from huse_tf.errors import InputError


def register(needed_by: str) -> None:
    """Imports tensorflow_text, whose ops loaded models may contain.

    Args:
        needed_by: the model, for the message.

    Raises:
        InputError: when the package is missing or does not match TensorFlow.
    """
    try:
        importlib.import_module("tensorflow_text")
    except (ImportError, OSError) as error:
        raise InputError(
            f"{needed_by}: needs the package tensorflow-text of the same version as "
            f"tensorflow (pip install tensorflow-text); importing it gave: "
            f"{str(error).splitlines()[0]}. It has no wheels for Windows: there "
            "use the text encoders tfidf or embedded"
        ) from error
