"""All hits of one session, where a list of results holds the first few."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from agcx_format.errors import PersistenceError
from agcx_format.search import Hit, Index, Query, SessionHits, SessionRef

__all__ = ["FoundAt", "FoundPlace", "all_hits", "places_of"]

# Hits of one session that one walks through; further ones are counted.
_MOST = 10_000


class FoundPlace(NamedTuple):
    """Where a hit is.

    Fields:
        message: its number from 0; None in the title.
        start: where it begins, in characters of the text as read.
        end: where it ends.
    """

    message: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FoundAt:
    """What is to be shown of the results: one match of a session.

    Fields:
        session: with some of its hits, or all.
        query: what it was found by.
        place: the match.
    """

    session: SessionHits
    query: Query
    place: FoundPlace | Literal["first", "last"] = "first"

    @property
    def message(self) -> int:
        """The message to begin at, if known."""
        if isinstance(self.place, FoundPlace):
            return self.place.message or 0
        hits = self.session.hits
        return (hits[0].message or 0) if hits and self.place == "first" else 0


def all_hits(
    index: Index,
    query: Query,
    session: SessionHits,
    *,
    give_way: Callable[[], None] = lambda: None,
) -> SessionHits:
    """The session with all of its hits, up to a limit; unchanged if the file can no longer be read."""
    if len(session.hits) == session.count and session.exact:
        return session
    try:
        wanted = msgspec.structs.replace(query, errors=())
        refs = [SessionRef(session.path)]
        found = list(index.find(wanted, sessions=refs, rows=_MOST, give_way=give_way))
    except (PersistenceError, OSError):
        return session
    return msgspec.structs.replace(found[0], score=session.score) if found else session


def places_of(hits: Iterable[Hit]) -> list[FoundPlace]:
    return [FoundPlace(hit.message, hit.start, hit.end) for hit in hits]
