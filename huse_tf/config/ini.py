"""config.ini to frozen dataclasses and back; the only reader of ini values."""

import configparser
import dataclasses
import os
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from huse_tf.config import checks
from huse_tf.config import values as kinds
from huse_tf.config.comments import comment
from huse_tf.config.encoder_sections import (
    ClassEncoderConfig,
    ImageEncoderConfig,
    TextEncoderConfig,
)
from huse_tf.config.sections import (
    DataConfig,
    EvaluationConfig,
    ExportConfig,
    FeaturesConfig,
    LossConfig,
    ObjectiveConfig,
    OptimizerConfig,
    TowersConfig,
    TrainingConfig,
)
from huse_tf.config.values import nearest
from huse_tf.errors import InputError
from huse_tf.registry import OwnName
from huse_tf.replacing import replaced


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that a run depends on; Config.<section>.<key> as in the ini."""

    data: DataConfig
    image_encoder: ImageEncoderConfig = ImageEncoderConfig()
    text_encoder: TextEncoderConfig = TextEncoderConfig()
    class_encoder: ClassEncoderConfig = ClassEncoderConfig()
    towers: TowersConfig = TowersConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    loss: LossConfig = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    training: TrainingConfig = TrainingConfig()
    features: FeaturesConfig = FeaturesConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    export: ExportConfig = ExportConfig()

    def to_ini(self) -> str:
        """Returns an ini with every key and its comment; paths are absolute."""
        blocks = []
        for name in SECTIONS:
            lines = [f"[{name}]"]
            for field in _keys(name):
                lines += [f"# {comment(SECTIONS[name], field)}", f"{field.name} = "]
                lines[-1] += self._text(name, field)
            blocks.append("\n".join(line.rstrip() for line in lines))
        return "\n\n".join(blocks) + "\n"

    def settled(self, class_separator: str) -> "Config":
        """Returns the config with what class_separator turned out to be.

        Args:
            class_separator: joins the levels of the catalogue's class names.
        """
        data = dataclasses.replace(self.data, class_separator=class_separator)
        return dataclasses.replace(self, data=data)

    def brief(self) -> str:
        """Returns the paths and what differs from its default, for the screen."""
        paragraphs = [
            "paths, and what differs from its default (config.ini in the run folder "
            "has every key):"
        ]
        for name in SECTIONS:
            pairs = [
                f"{field.name}={self._text(name, field)}"
                for field in _keys(name)
                if self.value(f"{name}.{field.name}") != field.default
            ]
            if not pairs:
                continue
            paragraphs.append(
                textwrap.fill(
                    f"[{name}] " + "  ".join(pairs),
                    width=100,
                    subsequent_indent="    ",
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            )
        return "\n".join(paragraphs)

    def to_lines(self) -> dict[str, str]:
        """Returns "section.key=value" of every key, by "section.key"."""
        return {
            f"{name}.{field.name}": f"{name}.{field.name}={self._text(name, field)}"
            for name in SECTIONS
            for field in _keys(name)
        }

    def departures(self) -> list[str]:
        """Returns "section.key=value" of what no run does unless it is told to.

        A key that a new version adds, or whose default it changes, is not among them
        as long as its value is what runs did before.
        """
        return [
            f"{name}.{field.name}={self._text(name, field)}"
            for name in SECTIONS
            for field in _keys(name)
            if self.value(f"{name}.{field.name}") != field.metadata["earlier"]
        ]

    def own_parts(self) -> list[str]:
        """Returns "section.key = value" of what lets code outside of huse_tf run.

        That is the user's own parts, and operations of models that reach out.
        """
        return [
            f"{name}.{field.name} = {value}"
            for name in SECTIONS
            for field in _keys(name)
            if isinstance(value := self.value(f"{name}.{field.name}"), OwnName)
            or (field.name == "allowed_ops" and value)
        ]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes `to_ini` to a file, whole or not at all."""
        with replaced(Path(path)) as beside:
            beside.write_text(self.to_ini(), encoding="utf-8")

    def differences(self, other: "Config") -> list[str]:
        """Returns lines such as "loss.beta: 1.0 here, 0.5 there", one per key."""
        return [
            f"{name}.{field.name}: {self._text(name, field) or 'empty'} here, "
            f"{other._text(name, field) or 'empty'} there"
            for name in SECTIONS
            for field in _keys(name)
            if self.value(f"{name}.{field.name}") != other.value(f"{name}.{field.name}")
        ]

    def value(self, key: str) -> Any:
        """Returns the value of "section.key"."""
        section, name = key.split(".")
        return getattr(getattr(self, section), name)

    def _text(self, name: str, field: dataclasses.Field) -> str:
        return field.metadata["kind"].write(self.value(f"{name}.{field.name}"))


SECTIONS = {field.name: field.type for field in dataclasses.fields(Config)}


def load_config(
    path: str | os.PathLike[str], overrides: Sequence[str] = (), of_run: bool = False
) -> Config:
    """Reads and validates an ini file.

    Args:
        path: the file. Its relative paths, and those in `overrides`, start at its
            folder. A key that it lacks takes its default.
        overrides: "section.key=value", which replace what the file says.
        of_run: whether a run was made by the file, maybe by an earlier version: a key
            that it lacks takes what runs did before there was that key.

    Returns:
        The config, every value in its range and every local path absolute.

    Raises:
        InputError: the file cannot be read, or one of its sections, keys or values,
            or of the overrides, is not as documented.
    """
    path = Path(path)
    texts = dict(_read(path))
    texts.update(map(_override, overrides))
    folder = Path(os.path.abspath(path)).parent
    sections = {
        name: section(
            **{
                field.name: _parse(path, name, field, folder, texts, of_run)
                for field in _keys(name)
            }
        )
        for name, section in SECTIONS.items()
    }
    config = Config(**sections)
    checks.check(path, config)
    return config


def keys_of(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Returns the "section.key" that an ini holds, in its order."""
    return tuple(".".join(place) for place, _ in _read(Path(path)))


def _keys(name: str) -> tuple[dataclasses.Field, ...]:
    return dataclasses.fields(SECTIONS[name])


def _read(path: Path) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Yields ((section, key), (text, where it stands))."""
    ini = configparser.ConfigParser(
        interpolation=None, default_section="", empty_lines_in_values=False
    )
    ini.optionxform = str
    try:
        ini.read_string(path.read_text(encoding="utf-8-sig"), source=str(path))
    except OSError as error:
        raise InputError(
            f"`config` {path}: cannot be read ({error.strerror}); name an ini file; "
            "huse example DIR lays one down"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error}); save it as UTF-8") from error
    except configparser.Error as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not an ini file: {reason}") from error
    for name in ini.sections():
        _check_section(str(path), name)
        for key, text in ini[name].items():
            _check_key(str(path), name, key)
            yield (name, key), (text, f"{path}: [{name}] {key} = ")


def _override(text: str) -> tuple[tuple[str, str], tuple[str, str]]:
    target, equals, value = text.partition("=")
    name, dot, key = target.strip().partition(".")
    if not equals:
        raise InputError(f"`set` {text}: expected section.key=value, no '=' received")
    if not dot:
        known = [f"{name}.{field.name}" for name in SECTIONS for field in _keys(name)]
        same = [full for full in known if full.endswith(f".{name}")]
        raise InputError(
            f"`set` {text}: expected section.key=value; the nearest is "
            f"{nearest(name, same or known)}"
        )
    _check_section(f"`set` {text}", name)
    _check_key(f"`set` {text}", name, key)
    return (name, key), (value.strip(), f"`set` {name}.{key}=")


def _check_section(where: str, name: str) -> None:
    if name not in SECTIONS:
        near = nearest(name, SECTIONS)
        raise InputError(f"{where}: unknown section [{name}]; the nearest is [{near}]")


def _check_key(where: str, name: str, key: str) -> None:
    keys = [field.name for field in _keys(name)]
    if key not in keys:
        owners = [n for n in SECTIONS if key in (field.name for field in _keys(n))]
        near = f"{owners[0]}.{key}" if owners else f"{name}.{nearest(key, keys)}"
        raise InputError(f"{where}: unknown key {name}.{key}; the nearest is {near}")


def _parse(
    path: Path,
    name: str,
    field: dataclasses.Field,
    folder: Path,
    texts: dict[tuple[str, str], tuple[str, str]],
    of_run: bool,
) -> Any:
    kind = field.metadata["kind"]
    if (name, field.name) in texts:
        text, origin = texts[name, field.name]
    elif field.default is dataclasses.MISSING:
        raise InputError(
            f"{path}: [{name}] {field.name} is missing; add it: "
            + comment(SECTIONS[name], field)
        )
    else:
        absent = field.metadata["earlier"] if of_run else field.default
        text, origin = kind.write(absent), f"{name}.{field.name} = "
    shown = text if text and text.isprintable() else repr(text)
    if re.search(r"[\0-\x1f\x7f]", text):
        raise InputError(f"{origin}{shown}: expected one line without control codes")
    try:
        return kind.parse(text, folder)
    except kinds.Unknown as error:
        hint = f"; the nearest is {error}"
        raise InputError(f"{origin}{shown}: expected {kind.expected}{hint}") from error
    except (ValueError, OverflowError) as error:
        raise InputError(f"{origin}{shown}: expected {kind.expected}") from error
