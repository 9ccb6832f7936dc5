"""TensorFlow's start without its notices, for scripts and for Python alike."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable

# Read when TensorFlow is imported; a level that the user chose stays.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

During = Callable[[int], contextlib.AbstractContextManager[object]]


def start_tensorflow(during: During = contextlib.nullcontext) -> None:
    """Imports what is slow to, without TensorFlow's notices.

    Some of them precede any log level: what the process writes to the error stream
    meanwhile is held back, and shown only where the import fails.

    Args:
        during: from the error stream's file descriptor to a context to import in.
    """
    if "tensorflow" in sys.modules:
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as notices:
        os.dup2(notices.fileno(), 2)
        try:
            with during(screen):
                import keras  # noqa: F401
                import pandas  # noqa: F401
                import tensorflow

                tensorflow.config.list_physical_devices()
        except BaseException:
            notices.seek(0)
            os.write(screen, notices.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)
