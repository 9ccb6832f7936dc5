"""Cells of the image column to picture files, as people and programs write them."""

import collections
import os
import posixpath
import re
import shlex
import unicodedata
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from huse_tf.catalog.image_files import EMPTY_NAME, MISSING, OUTSIDE, ImageFolder

ADDRESS = "an address, not a file"
SEVERAL_MATCH = "missing file; several files differ from it in case or ending"
JOINTS = ("|", ";", ",")  # of several pictures in one cell
IMG2DATASET = (
    "--url_list {} --input_format {} --url_col {} --output_format files "
    "--output_folder PICTURES"
)
MANY = 0.5  # of the pictures asked for; where more are missing, what is there is said
NAMED = 3  # names said
LOOKED_AT = 20_000  # files, for a name that may be in another folder

BACKSLASHES = "with \\ for /"
ABSOLUTE = "by absolute paths"
FOLDER_TWICE = "with the name of the images folder before them"
SPELLING = "in other case or Unicode form"
ENDING = "without their ending, or with another"

_ENDINGS = frozenset(
    ".jpg .jpeg .jpe .jfif .png .gif .bmp .webp .tif .tiff .avif .heic .heif .mpo "
    ".jp2 .ico .ppm .tga .pcx .svg".split()
)
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+:)?//[^/]|data:[a-z]+/", re.IGNORECASE)


class PictureFinder:
    """Finds the file that a cell means, where exactly one can be meant.

    A folder is listed once, and only where a path of it is missing as it is written.

    Attributes:
        found: how a file was written -> the first row, cell and path, and how many.
    """

    def __init__(self, folder: ImageFolder, several: bool = True) -> None:
        """Takes the folder of the pictures.

        Args:
            folder: that paths start at.
            several: whether a cell may name several.
        """
        self._folder = folder
        self._joints = JOINTS if several else ()
        self.found: dict[str, tuple[int, str, str, int]] = {}
        self._asked = 0
        self._missing: list[str] = []  # the first few
        self._counts: collections.Counter[str] = collections.Counter()
        self._listed: dict[str, _Listing] = {}

    def pictures(self, row: int, cells: Sequence[str]) -> list[tuple[str, str]]:
        """Returns the path of each picture of a product, and its problem or "".

        Args:
            row: for what is said about it.
            cells: of the image columns; one may hold several, as "a.jpg|b.jpg", unless
                a file is called so.
        """
        pictures = []
        for cell in filter(None, map(str.strip, cells)):
            pictures += self._cell(row, cell)
        for path, problem in pictures:
            self._asked += 1
            self._counts[problem] += 1
            if problem == MISSING and len(self._missing) < NAMED:
                self._missing.append(path)
        return list(dict.fromkeys(pictures))

    def notes(self) -> Iterator[str]:
        """Yields lines about pictures that were found though written in another way."""
        for how, (row, cell, path, count) in self.found.items():
            yield (
                f"{count:,} pictures are named {how} (first: row {row} {shown(cell)} "
                f"is {shown(path)})"
            )

    def hint(self, table: str, column: str) -> str:
        """Says what is there where most pictures are missing, else "".

        Args:
            table: file of the catalogue.
            column: of the pictures.
        """
        if self._counts[ADDRESS] > MANY * self._asked:
            kind = "json" if ".json" in table else "csv"
            kind = "parquet" if table.endswith(".parquet") else kind
            return (
                "these are addresses: fetch the pictures first, such as by img2dataset "
                f"{IMG2DATASET.format(shlex.quote(table), kind, shlex.quote(column))}, "
                "and name the files that it wrote in the image column"
            )
        if self._counts[MISSING] <= MANY * self._asked or not self._missing:
            return ""
        names = sorted(self._files(), key=lambda path: (path.count("/"), path))
        if not names:
            return f"{self._folder.root} holds no file"
        first = ", ".join(map(shown, names[:NAMED]))
        if len(names) > NAMED:
            over = "" if len(names) < LOOKED_AT else "over "
            first += f" and {over}{len(names) - NAMED:,} more"
        hint = f"{self._folder.root} holds {first}"
        wanted = self._missing[0]
        by_name = [n for n in names if _same(posixpath.basename(n)) == _base(wanted)]
        if not by_name:
            stem = _without_ending(_base(wanted))
            alike = (n for n in names if _resemble(stem, _without_ending(_base(n))))
            by_name = list(alike)[:1]
        if by_name:
            hint += f"; for {shown(wanted)} write {shown(by_name[0])}"
        return hint

    def _cell(self, row: int, cell: str) -> list[tuple[str, str]]:
        """Returns the picture that a cell names, or the several."""
        path, problem, how = self._one(cell)
        joints = self._joints if problem in (MISSING, ADDRESS) else ()
        for joint in joints:
            parts = [part.strip() for part in cell.split(joint) if part.strip()]
            if len(parts) < 2:
                continue
            several = [self._one(part) for part in parts]
            if joint == "|" or not all(problem for _, problem, _ in several):
                for part, (path, _, how) in zip(parts, several, strict=True):
                    self._note(how, row, part, path)
                return [(path, problem) for path, problem, _ in several]
        self._note(how, row, cell, path)
        return [(path, problem)]

    def _note(self, how: str, row: int, cell: str, path: str) -> None:
        if how:
            first = self.found.get(how, (row, cell, path, 0))
            self.found[how] = (*first[:3], first[3] + 1)

    def _one(self, cell: str) -> tuple[str, str, str]:
        """Returns the path, its problem and how else it was written, or "" twice."""
        if cell.lower().startswith("file://"):
            cell = unquote(re.sub("^file://(localhost)?", "", cell, flags=re.I))
        elif _ADDRESS.match(cell):
            return cell, ADDRESS, ""
        path, problem = self._folder.check(cell)
        if problem not in (MISSING, OUTSIDE):
            return path, problem, ""
        how = ""
        if "\\" in cell:
            cell, how = cell.replace("\\", "/"), BACKSLASHES
        if cell.startswith("/"):
            cell, how = self._folder.relative(posixpath.normpath(cell)), ABSOLUTE
        inside, still = self._folder.check(cell)
        if still in (OUTSIDE, EMPTY_NAME):
            return path, problem, ""
        if still != MISSING:
            return inside, still, how
        if how == ABSOLUTE:
            path, problem = inside, still
        for candidate, more in self._other_spellings(posixpath.normpath(cell)):
            if not candidate:
                return path, SEVERAL_MATCH, ""
            found, still = self._folder.check(candidate)
            if still != MISSING:
                return found, still, more
        return path, problem, ""

    def _other_spellings(self, path: str) -> Iterator[tuple[str, str]]:
        """Yields paths that are there; "" where several are as near."""
        yield from self._in_folders(path, "")
        own = os.path.abspath(self._folder.root).split("/")
        levels = path.split("/")
        for count in range(1, min(len(levels), len(own))):
            if [*map(_same, levels[:count])] == [*map(_same, own[-count:])]:
                yield "/".join(levels[count:]), FOLDER_TWICE
                yield from self._in_folders("/".join(levels[count:]), FOLDER_TWICE)

    def _in_folders(self, path: str, how: str) -> Iterator[tuple[str, str]]:
        place = ""
        *folders, name = path.split("/")
        for folder in folders:
            found = self._listing(place).folders(folder)
            if len(found) != 1:
                return
            place = posixpath.join(place, found[0])
        for found, written in self._listing(place).files(name):
            if found:
                one = posixpath.join(place, found[0]) if len(found) == 1 else ""
                yield one, how or written
                return

    def _listing(self, place: str) -> "_Listing":
        if place not in self._listed:
            self._listed[place] = _Listing(posixpath.join(self._folder.root, place))
        return self._listed[place]

    def _files(self) -> list[str]:
        """Returns files of the folder and below, LOOKED_AT at most."""
        files: list[str] = []
        root = self._folder.root
        for place, folders, names in os.walk(root):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            inside = os.path.relpath(place, root)
            for name in sorted(names):
                if not name.startswith("."):
                    files.append(posixpath.normpath(posixpath.join(inside, name)))
            if len(files) >= LOOKED_AT:
                return files[:LOOKED_AT]
        return files


class _Listing:
    """The names in a folder, by what they are alike in."""

    def __init__(self, folder: str) -> None:
        self._folders = collections.defaultdict(list)
        self._names = collections.defaultdict(list)
        self._stems = collections.defaultdict(list)
        try:
            entries = list(os.scandir(folder))
        except OSError:
            entries = []
        for entry in entries:
            if os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir():
                self._folders[_same(entry.name)].append(entry.name)
                continue
            same = _same(entry.name)
            self._names[same].append(entry.name)
            stem, ending = posixpath.splitext(same)
            if ending in _ENDINGS:
                self._stems[stem].append(entry.name)

    def folders(self, name: str) -> list[str]:
        """Returns the folders that are called so, in any spelling."""
        return self._folders.get(_same(name), [])

    def files(self, name: str) -> Iterator[tuple[list[str], str]]:
        """Yields files called so in any spelling, then with any ending."""
        same = _same(name)
        yield self._names.get(same, []), SPELLING
        yield self._stems.get(same, []), ENDING
        yield self._stems.get(_without_ending(same), []), ENDING


def shown(name: str) -> str:
    """Returns a name for the screen."""
    return f"'{name[:80]}'" if name.isprintable() else repr(name[:80])


def _same(name: str) -> str:
    """Returns what names have in common that differ in case or Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _base(path: str) -> str:
    return _same(posixpath.basename(path.replace("\\", "/")))


def _resemble(stem: str, other: str) -> bool:
    """Says whether one of two stems, both longer than a letter, holds the other."""
    return min(len(stem), len(other)) > 1 and (stem in other or other in stem)


def _without_ending(name: str) -> str:
    stem, ending = posixpath.splitext(name)
    return stem if ending in _ENDINGS else name
