"""The one exception for what the user can put right."""


class InputError(Exception):
    """The user's input is wrong.

    Entry points print its message as one line, without a traceback, and exit with
    status 1. The message names the file, row or key, says what was expected and
    what was received, and how to go on.
    """
