"""Close spellings for a search that found nothing: words that do occur, in place of those that do not."""

from __future__ import annotations

from collections.abc import Iterator

from agcx_format.errors import PersistenceError
from agcx_format.search import Index, Query
from agcx_format.search.query import Term
from agcx_tui.core.search.results import CloseWord

__all__ = ["close_spellings"]

# Words of a line that are looked at.
_MOST_WORDS = 4


def close_spellings(index: Index, query: Query) -> list[CloseWord]:
    """For every word of the query that occurs nowhere, those spelled nearly like it; takes a moment."""
    try:
        return list(_close(index, query))
    except (PersistenceError, OSError):
        return []


def _close(index: Index, query: Query) -> Iterator[CloseWord]:
    for term in query.wanted[:_MOST_WORDS]:
        word = term.matcher.text
        if not word.isalnum() or _occurs(index, term):
            continue
        for close in index.close_words(word):
            line = query.text[: term.start] + close + query.text[term.end :]
            yield CloseWord(word, close, line)


def _occurs(index: Index, term: Term) -> bool:
    found = index.find(Query(wanted=(term,)), rows=0, counted=False)
    for _ in found:
        found.stop()
        return True
    return False
