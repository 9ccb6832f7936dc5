"""TensorFlow's start without its notices, for scripts and for Python alike."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from types import ModuleType

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

                _share_gpus(tensorflow.config)
        except BaseException:
            notices.seek(0)
            os.write(screen, notices.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)


def _share_gpus(config: ModuleType) -> None:
    """Leaves GPU memory to other processes, and float32 whole where nobody trains.

    Args:
        config: tensorflow.config.
    """
    found = config.list_physical_devices()
    gpus = [device for device in found if device.device_type == "GPU"]
    for gpu in gpus:
        config.experimental.set_memory_growth(gpu, True)
    if gpus:  # training.tf32 is for the steps of a training
        config.experimental.enable_tensor_float_32_execution(False)
