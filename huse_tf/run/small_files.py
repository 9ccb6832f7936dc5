"""The small files of a run folder: what they hold, or one line that says what to do.

A cut, an empty, a binary and a missing file are the user's to mend, not a traceback.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from huse_tf.errors import InputError, first_line

Kinds = Mapping[str, type | tuple[type, ...]]


def read_text(path: Path, remedy: str) -> str:
    """Reads a file of text.

    Args:
        path: the file.
        remedy: what to do where it cannot be read, the end of the message.

    Raises:
        InputError: it is missing, empty, no UTF-8 text, or may not be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path} is missing; {remedy}") from None
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); {remedy}"
        ) from error
    except UnicodeDecodeError as error:
        raise damaged(path, "it is no text", remedy) from error
    if not text.strip():
        raise damaged(path, "it is empty", remedy)
    return text


def read_object(path: Path, remedy: str, kinds: Kinds) -> dict:
    """Reads a file that holds a JSON object.

    Args:
        path: the file.
        remedy: as in `read_text`.
        kinds: what it must hold: name -> the value's type.

    Raises:
        InputError: as in `read_text`, or it holds something else.
    """
    try:
        value = json.loads(read_text(path, remedy))
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"no JSON: {first_line(error)}", remedy) from error
    problem = not_as_expected(value, kinds)
    if problem:
        raise damaged(path, problem, remedy)
    return value


def not_as_expected(value: object, kinds: Kinds) -> str:
    """Says what a JSON value lacks of an object with these entries, or nothing."""
    if not isinstance(value, dict):
        return f"expected an object, received {type(value).__name__}"
    for name, kind in kinds.items():
        if not isinstance(value.get(name), kind):
            return f"{name}: received {value.get(name)!r}"[:80]
    return ""


def damaged(path: Path, problem: str, remedy: str) -> InputError:
    """The error of a file that is there, but not as it was written."""
    return InputError(f"{path} is damaged ({problem}); {remedy}")
