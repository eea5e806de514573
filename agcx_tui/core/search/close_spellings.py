"""Close spellings for a search that found nothing: words that do occur, in place of those that do not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from agcx_format.errors import PersistenceError
from agcx_format.search import Index, Query, SessionRef, Term
from agcx_tui.core.search.results import CloseWord

__all__ = ["close_spellings"]

# Words of a line that are looked at.
_MOST_WORDS = 4
# Seconds in which it must turn out whether a word occurs.
_PATIENCE = 0.5
# Seconds in which words are looked for that are spelled nearly like one that does not.
_LOOKING = 0.3


def close_spellings(
    index: Index,
    query: Query,
    sessions: Sequence[SessionRef],
    stopped: Callable[[], bool] = lambda: False,
) -> list[CloseWord]:
    """For every word of the query that is in none of these sessions, those spelled nearly like it.

    Takes a moment: where it would take longer, or is `stopped`, there are none.
    """
    try:
        return list(_close(index, query, sessions, stopped))
    except (PersistenceError, OSError):
        return []


def _close(
    index: Index, query: Query, sessions: Sequence[SessionRef], stopped: Callable[[], bool]
) -> Iterator[CloseWord]:
    for term in query.wanted[:_MOST_WORDS]:
        word = term.matcher.text
        if not word.isalnum():
            continue
        if len(query.wanted) > 1 and _may_occur(index, term, sessions, stopped):
            continue
        found = index.close_words(word, sessions=sessions, seconds=_LOOKING, stopped=stopped)
        for close in found:
            line = query.text[: term.start] + close + query.text[term.end :]
            yield CloseWord(word, close, line)


def _may_occur(
    index: Index, term: Term, sessions: Sequence[SessionRef], stopped: Callable[[], bool]
) -> bool:
    """False if it is certain that the word does not occur."""

    def give_way() -> None:
        if stopped():
            found.stop()

    wanted = Query(wanted=(term,))
    found = index.find(wanted, sessions=sessions, rows=0, counted=False, give_way=give_way)
    timer = threading.Timer(_PATIENCE, found.stop)
    timer.start()
    try:
        for _ in found:
            found.stop()
            return True
    finally:
        timer.cancel()
    return not found.progress.done
