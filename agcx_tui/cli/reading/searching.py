"""What `agcx search` and the tools for agents have in common: from a typed line to the first hits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from agcx_tui.cli.common import microseconds_now
from agcx_tui.core.search.line import SearchLine, parse_line, session_refs

if TYPE_CHECKING:
    from agcx_format import Store
    from agcx_format.search import Index, Search, SessionHits, SessionRef
    from agcx_tui.core.sessions.query import Query
    from agcx_tui.core.sessions.table import SessionTable

__all__ = ["first_hits", "matching_table", "meaning_of", "selected_sessions"]

_NOTHING_TO_SEARCH_FOR = 'nothing to search for: add a word, a "phrase", or a /regex/'


def meaning_of(text: str) -> SearchLine:
    """The line, understood as a whole.

    Raises:
        ValueError: a part of it means nothing, or there is nothing to look for; the text says which.
    """
    line = parse_line(text, microseconds_now())
    if line.errors:
        raise ValueError("; ".join(line.errors))
    if not line:
        raise ValueError(_NOTHING_TO_SEARCH_FOR)
    return line


def selected_sessions(index: Index, line: SearchLine) -> Sequence[SessionRef] | None:
    """The sessions that the list's keys select, newest first; None for all."""
    if not line.filter:
        return None
    table = matching_table(index.store, line.filter)
    return session_refs(table, table.order)


def matching_table(store: Store, wanted: Query) -> SessionTable:
    """The sessions of a store that match a filter, the last updated first."""
    from agcx_tui.cli.reading.listing import filter_table, make_table

    table = make_table(store.scan())
    # First: `before` and `after` in the filter are about the date by which it is sorted.
    table.sort_by("updated", True)
    filter_table(table, wanted, store)
    return table


def first_hits(found: Search, limit: int | None) -> Iterator[SessionHits]:
    """The sessions until the limit of hits is reached, where the search stops; the last one may be cut."""
    left = limit
    for session in found:
        if left is None:
            yield session
            continue
        yield replace(session, hits=session.hits[:left]) if session.hits else session
        left -= max(1, len(session.hits))
        if left <= 0:
            found.stop()
            return
