"""What the entry scripts share: flags, the config they make, exit statuses."""

import errno
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

# Before TensorFlow is imported anywhere: its start-up notices are not for users.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from absl import app, flags, logging  # noqa: E402

from huse_tf.config import Config, load_config  # noqa: E402
from huse_tf.errors import InputError, Interrupted  # noqa: E402
from huse_tf.interruption import RESUMABLE, STOP  # noqa: E402

DONE, WRONG_INPUT = 0, 1
# What a disk does to those who write or read; any other OSError is our mistake.
_DISK = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS),
    *(errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE),
}

RUN_DIR = flags.DEFINE_string("run_dir", "runs/huse", "The run's folder.")


def define_training_flags() -> None:
    """Defines the flags of the trainers."""
    flags.DEFINE_integer("batch_size", None, "Products a step.", short_name="b")
    flags.DEFINE_integer(
        "epochs", None, "Passes over the training rows.", short_name="e"
    )
    flags.DEFINE_integer("seed", None, "Of weights, order and dropout.")
    flags.DEFINE_string("config", "config.ini", "The ini file.")
    flags.DEFINE_multi_string(
        "set", [], "section.key=value, goes before the ini; may be given several times."
    )
    flags.DEFINE_bool(
        "accept_changes", False, "Go on with a run whose data or settings changed."
    )


def training_config() -> Config:
    """Reads the ini that the flags name and what they override.

    Raises:
        InputError: see `load_config`.
    """
    values = flags.FLAGS
    overrides = list(values["set"].value)
    for name in ("batch_size", "epochs", "seed"):
        if values[name].value is not None:
            overrides.append(f"training.{name}={values[name].value}")
    return load_config(values["config"].value, overrides)


def run_dir() -> Path:
    """Returns the folder that --run_dir names."""
    return Path(RUN_DIR.value)


def accept_changes() -> bool:
    """Returns whether --accept_changes was given."""
    return flags.FLAGS["accept_changes"].value


def start_tensorflow() -> None:
    """Imports what is slow to, without TensorFlow's notices.

    These precede any log level, and are shown where the import fails. A signal ends
    the process at once: no import likes to be interrupted, and nothing is begun yet.
    """
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as notices:
        os.dup2(notices.fileno(), 2)
        try:
            with STOP.at_once(screen):
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


def run(main: Callable[[], None]) -> None:
    """Parses the flags, calls `main` and exits with `guarded`'s status.

    Args:
        main: the command.
    """

    def parsed(arguments: list[str]) -> int:
        if len(arguments) > 1:
            return _stop(f"unexpected argument '{arguments[1]}'; see --help")
        logging.set_verbosity(logging.WARNING)
        return guarded(main)

    app.run(parsed)


def guarded(main: Callable[[], None]) -> int:
    """Calls `main`; what stops it becomes one line.

    Args:
        main: the command.

    Returns:
        0: done; 1: the user's input or disk is wrong; 75: stopped by SIGINT or
        SIGTERM, the same command goes on.
    """
    try:
        with STOP:
            main()
    except InputError as error:
        return _stop(str(error))
    except OSError as error:
        if error.errno not in _DISK:
            raise
        return _stop(
            f"{error.filename or 'the output'}: {error.strerror}; free space or "
            "see to the rights there, and run the same command again"
        )
    except (Interrupted, KeyboardInterrupt) as interruption:
        why = str(interruption) or "interrupted; the same command goes on"
        print(f"\n{why}", file=sys.stderr)
        return RESUMABLE
    return DONE


def with_flags(message: str) -> str:
    """Returns an `InputError`'s text, its arguments written as this command's flags.

    Args:
        message: names arguments in backticks; what is no flag stays as it is.
    """

    def flag(found: re.Match) -> str:
        name = found[1]
        if name not in flags.FLAGS:
            return found[0]
        return f"-{name}" if len(name) == 1 else f"--{name}"

    return re.sub(r"`(\w+)`", flag, message)


def _stop(message: str) -> int:
    print(f"error: {with_flags(message)}", file=sys.stderr)
    return WRONG_INPUT
