"""README's table leads from each equation to the place that computes it."""

import re

from small_runs import ROOT

_MENTION = re.compile(r"\beqs?\. ((?:\d+|, | to | and )+)")


def equations(text):
    """The equations that a text names: "eqs. 9 to 11; eq. 12" are 9, 10, 11 and 12."""
    found = set()
    for mention in _MENTION.findall(text):
        for part in re.split(", | and ", mention):
            ends = [int(number) for number in re.findall(r"\d+", part)]
            if ends:
                found |= set(range(ends[0], ends[-1] + 1))
    return found


def rows():
    """Left and right of each row of the table."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.split("## The paper, equation by equation")[1].split("\n\n")[1]
    for line in table.splitlines()[2:]:
        paper, here = line.strip("| ").split(" | ")
        yield paper, re.findall(r"`([\w/.]+)`", here)


def test_each_equation_is_where_the_table_says():
    named = set()
    for paper, (first, *others) in rows():
        path = ROOT / first
        files = [path, *(path.with_name(name) for name in others)]
        for file in files:
            assert file.exists(), file
        sources = [*files, *path.rglob("*.py")] if path.is_dir() else files
        code = "\n".join(f.read_text("utf-8") for f in sources if f.is_file())
        assert equations(paper) <= equations(code), first
        named |= equations(paper)
    assert named == set(range(4, 14))


def test_numbers_are_read_as_people_write_them():
    assert equations("eqs. 7, 8, loss; eqs. 9 to 11; eq. 12 and 13") == set(
        range(7, 14)
    )
    assert equations("(eq. 5) of 3 terms") == {5}
