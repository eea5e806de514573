"""A query within one conversation: every match in a message, with the rules of the search.

For a program that shows a conversation itself and marks what the search found in it.
"""

from __future__ import annotations

from agcx_format.search.blocks import facts_of
from agcx_format.search.filters import allowed_by
from agcx_format.search.query import Query
from agcx_format.search.said import Said

__all__ = ["Finder"]


class Finder:
    """Finds a query's words, phrases and expressions in texts.  May be used from several threads."""

    def __init__(self, query: Query) -> None:
        self._matchers = query.matchers
        self._allowed = allowed_by(query.within)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Start and end in characters of every match, in order; those of different words may overlap."""
        if not text:
            return []
        return sorted({span for matcher in self._matchers for span in matcher.spans_in(text)})

    def allows(self, said: Said) -> bool:
        """Whether a message counts."""
        return self._allowed is None or self._allowed(facts_of([said]), 0)
