"""Searches in a thread of its own while a line is typed: the last line that was asked for counts.

Strategy: one thread, one search at a time.  `ask` stops the search that runs and leaves the next one in a
slot, so lines typed faster than a search can begin are one search.  What is found collects until `take`
fetches it; `arrived` is called for the first of it and for the end, and in between whoever shows it looks
by a timer.  A line that only narrows the one before is searched for in the sessions found for that.
No Textual.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from agcx_format.errors import PersistenceError
from agcx_format.search import Index, Order, Search, SearchProgress, SessionHits, SessionRef
from agcx_tui.core.local.keeping_on_exit import log_failure
from agcx_tui.core.search.line import SearchLine
from agcx_tui.core.search.scope import NotWanted, SessionsToSearch
from agcx_tui.core.sessions.query import Query

__all__ = ["NEWEST", "Arrived", "Order", "Searcher", "narrowed"]

NEWEST: Order = "newest"


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came since the last `take`.

    Fields:
        number: of the search, counted from 1.
        sessions: those found since.
        progress: of the search so far.
        ended: whether the search is over.
        error: why it ended early, if it did.
    """

    number: int
    sessions: Sequence[SessionHits] = ()
    progress: SearchProgress = field(default_factory=SearchProgress)
    ended: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    number: int
    line: SearchLine
    order: Order


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is searched, as long as neither the table nor the filter changes."""

    version: int
    filter: Query
    refs: list[SessionRef]


@dataclass(frozen=True, slots=True)
class _Earlier:
    """A search that ended, and the sessions that it found."""

    scope: _Scope
    line: SearchLine
    found: list[SessionRef]
    progress: SearchProgress


@dataclass
class _Running:
    asked: _Asked
    search: Search
    earlier: _Earlier | None
    sessions: list[SessionHits] = field(default_factory=list)
    ended: bool = False
    error: str = ""

    @property
    def progress(self) -> SearchProgress:
        progress = self.search.progress
        if self.earlier is None:
            return progress
        return narrowed(self.earlier.progress, len(self.earlier.found), progress)


class Searcher:
    """Searches `sessions` with `index`; `arrived` is called in the searching thread."""

    def __init__(
        self,
        index: Index,
        sessions: SessionsToSearch,
        arrived: Callable[[], None],
        give_way: Callable[[], None] = lambda: None,
    ) -> None:
        self._index = index
        self._sessions = sessions
        self._arrived = arrived
        self._give_way = give_way
        self._changed = threading.Condition()
        self._number = 0
        self._asked: _Asked | None = None
        self._running: _Running | None = None
        # The last one that could not even begin.
        self._failed: Arrived | None = None
        self._closed = False
        self._scope: _Scope | None = None
        self._earlier: _Earlier | None = None
        self._thread: threading.Thread | None = None

    @property
    def number(self) -> int:
        """The number of the last search; it changes when that is stopped."""
        return self._number

    def ask(self, line: SearchLine, order: Order = NEWEST) -> int:
        """Search for this line in place of the one before; returns the number of the search."""
        with self._changed:
            self._stop()
            self._asked = _Asked(self._number, line, order)
            self._changed.notify()
            self._begin_to_serve()
            return self._number

    def prepare(self) -> None:
        """A line is about to be typed: do what the first search would begin with."""
        with self._changed:
            self._begin_to_serve()

    def stop(self) -> None:
        """Search for nothing."""
        with self._changed:
            self._stop()

    def sessions(self) -> list[SessionRef]:
        """Those that the last search was to go through."""
        scope = self._scope
        return [] if scope is None else scope.refs

    def is_behind(self) -> bool:
        """Whether the table of sessions has changed since the last search looked at it."""
        return self._scope is not None and self._scope.version != self._sessions.table.version

    def close(self) -> None:
        """Stop, and let the thread end and close the index; does not wait for it."""
        with self._changed:
            self._stop()
            self._closed = True
            self._changed.notify()
            if self._thread is None:
                self._index.close()

    def take(self) -> Arrived:
        """What the last search found since the last call."""
        with self._changed:
            if self._failed is not None and self._failed.number == self._number:
                return self._failed
            running = self._running
            if running is None or running.asked.number != self._number:
                return Arrived(self._number)
            sessions, running.sessions = running.sessions, []
            # First: what is done so far may be more than what was found before.
            return Arrived(self._number, sessions, running.progress, running.ended, running.error)

    def _begin_to_serve(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._serve, name="searcher", daemon=True)
            self._thread.start()

    def _stop(self) -> None:
        self._number += 1
        self._asked = None
        if self._running is not None:
            self._running.search.stop()

    # --- in the thread

    def _serve(self) -> None:
        self._prepare()
        while True:
            with self._changed:
                while self._asked is None and not self._closed:
                    self._changed.wait()
                if self._closed:
                    break
                asked, self._asked = self._asked, None
            if asked is not None:
                self._search(asked)
        self._index.close()

    def _prepare(self) -> None:
        """Unless a search has begun, which does that itself."""

        def stopped() -> bool:
            return self._closed or self._asked is not None

        self._give_way()
        try:
            scope = self._scope_of(Query(), stopped)
            if not stopped():
                self._index.prepare(scope.refs)
        except (PersistenceError, OSError, NotWanted):
            # The search that comes next says so, if it meets the same.
            pass
        except Exception as error:
            log_failure("a search was not prepared", error)

    def _search(self, asked: _Asked) -> None:
        try:
            running = self._begin(asked)
        except NotWanted:
            return
        except Exception as error:
            with self._changed:
                self._failed = Arrived(asked.number, ended=True, error=_reason(error))
            self._arrived()
            return
        if running is None:
            return
        found: set[str] = set()
        try:
            for session in running.search:
                found.add(session.path)
                with self._changed:
                    running.sessions.append(session)
                if len(found) == 1:
                    self._arrived()
        except Exception as error:
            running.error = _reason(error)
        if running.search.progress.done and self._scope is not None:
            scope = self._scope
            refs = [ref for ref in scope.refs if ref.path in found]
            self._earlier = _Earlier(scope, asked.line, refs, running.progress)
        with self._changed:
            running.ended = True
        self._arrived()

    def _begin(self, asked: _Asked) -> _Running | None:
        """The search, ready to be iterated over; None if it is no longer wanted."""
        scope = self._scope_of(asked.line.filter, lambda: asked.number != self._number)
        earlier = self._earlier
        if (
            earlier is None
            or earlier.scope is not scope
            or not asked.line.wanted.narrows(earlier.line.wanted)
        ):
            earlier = None
        # What is clear already is searched for while the rest is typed.
        wanted = msgspec.structs.replace(asked.line.wanted, errors=())
        refs = scope.refs if earlier is None else earlier.found
        search = self._index.find(wanted, sessions=refs, order=asked.order, give_way=self._give_way)
        running = _Running(asked, search, earlier)
        with self._changed:
            if asked.number != self._number:
                return None
            self._running = running
        return running

    def _scope_of(self, filter: Query, stopped: Callable[[], bool]) -> _Scope:
        # Before the rows are read: what changes meanwhile makes it another one.
        version, known = self._sessions.table.version, self._scope
        if known is None or known.version != version or known.filter != filter:
            known = _Scope(version, filter, self._sessions.select(filter, stopped))
            self._scope = known
        return known


def _reason(error: Exception) -> str:
    """What ended a search early; the thread continues in any case, as there is no other."""
    if isinstance(error, (PersistenceError, OSError)):
        return str(error)
    log_failure("a search failed", error)
    return f"The search failed: {type(error).__name__}: {error}"


def narrowed(earlier: SearchProgress, found: int, now: SearchProgress) -> SearchProgress:
    """The progress of a search of the `found` sessions of an earlier one, as one of all of its sessions."""
    partial = {each.path: each for each in (*earlier.partial, *now.partial)}
    unreadable = {each.path: each for each in (*earlier.unreadable, *now.unreadable)}
    # Before it has begun, nothing is known of its sessions.
    gone = found - now.total if now.total or now.done else 0
    return msgspec.structs.replace(
        now,
        total=earlier.total - gone,
        searched=earlier.searched - found + now.searched,
        direct=max(earlier.direct, now.direct),
        partial=tuple(each for path, each in partial.items() if path not in unreadable),
        unreadable=tuple(unreadable.values()),
    )
