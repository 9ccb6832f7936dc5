"""README.md and docs/ mention commands and flags that exist, and no others."""

import re

import pytest
from programs import flags_of
from small_runs import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# How a piece of code begins that calls something: ours, or another program with flags.
CALLED = re.compile(
    r"(?:python[\d.]* )?(?:-m )?"
    r"(?P<name>huse(?: [a-z][a-z-]*)?|huse_tf\.(?:doctor|features)|[\w/]+\.py)(?= |$)"
    r"|(?P<other>[a-z][\w.-]*)(?= .*--)"
)
FLAG = re.compile(r"(?<![\w-])--([a-z]\w*)")


def pieces(text):
    """Yields, a paragraph or table row at a time, its pieces of code in order.

    Indented blocks are cut into the commands of their lines, continued ones joined.
    """
    text = re.sub(r"\\\n\s*", " ", text)
    for paragraph in re.split(r"\n(?=\||- |\n)", text):
        spans = []
        for line in paragraph.splitlines():
            if line.startswith("    "):
                spans += re.split(r"\s(?:&&|\||;)\s|\s{3,}", line.strip())
        inline = re.sub(r"^    .*$", "", paragraph, flags=re.MULTILINE)
        yield [*spans, *re.findall(r"`([^`]+)`", inline.replace("\n", " "))]


def mentions(text):
    """Yields (command or None, what it is called with or None, flags) of each piece."""
    for spans in pieces(text):
        current = None
        for span in spans:
            called = CALLED.match(span)
            if called:
                current = called["name"] or "other"
            yield current, called and called["name"], FLAG.findall(span)


def known(helps):
    """A command's name in documents -> its flags."""
    return {
        name.removeprefix("python ").removeprefix("-m "): flags_of(text)
        for name, text in helps.items()
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_flags_are_those_of_their_command(helps, page):
    flags = known(helps)
    anywhere = set().union(*flags.values())
    for command, _, found in mentions(page.read_text(encoding="utf-8")):
        if command is None:
            assert set(found) <= anywhere, f"{found}: no command has it"
        elif command in flags:
            assert set(found) <= flags[command], f"{command} has no such flag"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(helps, page):
    for _, name, _ in mentions(page.read_text(encoding="utf-8")):
        if name and name.startswith("huse "):
            assert name in helps
        elif name and name.endswith(".py"):
            inside = [ROOT / "huse_tf", ROOT / "tests"]
            found = any(path for folder in inside for path in folder.rglob(name))
            assert found or (ROOT / name).exists(), name


def test_the_reading_of_a_page():
    page = """Run `huse search --text "a b"`, `--serve` or `tensorboard --logdir runs`.

    python train.py -b 5 \\
        --set a.b=c && tool --not_ours | other --neither

| `evaluate.py --run_dir DIR` | with `--split` |
| `--seed` | |
"""
    assert [(command, flags) for command, _, flags in mentions(page)] == [
        ("huse search", ["text"]),
        ("huse search", ["serve"]),
        ("other", ["logdir"]),
        ("train.py", ["set"]),
        ("other", ["not_ours"]),
        ("other", ["neither"]),
        ("evaluate.py", ["run_dir"]),
        ("evaluate.py", ["split"]),
        (None, ["seed"]),
    ]
