"""Libraries that only some commands need: an extra of the package names each."""

import contextlib
from collections.abc import Iterator

from huse_tf.errors import InputError, first_line


@contextlib.contextmanager
def extra(name: str, needed_by: str, instead: str = "") -> Iterator[None]:
    """Says how to install what cannot be imported inside.

    Args:
        name: of the extra in pyproject.toml.
        needed_by: what was asked for, such as "`engine` ray".
        instead: what else can be done, for the end of the message.

    Raises:
        InputError: an import failed.
    """
    try:
        yield
    except ImportError as error:
        otherwise = f", or {instead}" if instead else ""
        raise InputError(
            f"{needed_by} needs a library that cannot be imported "
            f"({first_line(error)}): pip install 'huse_tf[{name}]'{otherwise}"
        ) from error
