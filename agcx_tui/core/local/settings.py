"""The settings of the configuration file: their names, what each is for, and how they are read.

Strategy: one table of settings says of each its name, an example, what it is for, and its type; the reader,
the error messages, and the commented default file that `agcx config` prints all come from it.  A wrong
setting is reported with its line and ignored; the others apply.  No Textual: whether themes and keys exist
is checked where they are known (`themes.py`, `app/keys`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from agcx_tui.core.local.config import PLACES, Config, Place, line_of
from agcx_tui.core.sessions.columns import COLUMNS, ColumnName
from agcx_tui.core.sessions.groups import GROUPINGS, Grouping
from agcx_tui.core.sessions.sorting import SORTS, SortKey

__all__ = ["SETTINGS", "Setting", "default_file", "read"]

# The name of an action never has this many parts.
_DEEPEST = 8

# `ctrl+n`, `f2`, `question_mark`, or the character that is typed.
_key = re.compile(r"(?:(?:ctrl|shift|alt|super|meta|hyper)\+)*(?:[a-z0-9_]+|[^\s,])")


def _is_size(text: str) -> bool:
    from agcx_tui.core.words.typed_values import bytes_of

    try:
        return bytes_of(text) is not None
    except ValueError:
        return False


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


class Setting(msgspec.Struct, frozen=True):
    """One setting of the file.

    Fields:
        name: Its name in TOML, with its table before a dot; the field of `Config` has `_` instead.
        example: A value as TOML.
        about: What it is for.
        type: What its value must be, for msgspec.
        takes: The same in words.
        check: What else must be true of a value of that type.
    """

    name: str
    example: str
    about: str
    type: object
    takes: str
    check: Callable[[Any], bool] = lambda value: True

    def read(self, value: object) -> object:
        """The value, checked.

        Raises:
            ValueError: It is not acceptable; the message says what is.
        """
        try:
            converted: object = msgspec.convert(value, self.type)
        except msgspec.ValidationError:
            raise ValueError(self.takes) from None
        if not self.check(converted):
            raise ValueError(self.takes)
        return converted


_Text = Annotated[str, msgspec.Meta(min_length=1)]

SETTINGS = (
    Setting(
        "theme",
        '"agcx-dark"',
        "Colors: a theme of the palette (ctrl+p, Theme).",
        _Text,
        "a text in quotes",
    ),
    Setting(
        "preview",
        '"right"',
        "Where the preview is: right, below or hidden. Else where there is room.",
        Place,
        f"one of {', '.join(PLACES)}",
    ),
    Setting(
        "sort",
        '"accessed"',
        f"Sort by {', '.join(SORTS)}.",
        SortKey,
        f"one of {', '.join(SORTS)}",
    ),
    Setting(
        "descending",
        "true",
        "The largest or newest first; false reverses the order.",
        bool,
        "true or false",
    ),
    Setting(
        "columns",
        '["project", "tags", "model", "messages", "size"]',
        f"The columns beside age and title, as far as they fit: {', '.join(COLUMNS)}.",
        tuple[ColumnName, ...],
        f"a list of {', '.join(COLUMNS)}",
    ),
    Setting(
        "favorites_first",
        "false",
        "true keeps favorites above all others.",
        bool,
        "true or false",
    ),
    Setting(
        "group",
        '"none"',
        f"Group the list by {', '.join(GROUPINGS)}.",
        Grouping,
        f"one of {', '.join(GROUPINGS)}",
    ),
    Setting(
        "mouse",
        "true",
        "false leaves the mouse to the terminal, to select text.",
        bool,
        "true or false",
    ),
    Setting(
        "time_zone",
        '"Europe/Berlin"',
        "Show times in this zone instead of the system's.",
        _Text,
        'the name of a time zone, as "Europe/Berlin" or "UTC"',
        _is_zone,
    ),
    Setting(
        "search.index",
        "true",
        "false searches every session in its own file, and keeps no index of what they say.",
        bool,
        "true or false",
    ),
    Setting(
        "search.largest",
        '"2GB"',
        "How large the index may become; the oldest sessions are left out of a larger one.",
        _Text,
        'a size such as "500MB" or "2GB"',
        _is_size,
    ),
    Setting(
        "sync.on_start",
        "false",
        "true imports what is new of all agents in the background when the browser starts.",
        bool,
        "true or false",
    ),
    Setting(
        "sync.watch",
        "false",
        "true imports what agents write while the browser is open, a moment later.",
        bool,
        "true or false",
    ),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}
_TABLES = {name.partition(".")[0] for name in _BY_NAME if "." in name}


def _keys(value: object) -> str:
    """The keys of an action, with commas between.

    Raises:
        ValueError: They are not keys; the message says what is acceptable.
    """
    try:
        given = msgspec.convert(value, str | list[str])
    except msgspec.ValidationError:
        given = []
    keys = [key.strip() for key in (given.split(",") if isinstance(given, str) else given)]
    if not keys or not all(map(_key.fullmatch, keys)):
        small = [key.lower() for key in keys if key and _key.fullmatch(key.lower())]
        meant = f"; write {', '.join(small)}" if small and len(small) == len(keys) else ""
        raise ValueError(f'keys such as "x", "ctrl+n" or "down,j"{meant}')
    return ",".join("comma" if key == "," else key for key in keys)


def read(path: Path, content: bytes, largest: int) -> tuple[Config, list[str]]:
    """The configuration in a file's `content`, and what is wrong with it, in lines for a person."""
    try:
        if len(content) > largest:
            raise ValueError("too large to be a configuration")
        text = content.decode("utf-8")
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        return Config(), [f"{path}: {reason or 'nested too deeply'}; none of it is used"]
    config, problems = _read(values)
    lines = [f"{path}: {line_of(text, name)}{reason}" for name, reason in problems]
    return replace(config, path=str(path), text=text), lines


def _read(values: dict[str, Any]) -> tuple[Config, list[tuple[str, str]]]:
    """The configuration, and pairs of a setting's name and what is wrong with it."""
    problems: list[tuple[str, str]] = []
    fields: dict[str, Any] = {}
    keys: dict[str, str] = {}
    for name, value in _settings(values):
        if name == "keys" and isinstance(value, dict):
            for action, wanted in _flat(value):
                try:
                    keys[action] = _keys(wanted)
                except ValueError as error:
                    problems.append((f"keys.{action}", f"it takes {error}"))
        elif name not in _BY_NAME:
            problems.append(
                (name, f"no such setting; the settings are {', '.join(_BY_NAME)}, [keys]")
            )
        else:
            try:
                fields[name.replace(".", "_")] = _BY_NAME[name].read(value)
            except ValueError as error:
                problems.append((name, f"it takes {error}"))
    return Config(**fields, keys=keys), problems


def _settings(values: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Settings by their full names; `[keys]` is one."""
    for name, value in values.items():
        if name in _TABLES and isinstance(value, dict):
            yield from ((f"{name}.{key}", each) for key, each in value.items())
        else:
            yield name, value


def _flat(table: dict[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    """Ids of actions and their values; to TOML, `list.down = "j"` is a table within a table."""
    for name, value in table.items():
        if not isinstance(value, dict):
            yield above + name, value
        elif above.count(".") >= _DEEPEST:
            yield above + name, None
        else:
            yield from _flat(value, f"{above}{name}.")


def default_file(path: Path, actions: Mapping[str, tuple[str, str]]) -> str:
    """A configuration that changes nothing: every setting, explained and commented out.

    `actions` has the keys and a description of each action, by its id.
    """
    lines = [
        f"# {path}",
        "# What is left out stays as you last set it in the app, or the default.",
        "",
    ]
    table = ""
    # Those of a table come after those of none.
    for setting in sorted(SETTINGS, key=lambda setting: setting.name.rpartition(".")[0]):
        above, _, name = setting.name.rpartition(".")
        if above != table:
            table = above
            lines += [f"[{table}]"]
        lines += [f"# {setting.about}", f"# {name} = {setting.example}", ""]
    lines += ["# Other keys for what the program does; several with commas between.", "[keys]"]
    width = max((len(name) + len(keys) for name, (keys, _) in actions.items()), default=0)
    for name, (keys, description) in actions.items():
        lines.append(
            f"# {name} = {f'{chr(34)}{keys}{chr(34)}':<{width - len(name) + 2}}  # {description}"
        )
    return "\n".join(lines) + "\n"
