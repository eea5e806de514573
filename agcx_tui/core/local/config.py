"""What a person has written into `config.toml`: read with patience, never fatal.

Strategy: one table of settings says of each its name, its default, what it is for, and how its
value is read; the reader, the errors and the commented default file that `agcx config` prints all
come from it.  A setting that is wrong is said, with its line, and left out; the others hold.  What
stands in the file wins over what the program remembers by itself (`remembered.py`).  No Textual: names
of themes and keys are checked where these are known (`app.py`, `binding_names.py`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agcx_tui.core.local.small_file import read_regular
from agcx_tui.core.sessions.table import SORTS

__all__ = ["SETTINGS", "Config", "Setting", "default_file", "load", "use_time_zone"]

PLACES = ("right", "below", "hidden")
# Larger than anybody writes: whatever is there is no configuration.
_LARGEST = 1024 * 1024

# No name of a key has so many parts.
_DEEPEST = 8

# `ctrl+n`, `f2`, `question_mark`, or one character as it is typed.
_key = re.compile(r"(?:(?:ctrl|shift|alt|super|meta|hyper)\+)*(?:[a-z0-9_]+|[^\s,])")


@dataclass(frozen=True, slots=True)
class Config:
    """None where the file says nothing: then it is as the program was left, or as it suits."""

    theme: str | None = None
    preview: str | None = None
    sort: str | None = None
    descending: bool | None = None
    mouse: bool = True
    time_zone: str | None = None
    # By the id of a binding, the keys that it has instead of its own, with commas between.
    keys: Mapping[str, str] = field(default_factory=dict)
    # The file and what stands in it: for what is found to be wrong only later.
    path: str = field(default="", compare=False)
    text: str = field(default="", compare=False, repr=False)

    def place(self, name: str) -> str:
        """`config.toml: line 3: sort: `, or what is known of that."""
        return f"{self.path}: {_place(self.text, name)}" if self.path else f"{name}: "


@dataclass(frozen=True, slots=True)
class Setting:
    """`example` as TOML; `read` gives the value or raises ValueError, whose text says what would do."""

    name: str
    example: str
    about: str
    read: Callable[[Any], Any]


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text in quotes")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return value

    return read


def _zone(value: Any) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(_text(value))
    except (KeyError, ValueError, OSError):
        raise ValueError('the name of a time zone, as "Europe/Berlin" or "UTC"') from None
    return value


def _keys(value: Any) -> str:
    keys = value if isinstance(value, list) else str(value).split(",")
    keys = [key.strip() if isinstance(key, str) else "" for key in keys]
    if not keys or not all(map(_key.fullmatch, keys)) or not isinstance(value, str | list):
        small = [key.lower() for key in keys if key and _key.fullmatch(key.lower())]
        meant = f"; {', '.join(small)} is written small" if len(small) == len(keys) else ""
        raise ValueError(f'keys as "x", "ctrl+n" or "down,j"{meant}')
    return ",".join("comma" if key == "," else key for key in keys)


SETTINGS = (
    Setting("theme", '"agcx-dark"', "Colors: a theme of the palette (ctrl+p, Theme).", _text),
    Setting(
        "preview",
        '"right"',
        "Where the preview is: right, below or hidden. Else where there is room.",
        _one_of(*PLACES),
    ),
    Setting("sort", '"accessed"', f"Sort by {', '.join(SORTS)}.", _one_of(*SORTS)),
    Setting("descending", "true", "The largest or newest first; false the other way round.", _flag),
    Setting("mouse", "true", "false leaves the mouse to the terminal, to select text.", _flag),
    Setting(
        "time_zone", '"Europe/Berlin"', "Show times in this zone instead of the system's.", _zone
    ),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


def load(path: Path) -> tuple[Config, list[str]]:
    """The configuration, and what is wrong with it in lines for a person; no file, no problem."""
    try:
        content = read_regular(path, _LARGEST + 1)
    except FileNotFoundError:
        return Config(), []
    except OSError as error:
        return Config(), [f"{path}: {(error.strerror or str(error)).lower()}"]
    import tomllib

    try:
        if len(content) > _LARGEST:
            raise ValueError("too large to be a configuration")
        text = content.decode("utf-8")
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        return Config(), [f"{path}: {reason or 'nested too deeply'}; none of it is used"]
    config, problems = _read(values)
    said = [f"{path}: {_place(text, name)}{reason}" for name, reason in problems]
    return replace(config, path=str(path), text=text), said


def _read(values: dict[str, Any]) -> tuple[Config, list[tuple[str, str]]]:
    """Also pairs of a setting's name and what is wrong with it."""
    config = Config()
    problems: list[tuple[str, str]] = []
    keys: dict[str, str] = {}
    for name, value in values.items():
        if name == "keys" and isinstance(value, dict):
            for binding, wanted in _flat(value):
                try:
                    keys[binding] = _keys(wanted)
                except ValueError as error:
                    problems.append((f"keys.{binding}", f"it takes {error}"))
        elif name not in _BY_NAME:
            problems.append((name, f"no such setting; there are {', '.join(_BY_NAME)}, [keys]"))
        else:
            try:
                config = replace(config, **{name: _BY_NAME[name].read(value)})
            except ValueError as error:
                problems.append((name, f"it takes {error}"))
    return replace(config, keys=keys), problems


def _flat(table: dict[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """`list.down = "j"` is a table within a table to TOML, and one name to us."""
    found = []
    for name, value in table.items():
        if isinstance(value, dict):
            if above.count(".") >= _DEEPEST:
                found.append((f"{above}{name}", None))
            else:
                found += _flat(value, f"{above}{name}.")
        else:
            found.append((above + name, value))
    return found


def _place(text: str, name: str) -> str:
    """`line 3: sort: `; without the line where the setting is not written in one piece."""
    short = name.removeprefix("keys.")
    written = re.compile(rf"""\s*["']?(?:keys\.)?{re.escape(short)}["']?\s*=""")
    for number, line in enumerate(text.splitlines(), 1):
        if written.match(line):
            return f"line {number}: {name}: "
    return f"{name}: "


def default_file(path: Path, bindings: Mapping[str, tuple[str, str]]) -> str:
    """A file that changes nothing: every setting with a word on it, commented out.

    `bindings` has by id the keys and the description.
    """
    lines = [f"# {path}", "# What is left out is as you left it, or as it suits.", ""]
    for setting in SETTINGS:
        lines += [f"# {setting.about}", f"# {setting.name} = {setting.example}", ""]
    lines += ["# Other keys for what the program does; several with commas between.", "[keys]"]
    width = max((len(name) + len(keys) for name, (keys, _) in bindings.items()), default=0)
    for name, (keys, description) in bindings.items():
        lines.append(
            f"# {name} = {f'{chr(34)}{keys}{chr(34)}':<{width - len(name) + 2}}  # {description}"
        )
    return "\n".join(lines) + "\n"


def use_time_zone(name: str | None) -> None:
    """From here on, this process shows times in the zone `name`."""
    if name is not None:
        import time

        os.environ["TZ"] = name
        time.tzset()
