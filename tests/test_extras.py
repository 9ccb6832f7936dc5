"""What is said where the library of an extra is not there."""

import ast
import tomllib
from pathlib import Path

import pytest

import huse_tf
from huse_tf.errors import InputError
from huse_tf.extras import extra

PACKAGE = Path(huse_tf.__file__).parent


def test_what_to_install_and_what_else_to_do():
    with pytest.raises(InputError) as told:
        with extra("ray", "`engine` ray", "share it out by hand"):
            import no_such_library  # noqa: F401
    assert str(told.value) == (
        "`engine` ray needs a library that cannot be imported (No module named "
        "'no_such_library'): pip install 'huse_tf[ray]', or share it out by hand"
    )


def test_other_errors_pass():
    with pytest.raises(KeyError), extra("ray", "`engine` ray"):
        raise KeyError("no import")


def test_every_named_extra_can_be_installed():
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    named = [
        call.args[0].value
        for path in PACKAGE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "extra"
    ]
    assert {"ray", "parquet", "ann", "page"} <= set(named) <= extras.keys()
