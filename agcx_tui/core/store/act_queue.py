"""What is done to a store from its screens: one act at a time, in the order of the requests.

Strategy: one thread per store takes one act after the other; all screens of the store share the queue.  An
undo that is requested while an act waits or runs is about that act and no other: if the act fails, nothing
is undone.  What this run of the program did not do itself, what added many sessions, and what came before
something was destroyed is undone only once a person has confirmed it (`NotConfirmed`).  The queue belongs to
the directory that the store was in when it was opened: if another directory is at the same path now, nothing
is done.

No Textual.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agcx_format.errors import NothingToUndo, PersistenceError, UndoConflict
from agcx_tui.core.store import watch

if TYPE_CHECKING:
    from agcx_format import Act as DoneAct
    from agcx_format import Store
    from agcx_tui.core.store.store_work import Outcome
    from agcx_tui.core.store.watch import Directory

__all__ = ["NOTHING", "ActQueue", "AskedAct", "NotConfirmed", "StoreReplaced", "done_by"]

NOTHING = "nothing to undo"
"""The reason of a `NothingToUndo` where nothing was done."""

_log = logging.getLogger(__name__)

# Does something to a store; None when there was nothing to do after all.
Act = Callable[["Store"], "Outcome | None"]


class StoreReplaced(PersistenceError):
    """Another directory is in the place of the store."""


class NotConfirmed(PersistenceError):
    """An undo of `act` was requested, which a person must confirm first; nothing was undone.

    Fields:
        destroyed: acts that were destroyed since and cannot be undone.
    """

    def __init__(self, act: DoneAct, destroyed: Sequence[DoneAct] = (), **where: Any) -> None:
        super().__init__("its undo was not confirmed", **where)
        self.act = act
        self.destroyed = destroyed


class AskedAct:
    """A requested act.  `await` it for its outcome, or call `result` in another thread.

    Both raise `PersistenceError` if the act failed, in which case nothing changed.
    """

    def __init__(self, future: Future[Outcome | None]) -> None:
        self._future = future

    @property
    def is_over(self) -> bool:
        """False while it waits or runs."""
        return self._future.done()

    def result(self, timeout: float | None = None) -> Outcome | None:
        """Block until it is over, at most `timeout` seconds."""
        return self._future.result(timeout)

    def __await__(self) -> Generator[Any, None, Outcome | None]:
        # The act continues when its screen is closed and no longer waits for it.
        return asyncio.shield(asyncio.wrap_future(self._future)).__await__()


class ActQueue:
    """The acts on `store`, which was opened in the directory `place`, None for whichever is there.

    `tell` is called in the queue's thread with every outcome, before the next act begins.
    """

    def __init__(
        self,
        store: Store,
        place: Directory | None = None,
        tell: Callable[[Outcome], None] = lambda outcome: None,
    ) -> None:
        self.store = store
        self.place = place
        self._tell = tell
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="acts")
        self._last: AskedAct | None = None
        # The ids of the acts that a person performed in this run; used in the queue's thread.
        self._own: set[str] = set()
        # The ids of destroyed acts of which a person knows, and has undone what came before all the same.
        self._passed: set[str] = set()

    def run(self, act: Act) -> AskedAct:
        """Do an act when its turn comes."""
        self._last = AskedAct(self._thread.submit(self._do, act))
        return self._last

    def run_unasked(self, act: Act) -> AskedAct:
        """Do an act that no person requested when its turn comes: an undo is not about it."""
        return AskedAct(self._thread.submit(self._do, act, unasked=True))

    def undo(self, act_id: str | None = None, *, confirmed: NotConfirmed | None = None) -> AskedAct:
        """Undo an act; by default the one that waits or runs, or else the last one done.

        The result raises `NotConfirmed` for an act that a person must confirm first; once that is done, pass
        the exception as `confirmed`.
        """
        last = self._last
        before = None if last is None or last.is_over or act_id is not None else last
        return self.run(lambda store: self._undo(store, before, act_id, confirmed))

    def _undo(
        self,
        store: Store,
        before: AskedAct | None,
        act_id: str | None,
        confirmed: NotConfirmed | None,
    ) -> Outcome:
        # Imported with the first undo: the queue is made before the first rows are shown.
        from agcx_tui.core.store import store_work
        from agcx_tui.core.words.acts import brings_in_many, conflict

        wanted = act_id if before is None else _done_by(before)
        act = store.next_to_undo(wanted)
        # An act that a person names is meant, even if others were destroyed since.
        destroyed = store.destroyed_since(act) if wanted is None else []
        destroyed = [each for each in destroyed if each.id not in self._passed]
        if act is None:
            raise NothingToUndo(_why_nothing(wanted, destroyed))
        # A damaged act cannot be undone, which needs no question.
        asks = act.problem is None and (act.id not in self._own or brings_in_many(act))
        if (asks or destroyed) and confirmed is None:
            raise NotConfirmed(act, destroyed, path=store.path)
        if confirmed is not None:
            self._passed.update(each.id for each in confirmed.destroyed)
        try:
            return store_work.undo(store, act.id)
        except UndoConflict as error:
            raise UndoConflict(conflict(act, error.paths), paths=error.paths) from None

    def _do(self, act: Act, *, unasked: bool = False) -> Outcome | None:
        try:
            self._check_place()
            outcome = act(self.store)
        except PersistenceError:
            raise
        except Exception as error:
            # A fault of the program or of the disk ends the act, not the queue.
            _log.exception("an act failed")
            words = str(error) or type(error).__name__
            raise PersistenceError(words, path=self.store.path) from error
        if outcome is None:
            return None
        if not unasked:
            self._own.add(outcome.act.id)
        outcome = replace(outcome, unasked=unasked)
        self._tell(outcome)
        return outcome

    def _check_place(self) -> None:
        now = watch.directory(str(self.store.path))
        if self.place is not None and now not in (self.place, None):
            raise StoreReplaced("a different store is there now", path=self.store.path)


def _why_nothing(wanted: str | None, destroyed: Sequence[DoneAct]) -> str:
    from agcx_tui.core.words.acts import cannot_be_undone

    if wanted is not None:
        return "it was undone or destroyed already"
    return cannot_be_undone(destroyed) if destroyed else NOTHING


def _done_by(before: AskedAct) -> str | None:
    """The id of what was done; None after an undo, which is not undone: the act before it is."""
    outcome = done_by(before)
    return None if outcome.undone else outcome.act.id


def done_by(before: AskedAct) -> Outcome:
    """What an act did that an undo is about; waits for it, so call it in the queue's thread.

    Raises:
        NothingToUndo: The act failed, or left nothing that could be undone.
        NotConfirmed: The act is an undo that has not begun: the question is the same.
    """
    try:
        outcome = before.result()
    except NotConfirmed:
        raise
    except PersistenceError:
        raise NothingToUndo("the last change failed, so there is nothing to undo") from None
    if outcome is None:
        raise NothingToUndo("the last change left nothing to undo")
    return outcome
