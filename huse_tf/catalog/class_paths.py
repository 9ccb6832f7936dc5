"""Class cells to class paths: what joins the levels."""

import collections
import re
from collections.abc import Collection, Iterable, Sequence

AUTO = "auto"
MARKS = ("<", ">", "|", "::", "->", "=>", ">>", "»", "›", "→", "/")
SHARE = 0.5  # of the names that have the mark, for it to join levels
FEWER = 0.2  # is enough where nearly all of them share their first level
NEARLY_ALL = 0.8
PADDED = 0.9  # of the names with a mark that have blanks around it


class ClassPaths:
    """Cuts class cells into levels and joins these in one way.

    Attributes:
        mark: joins the levels of a name, with blanks where the catalogue has them.
    """

    def __init__(
        self,
        mark: str,
        cuts: bool = True,
        trims: bool = False,
        tops: Collection[str] = (),
    ):
        """Takes what `recognise` found, or what the config says.

        Args:
            mark: one or more characters. With blanks around it, only what has blanks
                around it is cut.
            cuts: whether names are cut at all.
            trims: whether a mark at either end of a cell is no empty level.
            tops: first levels; a name that has the mark without blanks is cut too
                where it begins with one of them.
        """
        self.mark = mark
        self._core = mark.strip() or mark
        self._padded = None
        if mark != self._core:
            self._padded = re.compile(rf"\s+{re.escape(self._core)}\s+")
        self._cuts = cuts
        self._trims = trims
        self._tops = frozenset(tops)
        self._names: dict[str, str] = {}

    def name(self, cell: str) -> str:
        """Returns the class name of a cell; "" where a level is empty."""
        if cell not in self._names:
            levels = [" ".join(level.split()) for level in self._levels(cell)]
            self._names[cell] = self.mark.join(levels) if all(levels) else ""
        return self._names[cell]

    def levels(self, name: str) -> list[str]:
        """Returns the levels of a name, from general to specific."""
        return name.split(self.mark) if self._cuts else [name]

    def _levels(self, cell: str) -> list[str]:
        if not self._cuts:
            return [cell]
        if self._trims:
            cell = _trimmed(cell, self._core)
        if self._padded is None:
            return cell.split(self.mark)
        levels = self._padded.split(cell)
        if len(levels) == 1 and self._core in cell:
            apart = cell.split(self._core)
            if " ".join(apart[0].split()) in self._tops:
                return apart
        return levels


def recognise(cells: Iterable[str]) -> ClassPaths:
    """Finds what joins the levels of class paths.

    A mark joins levels where most names have it, or where those that have it share
    their first levels. "/" has to do both, for it stands in names such as "T/C shirts".

    Args:
        cells: of the class column; how often each occurs does not matter.
    """
    names = {" ".join(cell.split()) for cell in cells} - {""}
    best, found = 0.0, ""
    for mark in MARKS:
        share = _evidence(names, mark)
        if share > best or (share == best and found and found in mark):
            best, found = share, mark
    if not found:
        return ClassPaths(_unused(names), cuts=False)
    having = [name for name in names if found in name]
    blanks = re.compile(rf"\s{re.escape(found)}\s")
    padded = [name for name in having if blanks.search(name)]
    if len(padded) < PADDED * len(having):
        return ClassPaths(found, trims=True)
    tops = {blanks.split(name)[0] for name in padded}
    return ClassPaths(f" {found} ", trims=True, tops=tops)


def of_columns(cells: Collection[Sequence[str]], mark: str) -> ClassPaths:
    """Chooses what joins the cells of several class columns.

    Args:
        cells: of each row, from general to specific.
        mark: of the config; `AUTO` takes one that no cell has, so that none is cut.
    """
    if mark == AUTO:
        mark = _unused({cell for row in cells for cell in row})
    return ClassPaths(mark)


def _evidence(names: Collection[str], mark: str) -> float:
    """Returns the share of names that a mark cuts, 0 where that may be by chance."""
    cut = [levels for name in names if len(levels := _cut(name, mark)) > 1]
    if not cut:
        return 0.0
    tops = collections.Counter(levels[0] for levels in cut)
    whole = set(names)
    shared = sum(tops[levels[0]] > 1 or levels[0] in whole for levels in cut)
    share, shared = len(cut) / len(names), shared / len(cut)
    if mark == "/":
        return share * 0.99 if share >= SHARE and shared >= SHARE else 0.0
    is_tree = share >= FEWER and shared >= NEARLY_ALL
    return share if share >= SHARE or is_tree else 0.0


def _cut(name: str, mark: str) -> list[str]:
    levels = [level.strip() for level in _trimmed(name, mark).split(mark)]
    return levels if all(levels) else [name]


def _trimmed(cell: str, mark: str) -> str:
    return cell.strip().removeprefix(mark).removesuffix(mark)


def _unused(names: Collection[str]) -> str:
    """Returns a mark that no name has."""
    return next(
        mark
        for mark in ("<", ">", "|", "::", "›", "»", " < ", " > ", " :: ", "\u241f")
        if mark == "\u241f" or not any(mark in name for name in names)
    )
