"""The search line: keys of the list select the sessions, all else is looked for in their messages.

    stall "lease expired" role:assistant project:grid after:2024-11 -is:favorite

Strategy: the library's parser takes the line apart and returns the terms whose keys it does not know;
the list's own parser reads those.  So a key means the same in both places.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from agcx_format.search import Query, SessionRef, parse_query
from agcx_tui.core.sessions import query

if TYPE_CHECKING:
    from agcx_tui.core.sessions.table import SessionTable

__all__ = ["SearchLine", "parse_line", "session_refs"]

# Keys of both: the library takes the values that it knows.
_FOREIGN = frozenset(query.KEYS)


class SearchLine(msgspec.Struct, frozen=True):
    """What a search line means.

    Fields:
        wanted: what is looked for in messages.
        filter: which sessions are searched; empty for all.
        errors: what could not be understood, in words; the rest still counts.
    """

    wanted: Query
    filter: query.Query
    errors: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to look for in messages."""
        return bool(self.wanted)


def parse_line(text: str, now: int) -> SearchLine:
    """The meaning of a line at `now` (microseconds since 1970).  Never raises."""
    wanted = parse_query(text, _FOREIGN)
    selected = query.parse(wanted.foreign_text, now)
    errors = (*map(str, wanted.errors), *selected.errors)
    return SearchLine(wanted, selected, errors)


def session_refs(table: SessionTable, rows: Iterable[int]) -> list[SessionRef]:
    """These rows as sessions to search, in this order."""
    return [SessionRef(table.path(row), table.signature(row)) for row in rows]
