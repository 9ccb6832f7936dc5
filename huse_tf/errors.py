"""The exceptions that entry points turn into one line and an exit status."""


class InputError(Exception):
    """The user's input is wrong.

    Entry points print its message as one line, without a traceback, and exit with
    status 1. The message names the file, row or key, says what was expected and
    what was received, and how to go on. An argument stands in backticks, `run_dir`,
    never as a flag: Python callers read it so, and the command line writes --run_dir.
    """


class Diverged(InputError):
    """The loss or the embeddings are not finite; other settings may train."""


class Interrupted(Exception):
    """The run was asked to stop, has saved, and goes on with the same command."""


def first_line(error: BaseException) -> str:
    """Returns the first line of an exception's message, or its type's name."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
