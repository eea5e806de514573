"""What the user's configuration sets.  It takes precedence over what the program remembers (`choices.py`)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, get_args

import msgspec

if TYPE_CHECKING:
    from agcx_tui.core.sessions.columns import ColumnName
    from agcx_tui.core.sessions.groups import Grouping
    from agcx_tui.core.sessions.sorting import SortKey

__all__ = ["PLACES", "Config", "Place", "line_of", "use_time_zone"]

Place = Literal["right", "below", "hidden"]
PLACES: tuple[Place, ...] = get_args(Place)


class Config(msgspec.Struct, frozen=True):
    """The settings; None where the file sets nothing, and a remembered or fitting value is used."""

    theme: str | None = None
    preview: Place | None = None
    sort: SortKey | None = None
    descending: bool | None = None
    columns: tuple[ColumnName, ...] | None = None
    favorites_first: bool | None = None
    group: Grouping | None = None
    mouse: bool = True
    time_zone: str | None = None
    # Whether text is searched with an index, which is kept in the cache directory.
    search_index: bool = True
    # How large the index may become, as `2GB`.
    search_largest: str | None = None
    # Whether the browser imports by itself what agents have written: once it has started, and as they write.
    sync_on_start: bool = False
    sync_watch: bool = False
    # By the id of an action, the keys that replace its own, with commas between.
    keys: Mapping[str, str] = msgspec.field(default_factory=dict)
    # The file and its text: for errors that are found only later.
    path: str = ""
    text: str = ""

    @property
    def search_bytes(self) -> int | None:
        """`search_largest` in bytes; None where the file does not set it."""
        from agcx_tui.core.words.typed_values import bytes_of

        return bytes_of(self.search_largest)

    def place(self, name: str) -> str:
        """Where a setting is, to begin an error message: `config.toml: line 3: sort: `."""
        return f"{self.path}: {line_of(self.text, name)}" if self.path else f"{name}: "


def line_of(text: str, name: str) -> str:
    """`line 3: sort: `; without the line if the name is not written in one piece."""
    table, dot, short = name.partition(".")
    before = rf"(?:{re.escape(table)}\.)?" if dot else ""
    written = re.compile(rf"""\s*["']?{before}{re.escape(short or name)}["']?\s*=""")
    for number, line in enumerate(text.splitlines(), 1):
        if written.match(line):
            return f"line {number}: {name}: "
    return f"{name}: "


def use_time_zone(name: str | None) -> None:
    """Show times in this zone from now on; None keeps the system's."""
    if name is not None:
        import time

        os.environ["TZ"] = name
        time.tzset()
