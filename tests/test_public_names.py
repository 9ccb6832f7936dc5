"""What `import huse_tf` offers, and what it costs."""

import ast
import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from small_runs import EXAMPLE

import huse_tf

# The contract, spelt out.
NAMES = {"load", "HuseModel", "embedding_network", "Objective", "Huse", "HuseP"}
NAMES |= {"graph_from_tree", "graph_from_embeddings", "evaluate", "Catalog"}
NAMES |= {"read_catalog", "TextEncoder", "ImageEncoder"}


def run_python(code, *arguments):
    # AutoGraph itself uses what Python 3.13 deprecates, and gives up where it is told
    strict = ["-W", "error", "-W", "ignore::DeprecationWarning"]
    return subprocess.run(
        [sys.executable, *strict, "-c", code, *map(str, arguments)],
        cwd=Path(huse_tf.__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_public_name_is_there_and_documented():
    assert set(huse_tf.__all__) == NAMES
    assert set(dir(huse_tf)) >= NAMES
    for name in NAMES:
        value = getattr(huse_tf, name)
        assert value.__name__ == name
        assert inspect.getdoc(value)


def test_type_checkers_see_the_same_names_in_the_same_modules():
    """What stands under TYPE_CHECKING is not executed, so that it could go stale."""
    tree = ast.parse(Path(huse_tf.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        for alias in node.names
    }
    assert seen == {
        name: f"huse_tf.{module}" for name, module in huse_tf._HOMES.items()
    }


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(AttributeError, match="no attribute 'lode'; .*, load, "):
        huse_tf.lode  # noqa: B018


def test_the_package_says_that_it_is_typed():
    (root,) = importlib.util.find_spec("huse_tf").submodule_search_locations
    assert (Path(root) / "py.typed").exists()
    project = Path(root).parent / "pyproject.toml"
    assert 'huse_tf = ["py.typed"' in project.read_text(encoding="utf-8")


def test_import_and_the_catalogue_leave_tensorflow_alone():
    done = run_python(
        "import sys, huse_tf\n"
        "dir(huse_tf), huse_tf.read_catalog, huse_tf.__version__\n"
        "print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_loading_and_embedding_say_nothing_on_the_error_stream(small_run):
    done = run_python(
        "import sys, huse_tf\n"
        "trained = huse_tf.load(sys.argv[1])\n"
        "print(trained.embed(texts=['a'], images=[sys.argv[2]]).shape)",
        small_run,
        EXAMPLE / "images" / "0001.jpg",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "(1, 16)\n"


def test_a_failed_start_shows_what_was_held_back(tmp_path):
    """A keras that cannot be imported stands in the place of the real one."""
    (tmp_path / "keras.py").write_text(
        "import os\nos.write(2, b'a notice\\n')\nraise ImportError('broken')\n"
    )
    done = run_python(
        "import sys\nsys.path.insert(0, sys.argv[1])\nimport huse_tf\nhuse_tf.load",
        tmp_path,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("a notice\n")
    assert "ImportError: broken" in done.stderr
