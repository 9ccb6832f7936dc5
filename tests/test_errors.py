"""The library names arguments; the command line makes flags of them."""

import ast
import re
from pathlib import Path

import pytest
from absl import flags

import huse_tf
from huse_tf import cli

PACKAGE = Path(huse_tf.__file__).parent
# What parses flags may name them; a flag looks like --run_dir or -k, a colour of a
# style sheet like var(--line) or --line: #fff.
COMMANDS = ("cli.py", "doctor.py", "__main__.py", "commands")
FLAG = re.compile(r"(?<!var\()(?<![\w-])(--[a-z]\w*(?!\w|: #)|-[a-z]\b)")


def strings(tree):
    """The text of a file's strings but docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in docstrings:
                yield node.lineno, node.value


def named_flags(text):
    """(line, flag) for each flag that a string of a Python file names."""
    found = []
    for line, string in strings(ast.parse(text)):
        if string.startswith("--url_list ") or "ray start" in string:
            continue  # another program's
        found += [(line, flag) for flag in FLAG.findall(string)]
    return found


def test_the_library_names_no_flag():
    found = [
        f"{path.relative_to(PACKAGE)}:{line} says {flag}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not set(path.relative_to(PACKAGE).parts) & set(COMMANDS)
        for line, flag in named_flags(path.read_text(encoding="utf-8"))
    ]
    assert not found, "write the argument in backticks, `run_dir`: " + "; ".join(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('raise E(f"--run_dir {path}: gone")', ["--run_dir"]),
        ('raise E("or by --accept_changes")', ["--accept_changes"]),
        ('raise E("-k: expected", "(-e 30)")', ["-k", "-e"]),
        ('"""Says --what."""\ndef f():\n    """Says -k."""', []),
        ('CSS = "a { --line: #fff; color: var(--line) }"', []),
        ('"a-b", "top-k", "un--marked", "-1", "--"', []),
    ],
)
def test_a_flag_in_a_string_is_noticed(text, expected):
    assert [flag for _, flag in named_flags(text)] == expected


def test_the_command_line_writes_its_own_flags(monkeypatch):
    """`csv` is no flag of a command that defines run_dir and k alone."""
    own = flags.FlagValues()
    flags.DEFINE_string("run_dir", "", "", flag_values=own)
    flags.DEFINE_integer("k", 1, "", flag_values=own)
    monkeypatch.setattr(flags, "FLAGS", own)
    message = "`run_dir` runs/x: `k` is 0 in `csv`, `not a name` and `run_dir`"
    assert cli.with_flags(message) == (
        "--run_dir runs/x: -k is 0 in `csv`, `not a name` and --run_dir"
    )
