"""Search the conversations of a store: the one way in for whoever searches.

Strategy: sessions whose text the book has, as the file is now, are searched there; all others in their
own files, in their place of the order.  A search is right whether the book is whole, half-built, stale or
absent: it only takes longer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from agcx_format.disk.durable import Signature
from agcx_format.errors import PersistenceError
from agcx_format.search.direct import DirectText
from agcx_format.search.examine import Request, examine
from agcx_format.search.filters import allowed_by
from agcx_format.search.query import Query, parse_query
from agcx_format.search.results import Hit, SessionRef, Unsearched
from agcx_format.search.run import Job, Outcome, Search
from agcx_format.session.lazy import SessionFile
from agcx_format.store import paths
from agcx_format.store.store import Store

__all__ = ["Index", "Order"]

Order = Literal["newest", "best"]

# Hits of one session that are shown at most.
ROWS = 50


class Index:
    """The text of one store's conversations, searchable.

    Fields:
        store: whose conversations.
        cache_dir: below it the book is kept, in a folder for each store; None for no book.
    """

    def __init__(self, store: Store, cache_dir: str | os.PathLike[str] | None = None) -> None:
        self.store = store
        self.cache_dir = None if cache_dir is None else Path(cache_dir)

    # --- searching

    def search(
        self,
        query: Query | str,
        *,
        sessions: Iterable[SessionRef] | None = None,
        order: Order = "newest",
        context: int = 0,
    ) -> Iterator[Hit]:
        """Every hit, session by session; see `find`.

        Raises `QueryError` for a query of which a part means nothing.
        """
        for session in self.find(query, sessions=sessions, order=order, context=context, rows=None):
            yield from session.hits

    def find(
        self,
        query: Query | str,
        *,
        sessions: Iterable[SessionRef] | None = None,
        order: Order = "newest",
        rows: int | None = ROWS,
        context: int = 0,
        counted: bool = True,
    ) -> Search:
        """The sessions that fit the query, as they are found.

        `sessions` are those to search, in the order in which they are to be given; by default all of the
        store, the last updated first.  `order` `"best"` gives them when all are found, by how well they
        fit.  `rows` is how many hits of a session are given at most, None for all; unless `counted`, what is
        beyond them is not counted, which is faster.  `context` lines are given before and after each hit.

        Raises `QueryError` for a query of which a part means nothing; an empty one finds nothing.
        """
        parsed = parse_query(query) if isinstance(query, str) else query
        if parsed.errors:
            raise parsed.errors[0]

        def plan() -> tuple[int, Iterator[Job]]:
            if not parsed:
                return 0, iter(())
            refs = self._all() if sessions is None else list(sessions)
            return len(refs), self._jobs(refs, parsed, rows, context, counted)

        return Search(plan, best_first=order == "best")

    def _all(self) -> Sequence[SessionRef]:
        found = []
        for _, path in paths.session_paths(self.store.path):
            signature = _signature(path)
            found.append(SessionRef(path, signature))
        return sorted(
            found, key=lambda ref: ref.signature.mtime_ns if ref.signature else 0, reverse=True
        )

    def _jobs(
        self,
        refs: Sequence[SessionRef],
        query: Query,
        rows: int | None,
        context: int,
        counted: bool,
    ) -> Iterator[Job]:
        allowed = allowed_by(query.within)
        most = 1 << 62 if rows is None else rows

        def run(ref: SessionRef, stopped: Callable[[], bool]) -> list[Outcome]:
            return [_directly(ref, Request(query, allowed, most, context, counted, stopped))]

        for ref in refs:
            yield Job(partial(run, ref))


def _directly(ref: SessionRef, request: Request) -> Outcome:
    """Search one session in its own file."""
    try:
        with SessionFile(ref.path, use_mmap=False) as file:
            text = DirectText(file)
            hits = examine(text, request, ref.path, paths.id_of(ref.path))
            unsearched = None
            if text.error is not None:
                unsearched = Unsearched(ref.path, text.error, text.messages)
            return Outcome(hits, unsearched, direct=True)
    except PersistenceError as error:
        if not os.path.lexists(ref.path):
            return Outcome(gone=True)
        return Outcome(unsearched=Unsearched(ref.path, error))


def _signature(path: str) -> Signature | None:
    try:
        return Signature.behind(path)
    except PersistenceError:
        return None
