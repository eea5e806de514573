"""What is done to a store from its screens: one act at a time, in the order in which it was asked for.

Strategy: one thread per store takes one piece of work after the other; all screens of the store share
the queue.  An undo that is asked for while an act waits or runs is about that act, and about no other: when
the act does not come about, nothing is undone.  The queue belongs to the directory that the store was in
when it was opened: where another directory lies at the same path by now, nothing is done.

No Textual.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from agcx_format.errors import NothingToUndo, PersistenceError
from agcx_tui.core.store import store_work, watch

if TYPE_CHECKING:
    from agcx_format import Store
    from agcx_tui.core.store.store_work import Outcome
    from agcx_tui.core.store.watch import Directory

__all__ = ["ActQueue", "StoreReplaced"]

_log = logging.getLogger(__name__)

# An act of a store; None when it did not come about.
Act = Callable[["Store"], "Outcome | None"]


class StoreReplaced(PersistenceError):
    """Another directory lies where the store was."""


class ActQueue:
    """The acts on one store.

    `store` is what they are done to; `place` is the directory that it was opened in, None for whichever is
    there.
    """

    def __init__(self, store: Store, place: Directory | None = None) -> None:
        self.store = store
        self.place = place
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="acts")
        self._last: Future[Outcome | None] | None = None

    def run(
        self,
        act: Act,
        done: Callable[[Outcome], object] = lambda outcome: None,
        failed: Callable[[PersistenceError], object] = lambda error: None,
    ) -> Future[Outcome | None]:
        """Do an act when its turn comes.

        `done` or `failed` is called, in the queue's thread, before the next act begins.
        """
        self._last = self._thread.submit(self._do, act, done, failed)
        return self._last

    def undo(
        self,
        done: Callable[[Outcome], object] = lambda outcome: None,
        failed: Callable[[PersistenceError], object] = lambda error: None,
    ) -> Future[Outcome | None]:
        """Undo the act that is waiting or under way; if there is none, the last one that was done."""
        before = self._last if self._last is not None and not self._last.done() else None
        return self.run(lambda store: _undo_after(store, before), done, failed)

    def _do(
        self,
        act: Act,
        done: Callable[[Outcome], object],
        failed: Callable[[PersistenceError], object],
    ) -> Outcome | None:
        try:
            self._check_place()
            outcome = act(self.store)
        except PersistenceError as error:
            failed(error)
            return None
        except Exception as error:
            # A fault of the program or of the disk ends the act, and not the queue.
            _log.exception("an act failed")
            failed(PersistenceError(str(error) or type(error).__name__, path=self.store.path))
            return None
        if outcome is not None:
            done(outcome)
        return outcome

    def _check_place(self) -> None:
        now = watch.directory(str(self.store.path))
        if self.place is not None and now not in (self.place, None):
            raise StoreReplaced("another store lies there by now", path=self.store.path)


def _undo_after(store: Store, before: Future[Outcome | None] | None) -> Outcome:
    if before is None:
        return store_work.undo(store)
    outcome = before.result()
    if outcome is None:
        raise NothingToUndo("what was to be undone was not done", path=store.path)
    if outcome.undone:
        # An undo is not undone: the act before it is.
        return store_work.undo(store)
    return store_work.undo(store, outcome.act.id)
