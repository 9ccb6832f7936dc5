"""SavedModels of TF-Hub, by URL or folder: the only user of tensorflow_hub."""

import functools
import hashlib
import os
import socket
import tempfile
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from huse_tf.encoders import text_ops
from huse_tf.errors import InputError, first_line

_CONNECT_SECONDS = 6.0
_STALL_SECONDS = 60.0
_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")

# A bare RuntimeError is how TensorFlow reports an op that is not registered.
_READ_ERRORS = (OSError, ValueError, RuntimeError, tf.errors.OpError)


@functools.cache
def load(handle: str) -> object:
    """Loads a SavedModel, once per handle.

    Args:
        handle: http(s) URL or local folder.

    Returns:
        What tf.saved_model.load returns, the same object for every caller.

    Raises:
        InputError: cannot be reached (within seconds), is no SavedModel, or needs an
            op that no installed package has.
    """
    return load_path(resolve(handle))


def load_path(path: str) -> object:
    """Loads a SavedModel anew, with TensorFlow Text's ops if it needs them.

    Args:
        path: what `resolve` returned.

    Raises:
        InputError: see `load`.
    """
    return with_text_ops(lambda: _read(path), path)


def with_text_ops(read, path: str):
    """Calls `read`, again with TensorFlow Text's ops where an op was unknown.

    Args:
        read: function without arguments that loads the SavedModel.
        path: its folder, for messages.

    Raises:
        InputError: the folder is damaged, or an op stays unknown.
    """
    try:
        return read()
    except _READ_ERRORS as error:
        if "Op type not registered" not in str(error):
            raise _unreadable(path, error) from error
    text_ops.register(path)
    try:
        return read()
    except _READ_ERRORS as error:
        raise _unreadable(path, error) from error


def _read(path: str) -> object:
    # Modules of TF1's format are found by their empty set of tags.
    is_tf1 = (Path(path) / "tfhub_module.pb").exists()
    return tf.saved_model.load(path, tags=[] if is_tf1 else None)


def _unreadable(path: str, error: Exception) -> InputError:
    return InputError(
        f"{path}: cannot be loaded as a SavedModel: {first_line(error)}. Download it "
        "again, or use another encoder"
    )


def resolve(handle: str) -> str:
    """Finds the folder of a SavedModel, downloading it unless it is in the cache.

    Args:
        handle: http(s) URL or local folder.

    Raises:
        InputError: cannot be reached (within seconds), or is no SavedModel.
    """
    if "://" not in handle:
        path = Path(handle).expanduser()
        if not path.is_dir():
            raise InputError(
                f"{handle}: no such folder; expected the folder of a SavedModel, or a "
                "TF-Hub URL that starts with https://"
            )
    elif handle.startswith(("http://", "https://")):
        path = _download(handle)
    else:
        raise InputError(f"{handle}: expected an http(s) URL or a local folder")
    if not any((path / name).is_file() for name in _MODEL_FILES):
        raise InputError(
            f"{handle}: {path} has no saved_model.pb; expected the folder of a "
            "SavedModel"
        )
    return str(path)


def digest(path: str) -> str:
    """Returns the SHA-256 of a SavedModel's graph, variables and assets, as hex."""
    root = Path(path)
    found = [root / name for name in _MODEL_FILES]
    for folder in ("variables", "assets"):
        found += sorted((root / folder).rglob("*"))
    result = hashlib.sha256()
    for file in found:
        if file.is_file():
            result.update(file.relative_to(root).as_posix().encode() + b"\0")
            with file.open("rb") as stream:
                result.update(hashlib.file_digest(stream, "sha256").digest())
    return result.hexdigest()


def _download(url: str) -> Path:
    """Returns the cached folder of a URL, after downloading it if need be."""
    cached = _cache_folder() / hashlib.sha1(url.encode()).hexdigest()
    if cached.is_dir():
        return cached
    reason = _unreachable(url)
    if reason:
        raise _not_downloaded(url, reason)
    import tensorflow_hub  # slow to import, and needed only here

    try:
        with _stall_limit():
            return Path(tensorflow_hub.resolve(url))
    except Exception as error:  # its resolvers raise whatever urllib and tarfile do
        raise _not_downloaded(url, first_line(error)) from error


def _cache_folder() -> Path:
    """Returns where tensorflow_hub keeps what it downloads."""
    default = os.path.join(tempfile.gettempdir(), "tfhub_modules")
    return Path(os.environ.get("TFHUB_CACHE_DIR") or default)


def _not_downloaded(url: str, reason: str) -> InputError:
    return InputError(
        f"{url}: cannot be downloaded ({reason}), and is not in the cache "
        f"{_cache_folder()}. Give the local folder of the SavedModel instead, choose "
        "another encoder (embedded needs no download), or set TFHUB_CACHE_DIR to a "
        "cache that has it"
    )


def _unreachable(url: str) -> str:
    """Returns why a server does not answer, or an empty string if it does.

    A name server that is away can hold up a look-up for minutes: hence the thread.
    """
    reasons = [f"no answer in {_CONNECT_SECONDS:.0f} s"]

    def ask():
        request = urllib.request.Request(url, method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=_CONNECT_SECONDS):
                reasons[0] = ""
        except urllib.error.HTTPError as error:
            # An answer all the same: not every server of models knows HEAD.
            error.close()
            reasons[0] = ""
        except (OSError, ValueError) as error:
            reasons[0] = first_line(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_CONNECT_SECONDS + 1)
    return reasons[0]


@contextmanager
def _stall_limit():
    """Ends downloads that have stalled; urllib would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
