"""What a config can name, and the user's own classes behind `package.module:Class`."""

import contextlib
import dataclasses
import hashlib
import importlib
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huse_tf.errors import InputError, first_line

OWN = "package.module:Class"
_OWN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """A part that a config can name.

    Attributes:
        maker: "module:attribute". It is imported when it is first asked for: a config
            is read before TensorFlow starts.
        keys: those of the config that are read for it.
        needs: those among `keys` that may not be empty.
    """

    maker: str
    keys: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def load(self) -> Any:
        """Imports what makes the part."""
        return imported(self.maker)


def imported(maker: str) -> Any:
    """Imports "module:attribute"."""
    module, _, attribute = maker.partition(":")
    return getattr(importlib.import_module(module), attribute)


class OwnName(str):
    """A name with a class of the user's in it, from an ini in a folder.

    Attributes:
        folder: where the ini stands; its modules can be imported.
    """

    folder: Path

    def __new__(cls, text: str, folder: Path) -> "OwnName":
        """Takes the text of the ini and the ini's folder."""
        name = super().__new__(cls, text)
        name.folder = folder
        return name


def is_own(name: str) -> bool:
    """Says whether a name is `package.module:Class`."""
    return _OWN.fullmatch(name) is not None


def own_class(key: str, name: str, base: type, folder: Path | None) -> type:
    """Imports a class of the user's.

    Args:
        key: "section.key" that names it, for messages.
        name: "package.module:Class".
        base: what the class has to derive from.
        folder: modules that stand there, or in the current folder, are found as well.

    Raises:
        InputError: it cannot be imported, or it is something else.
    """
    module, _, attribute = name.partition(":")
    places = ", ".join(map(str, _places(folder)))
    what = f"{key} = {name}: importing {module} from {places} or Python's path"
    with _importable(folder), own_code(what, module):
        found = getattr(importlib.import_module(module), attribute, None)
    if not (isinstance(found, type) and issubclass(found, base)):
        what = "nothing of that name" if found is None else repr(found)
        raise InputError(
            f"{key} = {name}: expected a class derived from {base.__module__}."
            f"{base.__qualname__} in {module}, received {what}"
        )
    return found


def origin(cls: type, name: str) -> dict[str, str]:
    """Returns what identifies a class of the user's: its name and its module's source.

    Args:
        cls: from `own_class`.
        name: as the config names it.

    Raises:
        InputError: the module comes from no file.
    """
    spec = getattr(sys.modules[name.partition(":")[0]], "__spec__", None)
    path = Path((spec and spec.origin) or "")
    if not path.is_file():
        raise InputError(
            f"{name}: its module comes from no file, so nobody can tell when it "
            f"changes; move {cls.__qualname__} into a module"
        )
    return {"name": name, "source": hashlib.sha256(path.read_bytes()).hexdigest()}


@contextlib.contextmanager
def own_code(what: str, module: str) -> Iterator[None]:
    """Turns what the user's code raises into one line that says where.

    Args:
        what: begins the line: which part does what.
        module: of the user's code, whose last line on the way is named.

    Raises:
        InputError: anything was raised inside.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        where = _last_place(error, module)
        raise InputError(
            f"{what} failed{where}: {type(error).__name__}: {first_line(error)}"
        ) from error


def _last_place(error: Exception, module: str) -> str:
    file = getattr(sys.modules.get(module), "__file__", None)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    return f" at {Path(file).name}, line {lines[-1]}" if lines else ""


def _places(folder: Path | None) -> list[Path]:
    return [path for path in (folder, Path.cwd()) if path is not None]


@contextlib.contextmanager
def _importable(folder: Path | None) -> Iterator[None]:
    """Puts a folder and the current one last on the modules' path for a moment."""
    before = list(sys.path)
    sys.path += map(str, _places(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before
