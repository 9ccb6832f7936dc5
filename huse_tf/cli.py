"""What the commands share: flags, --help, the config they make, exit statuses."""

import errno
import faulthandler
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from absl import flags, logging

from huse_tf import quiet
from huse_tf.cluster import Cluster, import_ray
from huse_tf.config import Config, load_config
from huse_tf.errors import InputError, Interrupted, first_line
from huse_tf.interruption import RESUMABLE, STOP

DONE, WRONG_INPUT = 0, 1
# What a disk does to those who write or read; any other OSError is our mistake.
_DISK = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS),
    *(errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE),
}

# The flags defined here are those of the command that asks for them, in --help too.
flags.disclaim_key_flags()


def define_run_dir(default: str = "runs/huse") -> None:
    """Defines --run_dir."""
    flags.DEFINE_string("run_dir", default, "The run's folder.")


def define_training_flags(run_dir: str = "runs/huse") -> None:
    """Defines the flags of the trainers.

    Args:
        run_dir: the default of --run_dir.
    """
    define_run_dir(run_dir)
    flags.DEFINE_integer(
        "batch_size", None, "Products a step; else training.batch_size.", short_name="b"
    )
    flags.DEFINE_integer(
        "epochs",
        None,
        "Passes over the training rows; else training.epochs.",
        short_name="e",
    )
    flags.DEFINE_integer(
        "seed", None, "Of weights, order and dropout; else training.seed."
    )
    flags.DEFINE_enum(
        "distribute",
        None,
        ["none", "devices", "workers"],
        "Train on several devices or machines; else training.distribute.",
    )
    flags.DEFINE_string("config", "config.ini", "The ini file.")
    flags.DEFINE_multi_string(
        "set", [], "section.key=value, in the place of the ini file's value"
    )
    flags.DEFINE_bool(
        "accept_changes", False, "Go on with a run whose data or settings changed."
    )


def define_start_from() -> None:
    """Defines --start_from."""
    flags.DEFINE_string(
        "start_from",
        None,
        "A trained run's folder, whose towers a new run begins with.",
    )


def define_allow_code() -> None:
    """Defines the flag of commands that restore a run."""
    flags.DEFINE_bool(
        "allow_code",
        False,
        "Run the classes outside of huse_tf that the run's config.ini names.",
    )


def define_engine() -> None:
    """Defines the flags of commands whose parts a cluster can share out."""
    flags.DEFINE_enum("engine", "none", ["none", "ray"], "Who gives out parts of it.")
    flags.DEFINE_integer(
        "workers", 2, "Of the engine: processes that take parts.", lower_bound=1
    )
    flags.DEFINE_string(
        "address", None, "Of a Ray cluster; without it one is started on this machine."
    )


def cluster(alone: bool) -> Cluster | None:
    """Returns the cluster that --engine asks for, which can be imported, or None.

    Args:
        alone: whether no part was asked for.

    Raises:
        InputError: the engine is not installed, or was asked for a part.
    """
    values = flags.FLAGS
    if values["engine"].value == "none":
        return None
    if not alone:
        raise InputError(
            "`engine` gives out the parts itself: leave `part` out, or the engine"
        )
    import_ray()
    return Cluster(values["workers"].value, values["address"].value)


def training_config() -> Config:
    """Reads the ini that the flags name and what they override.

    Raises:
        InputError: see `load_config`.
    """
    values = flags.FLAGS
    overrides = list(values["set"].value)
    for name in ("batch_size", "epochs", "seed", "distribute"):
        if values[name].value is not None:
            overrides.append(f"training.{name}={values[name].value}")
    return load_config(values["config"].value, overrides)


def run_dir() -> Path:
    """Returns the folder that --run_dir names."""
    return Path(flags.FLAGS["run_dir"].value)


def accept_changes() -> bool:
    """Returns whether --accept_changes was given."""
    return flags.FLAGS["accept_changes"].value


def start_from() -> Path | None:
    """Returns the folder that --start_from names, if it was given."""
    named = flags.FLAGS["start_from"].value
    return None if named is None else Path(named)


def allow_code() -> bool:
    """Returns whether --allow_code was given."""
    return flags.FLAGS["allow_code"].value


def start_tensorflow() -> None:
    """Imports what is slow to, without TensorFlow's notices.

    A signal ends the process at once: no import likes to be interrupted, and nothing
    is begun yet.
    """
    quiet.start_tensorflow(STOP.at_once)


class _HelpFlag(flags.BooleanFlag):
    """--help and -h: prints a text and exits with status 0."""

    def __init__(self, text: str) -> None:
        super().__init__("help", False, "Print this.", short_name="h")
        self._text = text

    def parse(self, argument: str | bool) -> NoReturn:
        print(self._text)
        sys.exit(DONE)


def run(
    command: ModuleType, program: str, arguments: Sequence[str] | None = None
) -> NoReturn:
    """Parses the flags, calls the command's `main`, exits with `guarded`'s status.

    Args:
        command: a module with flags, a docstring and `main`: see `huse_tf.commands`.
        program: how the user called it, such as "python train.py".
        arguments: what stood behind that; those of the process if not given.
    """
    takes = [name.upper() for name in inspect.signature(command.main).parameters]
    flags.DEFINE_flag(_HelpFlag(_help(command, program, takes)), module_name=__name__)
    flags.FLAGS.set_gnu_getopt()
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        _, *given = flags.FLAGS([program, *arguments])
    except flags.Error as error:
        reason = first_line(error).rstrip(" .?")
        sys.exit(stop(f"{reason}; {program} --help lists the flags"))
    if len(given) > len(takes):
        sys.exit(stop(f"unexpected argument {given[-1]!r}; see {program} --help"))
    given += [""] * (len(takes) - len(given))
    faulthandler.enable()
    logging.use_absl_handler()
    logging.set_verbosity(logging.WARNING)
    sys.exit(guarded(lambda: command.main(*given)))


def _help(command: ModuleType, program: str, takes: Sequence[str]) -> str:
    """Returns what --help prints: usage, the docstring, every flag of the command."""
    # what runs as __main__ defines its flags under the name of its file
    name = sys.argv[0] if command.__name__ == "__main__" else command.__name__
    listed = flags.FLAGS.module_help(name).strip().partition("\n")[2].rstrip()
    text = inspect.cleandoc(command.__doc__ or "").replace("{program}", program)
    usage = " ".join(["usage:", program, *takes, "[flags]"])
    shown = "  -h,--help: Print this and do nothing else."
    return "\n".join([usage, "", text, "", "flags:", *filter(None, [listed]), shown])


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
        return stop(str(error))
    except OSError as error:
        if error.errno not in _DISK:
            raise
        return stop(
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


def stop(message: str) -> int:
    """Prints why nothing goes on, one line; returns the exit status."""
    print(f"error: {with_flags(message)}", file=sys.stderr)
    return WRONG_INPUT
