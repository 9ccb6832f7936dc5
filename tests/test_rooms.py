"""The package's rooms stand on each other one way round."""

import ast
import graphlib
from pathlib import Path

import huse_tf

PACKAGE = Path(huse_tf.__file__).parent


def imported(path):
    """The names below huse_tf that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == "huse_tf" and rest:
                yield rest


def rooms(package):
    """Room -> the rooms that it imports; a file at the root is a room of its own."""
    needs = {}
    for path in package.rglob("*.py"):
        room = path.relative_to(package).parts[0].removesuffix(".py")
        if room != "__init__":
            found = {name.split(".")[0] for name in imported(path)}
            needs.setdefault(room, set()).update(found - {room, "__version__"})
    return needs


def test_no_two_rooms_reach_each_other():
    graphlib.TopologicalSorter(rooms(PACKAGE)).prepare()


def test_a_cycle_is_noticed(tmp_path):
    for name, text in {
        "a/one.py": "from huse_tf import b\n",
        "b/two.py": "def later():\n    from huse_tf.c import x\n",
        "c.py": "import huse_tf.a.one\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    needs = rooms(tmp_path)
    assert needs == {"a": {"b"}, "b": {"c"}, "c": {"a"}}
    sorter = graphlib.TopologicalSorter(needs)
    try:
        sorter.prepare()
    except graphlib.CycleError as error:
        assert set(error.args[1]) == {"a", "b", "c"}
    else:
        raise AssertionError("the cycle went unnoticed")


def test_every_room_is_a_package():
    """A folder without __init__.py is left out of the wheel without a word."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert all((folder / "__init__.py").exists() for folder in folders)


def test_the_paper_stands_on_nothing_but_itself():
    paper = {"distances", "semantic_graph", "class_embeddings", "losses", "metrics"}
    paper |= {"presence"}
    ground = {"arguments", "errors", "precision", "replacing"}
    needs = rooms(PACKAGE)
    for room in paper:
        assert needs[room] <= paper | ground, room
