"""What is to be said about a catalogue's class names, and which of them are one."""

import collections
import unicodedata
from collections.abc import Collection, Iterator, Mapping

from huse_tf.catalog.class_paths import MARKS, ClassPaths

SHOWN = 80  # characters of a name in a line
_LISTS = (";", "|", ",")  # what joins several categories in a cell


def notes(sizes: Mapping[str, int], paths: ClassPaths, is_auto: bool) -> Iterator[str]:
    """Yields lines about how class cells were read.

    Args:
        sizes: class name -> how many products it has.
        paths: that made them.
        is_auto: whether what joins the levels was recognised.
    """
    depths = {len(paths.levels(name)) for name in sizes} or {1}
    if depths != {1}:
        low, high = min(depths), max(depths)
        count = f"{low} to {high}" if low < high else str(low)
        yield f"class paths: {count} levels, joined by {paths.mark!r}"
    elif is_auto and (other := uncut(sizes.keys())):
        yield other
    if several := several_categories(sizes.keys(), paths):
        rows = sum(sizes[name] for name in several)
        yield (
            f"{rows:,} products have several classes in one cell, such as "
            f"{several[0][:SHOWN]!r}: each such list is a class by itself; leave one "
            "class a row"
        )


def similar_notes(joined: Mapping[str, str], joins: bool) -> Iterator[str]:
    """Yields a line about what `similar` found.

    Args:
        joined: of `similar`.
        joins: whether these classes are joined.
    """
    if joined:
        name, usual = min(joined.items())
        yield (
            f"{len(joined):,} classes differ from others in case, blanks or Unicode "
            f"form alone, such as {name[:SHOWN]!r} from {usual[:SHOWN]!r}"
            + (": joined" if joins else "; data.join_similar_classes = yes makes one")
        )


def uncut(names: Collection[str]) -> str:
    """Says which mark is in names that are not cut, as an example; "" for none."""
    counts = {mark: [n for n in names if mark in n.strip(mark)] for mark in MARKS}
    mark, having = max(counts.items(), key=lambda item: len(item[1]))
    if not having:
        return ""
    return (
        f"{len(having):,} of {len(names):,} class names have {mark!r}, such as "
        f"{min(having)[:SHOWN]!r}, which is taken for a part of the name; "
        f"data.class_separator = {mark} makes levels of it"
    )


def several_categories(names: Collection[str], paths: ClassPaths) -> list[str]:
    """Returns the names that are several classes in one cell: "a<b, c<d" or "a;b".

    Each part has to be known: to begin as other classes begin, if it has levels, to be
    a class by itself, or to stand in several such lists.
    """
    listed = collections.Counter(
        " ".join(part.split())
        for name in names
        for joint in _LISTS[:2]
        if joint in name and joint != paths.mark.strip()
        for part in name.split(joint)
    )
    known = set(names) | {part for part, count in listed.items() if count > 1}
    tops = collections.Counter(paths.levels(name)[0] for name in names)
    found = []
    for name in names:
        for joint in _LISTS:
            if joint == paths.mark.strip() or joint not in name:
                continue
            parts = [" ".join(part.split()) for part in name.split(joint)]
            if all(part and _is_class(part, known, tops, paths) for part in parts):
                found.append(name)
                break
    return sorted(found)


def similar(names: Mapping[str, int], paths: ClassPaths) -> dict[str, str]:
    """Finds names that differ in case, blanks or Unicode form alone.

    Args:
        names: class name -> how many products it has.
        paths: that made them.

    Returns:
        Name -> how most products of its level, and of each level above, spell it; only
        of names for which this is another one.
    """
    spellings = collections.defaultdict(collections.Counter)
    for name, size in names.items():
        levels = paths.levels(name)
        for depth, level in enumerate(levels, 1):
            spellings[tuple(map(_folded, levels[:depth]))][level] += size
    joined = {}
    for name in names:
        levels = paths.levels(name)
        folded = tuple(map(_folded, levels))
        usual = []
        for depth in range(1, len(levels) + 1):
            counts = spellings[folded[:depth]]
            usual.append(min(counts, key=lambda level: (-counts[level], level)))
        other = paths.mark.join(usual)
        if other != name:
            joined[name] = other
    return joined


def _is_class(
    part: str, known: set[str], tops: collections.Counter, paths: ClassPaths
) -> bool:
    name = paths.name(part)
    if name in known:
        return True
    levels = paths.levels(name)
    return len(levels) > 1 and tops[levels[0]] > 1


def _folded(level: str) -> str:
    plain = unicodedata.normalize("NFKC", level).casefold()
    return "".join(unicodedata.normalize("NFKC", plain).split())
