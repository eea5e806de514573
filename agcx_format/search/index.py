"""Search the conversations of a store: the entry point of this package.

Strategy: sessions whose text the book has, as the file is now, are searched there; all others in their
own files, in their place of the order.  A search is right whether the book is whole, half-built, stale or
absent: it only takes longer.  What reads session files or builds the book is imported when it is needed: a
command that finds everything in the book starts without it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from msgspec.structs import replace

from agcx_format.errors import PersistenceError
from agcx_format.search.blocks import Damaged
from agcx_format.search.book import Book
from agcx_format.search.examine import EVERY_ROW
from agcx_format.search.file_keys import FolderKeys, folders_of
from agcx_format.search.helpers import WORTH_HELP, Helpers
from agcx_format.search.jobs import Asked, jobs_of
from agcx_format.search.matchers import Regex
from agcx_format.search.query import Query, parse_query
from agcx_format.search.results import Hit, SessionHits, SessionRef
from agcx_format.search.run import Plan, Search
from agcx_format.search.scope import BookText, Scope, StoreFiles, Task
from agcx_format.search.segment import Segment
from agcx_format.search.state import DEFAULT_CAP, BookState

if TYPE_CHECKING:
    from agcx_format.search.blocks import Block
    from agcx_format.search.look_ahead import LookAhead
    from agcx_format.store.store import Store

__all__ = ["Index", "Order"]

Order = Literal["newest", "best"]

# Hits of one session that are given at most.
ROWS = 10


class Index:
    """The text of one store's conversations, searchable.  May be used from several threads.

    Fields:
        path: the store's directory.
        cache_dir: the directory of the book, which has a folder for each store; None for no book.
    """

    def __init__(
        self,
        store: Store | str | os.PathLike[str],
        cache_dir: str | os.PathLike[str] | None = None,
        *,
        niceness: int = 0,
        look_ahead: LookAhead | None = None,
    ) -> None:
        """Prepare to search a store, which may be given as a path: then nothing is opened yet.

        `niceness`, up to 19, is that of the processes that help with a large search.
        `look_ahead` has the files for the first search of all sessions, if it is of this store.
        """
        self._store: Store | None = None
        if isinstance(store, str | os.PathLike):
            self.path = Path(store)
        else:
            self._store, self.path = store, store.path
        self.cache_dir = None if cache_dir is None else Path(cache_dir)
        self._book = None if self.cache_dir is None else Book(self.cache_dir, self.path)
        self._scope: Scope | None = None
        self._helpers = Helpers(niceness)
        self._look_ahead = look_ahead

    @property
    def store(self) -> Store:
        """The store, which is opened when first needed.

        Raises:
            PersistenceError: the path is not a directory.
        """
        from agcx_format.store.store import open_store

        if self._store is None:
            self._store = open_store(self.path)
        return self._store

    def search(
        self,
        query: Query | str,
        *,
        sessions: Sequence[SessionRef] | None = None,
        order: Order = "newest",
        context: int = 0,
    ) -> Iterator[Hit]:
        """Every hit, session by session; the arguments are those of `find`.

        Raises:
            QueryError: (at the first hit) a part of the query means nothing.
            ValueError: (at the first hit) there is no such order.
            PersistenceError: (at the first hit) the directory of the store cannot be read.
        """
        for session in self.find(query, sessions=sessions, order=order, context=context, rows=None):
            yield from session.hits

    def find(
        self,
        query: Query | str,
        *,
        sessions: Sequence[SessionRef] | None = None,
        order: Order = "newest",
        rows: int | None = ROWS,
        context: int = 0,
        counted: bool = True,
        give_way: Callable[[], None] = lambda: None,
    ) -> Search:
        """The sessions that match the query, as they are found; an empty query finds nothing.

        Args:
            query: words, phrases, expressions, and conditions on single messages; see `parse_query`.
            sessions: those to search, in the order of the results; by default all of the store, the last
                changed first.  Passing the same list again saves comparing it with the book.
            order: `"best"` yields the sessions once all are found, the best match first.
            rows: the most hits of one session, None for all.  Of several words, they are those in the
                lines that have most of the words, and the rarest.
            context: how many lines to give before and after each hit.
            counted: whether to count every match, also those beyond `rows`; without it, it is faster.
            give_way: called repeatedly by the threads that search; it may block while other work is urgent.

        Raises:
            QueryError: a part of the query means nothing.
            ValueError: there is no such order.
            PersistenceError: (in the iteration) the directory of the store cannot be read.
        """
        if order not in get_args(Order):
            raise ValueError(f"there is no order {order!r}: newest or best")
        parsed = parse_query(query) if isinstance(query, str) else query
        if parsed.errors:
            raise parsed.errors[0]
        if order == "best" and rows != ROWS:
            # The order is the same however many hits are asked for; few of the sessions may be looked at.
            ranked = self.find(parsed, sessions=sessions, order=order)
            again = partial(self._again, parsed, rows, context)
            return Search(
                ranked.plan,
                best_first=True,
                helpers=self._helpers,
                finish=again,
                give_way=give_way,
            )
        most = EVERY_ROW if rows is None else min(rows, EVERY_ROW)

        def plan() -> Plan:
            if not parsed:
                return Plan(0, 0, iter(()))
            scope = self._scope_of(sessions)
            tasks, damaged = scope.tasks(parsed)
            for segment in damaged:
                self._drop(segment)
            runs: tuple[bytes, ...] = ()
            if any(task.entry is None for task in tasks):
                # By one thread, before several need it.
                import_module("agcx_format.search.direct")
                from agcx_format.search.raw import runs_of

                runs = runs_of(parsed)
            asked = Asked(parsed, most, context, counted, order == "best", runs)
            return Plan(
                len(scope.refs),
                len(scope.refs) - len(tasks),
                jobs_of(tasks, asked, self._drop),
                sum(task.weight for task in tasks),
                any(isinstance(each, Regex) for each in parsed.matchers),
            )

        best_first = order == "best"
        return Search(plan, best_first=best_first, helpers=self._helpers, give_way=give_way)

    def _again(
        self, query: Query, rows: int | None, context: int, session: SessionHits
    ) -> SessionHits:
        """A session that was found, with this many hits; unchanged if it no longer has any."""
        refs = [SessionRef(session.path)]
        for found in self.find(query, sessions=refs, rows=rows, context=context):
            return replace(found, score=session.score)
        return session

    def prepare(self, sessions: Sequence[SessionRef] | None = None) -> None:
        """Do in advance what the first search of these sessions begins with; `sessions` is as in `find`.

        Processes that help are started if there is enough text; they end if no search comes soon.

        Raises:
            PersistenceError: the directory of the store cannot be read.
        """
        if self._scope_of(sessions).weight >= WORTH_HELP:
            with self._helpers.needed():
                self._helpers.start()

    def close_words(
        self,
        word: str,
        *,
        sessions: Sequence[SessionRef] | None = None,
        most: int = 3,
        seconds: float = 0.3,
        stopped: Callable[[], bool] = lambda: False,
    ) -> list[str]:
        """Words in these sessions that are spelled like this one, the closest first: for "did you mean".

        `sessions` is as in `find`; the first of them are read for about `seconds`.  `stopped` is called
        between two blocks; if it returns True, the result is empty.

        Raises:
            PersistenceError: the directory of the store cannot be read.
        """
        from agcx_format.search.spelling import close_words

        tasks, _ = self._scope_of(sessions).tasks(Query())
        blocks = chain.from_iterable(map(self._blocks_of, tasks))
        return close_words(word, blocks, most=most, seconds=seconds, stopped=stopped)

    def _blocks_of(self, task: Task) -> Iterator[Block]:
        """The text of a session, as far as it can be read."""
        from agcx_format.search.direct import blocks_of_file

        with suppress(Damaged, PersistenceError):
            if task.entry is not None:
                yield from BookText(task, task.entry).blocks()
                return
        yield from blocks_of_file(task.ref)

    # --- the book

    def update(
        self,
        *,
        cap: int = DEFAULT_CAP,
        should_stop: Callable[[], bool] = lambda: False,
        report: Callable[[BookState], None] = lambda state: None,
    ) -> BookState:
        """Bring the book up to date.  May take minutes; after a stop, the next call continues.

        `cap` is the largest size in bytes: the oldest sessions are left out and searched in their own files.
        `should_stop` is called again and again; `report`, after each part.

        Raises:
            ValueError: the index has no `cache_dir`.
            LockHeld: another process is updating it.
            PersistenceError: the book cannot be written, or the store cannot be read.
        """
        if self.cache_dir is None:
            raise ValueError("an index without a cache_dir cannot be built")
        from agcx_format.search.builder import build

        book = Book(self.cache_dir, self.path)
        return build(book, self.sessions(), cap=cap, stopped=should_stop, report=report)

    def state(self, *, cap: int = DEFAULT_CAP) -> BookState:
        """How much of the store is in the book now.

        Raises:
            PersistenceError: the directory of the store cannot be read.
        """
        refs = self.sessions()
        if self._book is None:
            return BookState(0, len(refs), 0, 0, cap)
        from agcx_format.search.builder import state_of

        self._book.refresh_checked()
        return state_of(self._book, refs, cap)

    def forget(self) -> None:
        """Remove from the book what is not in the store, or not as indexed: destroyed sessions above all.

        A part that cannot be rewritten is removed.

        Raises:
            OSError: not even that is possible.
        """
        if self._book is not None:
            from agcx_format.search import wipe

            wipe.forget(self._book)

    def clear(self) -> None:
        """Remove the book.

        Raises:
            OSError: it can be neither removed nor emptied.
        """
        if self._book is not None:
            from agcx_format.search import wipe

            wipe.clear(self._book)

    @property
    def helping(self) -> list[int]:
        """The ids of the processes that help to search now."""
        return self._helpers.pids

    def close(self) -> None:
        """Close the book's files and end helping processes.  The next search opens them again."""
        self._scope = None
        self._helpers.close()
        if self._book is not None:
            self._book.close()

    # --- inside

    def _scope_of(self, sessions: Sequence[SessionRef] | None) -> Scope:
        book = self._book
        if book is not None:
            book.refresh()
            version = book.shelf.version
        else:
            version = 0
        known = self._scope
        if known is not None and known.refs is sessions and known.version == version:
            return known
        scope = Scope(StoreFiles(self._folders()) if sessions is None else sessions, book)
        self._scope = scope
        return scope

    def _folders(self) -> list[FolderKeys]:
        """Raises `PersistenceError` when one cannot be read."""
        ahead, self._look_ahead = self._look_ahead, None
        if ahead is not None and ahead.root == self.path:
            return ahead.folders()
        return folders_of(self.path)

    def sessions(self) -> list[SessionRef]:
        """All sessions of the store, the last changed first.

        Raises:
            PersistenceError: the directory of the store cannot be read.
        """
        files = StoreFiles(folders_of(self.path))
        return [files[place] for place in sorted(range(len(files)), key=files.age)]

    def _drop(self, segment: Segment) -> None:
        if self._book is not None:
            self._book.drop(segment)
