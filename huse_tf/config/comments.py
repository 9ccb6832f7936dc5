"""The comment above each key of an ini: what it is, whose it is, its range."""

import dataclasses
import re

from huse_tf.config.encoder_sections import ClassEncoderConfig, TextEncoderConfig
from huse_tf.config.sections import LossConfig, ObjectiveConfig
from huse_tf.encoders.registry import TEXT_ENCODERS
from huse_tf.objectives.registry import OBJECTIVES

# What may follow the range in an ini of the project: whose value it is.
SOURCE = re.compile(
    r"; ((ours|paper \d(\.\d)+(, eq \d+)?|[A-Z][a-z]+ \d{4}, \d(\.\d)*)( \(.+\))?)$"
)
_TEXT_OWNERS = {name: entry.keys for name, entry in TEXT_ENCODERS.items()}
_OWNERS = {
    TextEncoderConfig: _TEXT_OWNERS,
    ClassEncoderConfig: _TEXT_OWNERS,
    **{
        section: {
            name: [key.removeprefix(f"{title}.") for key in entry.keys]
            for name, entry in OBJECTIVES.items()
        }
        for section, title in ((ObjectiveConfig, "objective"), (LossConfig, "loss"))
    },
}


def comment(section: type, field: dataclasses.Field) -> str:
    """Returns what stands above a key: whose it is, what it is; its range."""
    owners = [
        name for name, keys in _OWNERS.get(section, {}).items() if field.name in keys
    ]
    whose = f"{', '.join(owners)}: " if owners else ""
    return f"{whose}{field.metadata['what']}; {field.metadata['kind'].expected}"


def commented(text: str, sections: dict[str, type]) -> str:
    """Returns an ini with the comments that its keys have now, its values untouched.

    Whose value it is stays, as do the lines above the first section. Comments between
    keys that are no key's go; a key that is missing is added with its default.

    Args:
        text: of an ini that can be read.
        sections: the dataclass of each section, in order.
    """
    head, held, sources = _read(text)
    with_sources = any(sources.values())
    blocks = [head.rstrip()] if head.strip() else []
    for name, section in sections.items():
        lines = [f"[{name}]"]
        for field in dataclasses.fields(section):
            key = (name, field.name)
            source = sources.get(key, "ours" if with_sources else "")
            value = held.get(key)
            if value is None:
                value = field.metadata["kind"].write(field.default)
            lines.append(f"# {comment(section, field)}" + f"; {source}" * bool(source))
            lines.append(f"{field.name} = {value}".rstrip())
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _read(text: str) -> tuple[str, dict, dict]:
    """Returns the lines above the sections, and value and source of each key."""
    start = re.search(r"^\[", text, re.MULTILINE)
    place = start.start() if start else len(text)
    held, sources, section, above = {}, {}, "", ""
    for line in text[place:].splitlines():
        if title := re.match(r"\[(.+)\]", line):
            section = title[1]
        elif pair := re.match(r"(\w+)\s*[=:]\s*(.*)", line):
            held[section, pair[1]] = pair[2].strip()
            found = SOURCE.search(above)
            sources[section, pair[1]] = found[1] if found else ""
        above = line if line.startswith("#") else ""
    return text[:place], held, sources
