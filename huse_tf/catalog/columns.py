"""Which column of a catalogue is what."""

import dataclasses
import difflib
import re
from collections.abc import Sequence

from huse_tf.config import DataConfig
from huse_tf.errors import InputError

NONE = "none"
SHOWN = 200  # characters of the header in messages
# An exact name goes before its aliases, these before the rarer ones.
ALIASES = {
    "id": (("id",), ("sku", "product_id", "handle"), ("item_id", "article_id")),
    "image": (
        ("image",),
        ("img_name", "image_name", "filename", "file_name", "filepath"),
        ("image_path", "image_file", "image_src", "images", "img", "img_path")
        + ("picture", "pictures", "photo", "photos", "image_url", "image_link"),
    ),
    "text": (
        ("text",),
        ("title", "name", "caption", "description"),
        ("product_title", "product_name", "product_description"),
    ),
    "class": (
        ("class",),
        ("classes", "label", "category"),
        ("categories", "class_name", "product_type", "product_category")
        + ("category_path", "google_product_category"),
    ),
    "split": (("split",),),
}
# Parts of names that a role's column may have, for messages.
WORDS = {
    "image": ("image", "img", "file", "path", "photo", "pic", "url"),
    "text": ("title", "name", "text", "desc", "caption"),
    "class": ("class", "categ", "type", "label", "group", "kind"),
}
KEYS = {
    "id": "id_column",
    "image": "image_column",
    "text": "text_columns",
    "class": "class_columns",
}


@dataclasses.dataclass(frozen=True)
class Columns:
    """Places in the header.

    Attributes:
        image: the picture's, and those of further pictures; none where the catalogue
            has no pictures.
        text: joined in this order; none where the catalogue has no texts.
        class_: levels, from general to specific; none where it has no classes.
        id: or None.
        split: or None.
        carried: name -> place of every other column.
        note: a line for the screen that says so, "" where the names alone do.
    """

    image: tuple[int, ...]
    text: tuple[int, ...]
    class_: tuple[int, ...]
    id: int | None
    split: int | None
    carried: dict[str, int]
    note: str


def find_columns(
    source: str, header: Sequence[str], data: DataConfig, labelled: bool = True
) -> Columns:
    """Finds the columns by the keys of the config or, where these are empty, by name.

    Args:
        source: the file, for messages.
        header: names of its columns.
        data: [data] of the config.
        labelled: whether there has to be a class column.

    Raises:
        InputError: a role has no column, or more than one; a key names none.
    """
    find = _Finder(source, header, data)
    image = find.role("image")
    if image and data.all_pictures:
        image += find.further_pictures(image[0])
    text = find.role("text")
    if not (image or text):
        raise InputError(
            f"{source}: data.image_column and data.text_columns are both {NONE}; "
            "expected a picture, a text or both"
        )
    class_ = find.role("class", required=labelled)
    split = find.role("split", required=False)
    id_ = find.role("id", required=False)
    used = {*image, *text, *class_, *split, *id_}
    carried = _named({i: name for i, name in enumerate(header) if i not in used})
    return Columns(
        image,
        text,
        class_,
        id_[0] if id_ else None,
        split[0] if split else None,
        carried,
        find.note(image, text, class_, id_, carried),
    )


class _Finder:
    """One header, asked for one role after the other."""

    def __init__(self, source: str, header: Sequence[str], data: DataConfig) -> None:
        self._source = source
        self._header = header
        self._data = data
        self._folded = [_folded(name) for name in header]

    def role(self, role: str, required: bool = True) -> tuple[int, ...]:
        """Returns the places of a role's columns.

        Raises:
            InputError: there is none, and it is required; or there are several that it
                cannot be.
        """
        key = KEYS.get(role)
        wanted = getattr(self._data, key) if key else ()
        if wanted := (wanted,) if isinstance(wanted, str) else tuple(wanted):
            if wanted == (NONE,) and NONE not in self._folded:
                return ()
            if any(wanted):
                return tuple(self._called(name, key) for name in wanted)
        for aliases in ALIASES[role]:
            matches = [
                [i for i, name in enumerate(self._folded) if name == alias]
                for alias in aliases
            ]
            found = [i for places in matches for i in places]
            twice = max(map(len, matches)) > 1
            if role == "id" and found:
                return (found[0],)
            if len(found) == 1 or (found and role == "text" and not twice):
                return tuple(found)
            if found:
                self._refuse_several(role, found)
        if role == "image" and (numbered := self._numbered()):
            return numbered
        if required:
            self._refuse_none(role)
        return ()

    def further_pictures(self, first: int) -> tuple[int, ...]:
        """Returns image_2, image_3, ... beside image, by number."""
        stem = re.sub(r"_?\d+$", "", self._folded[first])
        numbers = {}
        for i, name in enumerate(self._folded):
            match = re.fullmatch(rf"{re.escape(stem)}_?(\d{{1,4}})", name)
            if match and i != first:
                numbers[i] = int(match[1])
        return tuple(sorted(numbers, key=numbers.get))

    def note(
        self,
        image: tuple[int, ...],
        text: tuple[int, ...],
        class_: tuple[int, ...],
        id_: tuple[int, ...],
        carried: dict[str, int],
    ) -> str:
        """Says which column is what; "" where each is called by its role."""
        roles = {"picture": image, "text": text, "class": class_, "id": id_}
        plain = ([], ["image"], ["text"], ["class"], ["id"])
        if not carried and all(
            [self._folded[i] for i in places] in plain for places in roles.values()
        ):
            return ""
        parts = []
        for role, places in roles.items():
            if places:
                names = " and ".join(repr(self._header[i]) for i in places)
                joined = " joined" * (role == "text" and len(places) > 1)
                parts.append(f"{role} from {names}{joined}")
        if carried:
            parts.append(f"carried along: {', '.join(carried)[:SHOWN]}")
        return "columns: " + "; ".join(parts)

    def _called(self, name: str, key: str) -> int:
        exact = [i for i, other in enumerate(self._header) if other == name.strip()]
        folded = [i for i, other in enumerate(self._folded) if other == _folded(name)]
        if exact or folded:
            return (exact or folded)[0]
        near = difflib.get_close_matches(_folded(name), self._folded, 1, 0.0)
        hint = ""
        if near:
            hint = f"; the nearest is {self._header[self._folded.index(near[0])]!r}"
        raise InputError(
            f"{self._source}: data.{key} names {name!r}, which is no column{hint}; "
            f"found {self._found()}"
        )

    def _numbered(self) -> tuple[int, ...]:
        """Returns the first of image_1, image_2, ... where there is no image."""
        names = {name for aliases in ALIASES["image"] for name in aliases}
        numbers = {}
        for i, name in enumerate(self._folded):
            match = re.fullmatch(r"(.*\D?)_?(\d{1,4})", name)
            if match and match[1].rstrip("_") in names:
                numbers[i] = int(match[2])
        return (min(numbers, key=numbers.get),) if numbers else ()

    def _refuse_several(self, role: str, found: list[int]) -> None:
        names = ", ".join(repr(self._header[i]) for i in found)
        remedy = "give the others other names"
        if role in KEYS:
            remedy = f"set data.{KEYS[role]}"
        if role == "class":
            remedy += " to one, or to several, from general to specific: one path"
        raise InputError(
            f"{self._source}: {len(found)} columns could be the {role}: {names}; "
            f"call one {role!r}, or {remedy}"
        )

    def _refuse_none(self, role: str) -> None:
        first, second = ALIASES[role][0][0], ", ".join(ALIASES[role][1])
        hint = f"set data.{KEYS[role]} to the column that has it"
        taken = {name for tiers in ALIASES.values() for tier in tiers for name in tier}
        free = [name for name in self._header if _folded(name) not in taken]
        alike = [name for name in free if any(w in _folded(name) for w in WORDS[role])]
        if alike:
            hint += f", such as data.{KEYS[role]} = {alike[0]}"
        if role == "image" and (id_ := self.role("id", required=False)):
            hint += (
                f" (data.image_column = {self._header[id_[0]]} where the files are "
                "called by it)"
            )
        raise InputError(
            f"{self._source}: no {role} column; {hint}, or call it {first}, {second}; "
            f"found {self._found()}"
        )

    def _found(self) -> str:
        return ", ".join(map(repr, self._header))[:SHOWN]


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip()).casefold()


def _named(columns: dict[int, str]) -> dict[str, int]:
    """Returns name -> place; repeated names are numbered, empty ones left out."""
    named: dict[str, int] = {}
    for i, name in columns.items():
        if name:
            number = 1
            while (key := name if number == 1 else f"{name} ({number})") in named:
                number += 1
            named[key] = i
    return named
