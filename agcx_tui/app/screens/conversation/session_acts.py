"""The acts on one session that its open conversation asks for, and their undo.

Strategy: the store's queue does them, which all screens follow.  Those that were asked for here are
remembered, since `u` undoes these and no others: what was done in the list is out of sight here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

from agcx_format.errors import NothingToUndo, PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.app.services import Opening

if TYPE_CHECKING:
    from pathlib import Path

    from textual.screen import Screen

    from agcx_format import Act, Store
    from agcx_format.store import Emptied
    from agcx_tui.core.store.act_queue import ActQueue, AskedAct
    from agcx_tui.core.store.store_work import File, Outcome

__all__ = ["AT_WORK", "SessionActs"]

AT_WORK = "It changed in the last 5 minutes: an agent may be using it, and would save over this."
_WITHOUT_STORE = "It was opened as a single file: open it from the list of its store first."
_NOTHING_DONE = "Nothing to undo here. In the list, u undoes the last change."


class SessionActs:
    """Acts on the session of a conversation; shared by its screen and those of its checkpoints.

    `queue` is that of its store, None if it cannot be changed; `fixed` then says why, unless there is no
    store.

    Fields:
        done: the ids of the acts, oldest first.
        now: returns microseconds since 1970.
        state: the directory in which something of a session may be remembered, like `cache`.
        opening: the context in which something is read before a question about it is asked.
    """

    def __init__(
        self,
        queue: ActQueue | None = None,
        fixed: str = "",
        now: Callable[[], int] = lambda: 0,
        *,
        state: Path | None = None,
        cache: Path | None = None,
        opening: Opening = nullcontext,
    ) -> None:
        self.done: list[str] = []
        self.now = now
        self.state, self._cache = state, cache
        self.opening = opening
        self._queue = queue
        self._fixed = fixed
        # What was requested last.
        self._last: AskedAct | None = None

    @property
    def store(self) -> Store | None:
        return None if self._queue is None else self._queue.store

    def obstacle(self) -> str:
        """Why nothing can be done to the session; empty if something can."""
        return "" if self._queue is not None else self._fixed or _WITHOUT_STORE

    async def may_change(self, screen: Screen[None], file: File) -> bool:
        """Whether a session may be changed; of one that may be in use the person is asked."""
        from agcx_tui.app.dialogs.naming import AskDialog
        from agcx_tui.core.store import store_work

        assert self._queue is not None
        try:
            with self.opening():
                running = await asyncio.to_thread(
                    store_work.at_work, self._queue.store, [file], self.now()
                )
        except PersistenceError as error:
            self.report_failure(screen, "Nothing was changed", error)
            return False
        if not running:
            return True
        dialog = AskDialog("Change a session that may be in use?", AT_WORK, "Continue")
        answer: bool | None = await screen.app.push_screen_wait(dialog)
        return bool(answer)

    async def run(
        self,
        screen: Screen[None],
        act: Callable[[Store], Outcome],
        done: Callable[[Outcome], str],
        failed: str,
    ) -> Outcome | None:
        """Run an act, which `u` undoes, and say what came of it; returns it."""
        assert self._queue is not None
        return await self._report(screen, self._run(self._queue, act), done, failed)

    async def destroy(self, screen: Screen[None], acts: list[Act]) -> Emptied | None:
        """Destroy what acts keep in the trash, and forget it everywhere; returns what is gone."""
        from agcx_tui.core.store.forget import destroy

        gone: list[Emptied] = []

        def empty(store: Store) -> None:
            caches = {"state": self.state, "cache": self._cache}
            destroy(lambda: store.destroy(acts), store.path, report=gone.append, **caches)

        assert self._queue is not None
        try:
            await self._queue.run(empty)
        except PersistenceError as error:
            self.report_failure(screen, "Not everything was destroyed", error)
        return gone[0] if gone else None

    async def _report(
        self,
        screen: Screen[None],
        asked: AskedAct,
        done: Callable[[Outcome], str],
        failed: str,
    ) -> Outcome | None:
        """Say what came of an act; returns it."""
        try:
            outcome = await asked
        except PersistenceError as error:
            self.report_failure(screen, failed, error)
            return None
        if outcome is not None:
            screen.notify(done(outcome), markup=False)
        return outcome

    def report_failure(self, screen: Screen[None], what: str, error: PersistenceError) -> None:
        """Say why something was not done."""
        text = f"{what}: {safe_line(str(error))}"
        screen.notify(text, severity="error", timeout=10, markup=False)

    def _run(self, queue: ActQueue, act: Callable[[Store], Outcome]) -> AskedAct:
        def noted(store: Store) -> Outcome:
            outcome = act(store)
            # Here, in the queue's thread: the next act may be its undo.
            self.done.append(outcome.act.id)
            return outcome

        self._last = queue.run(noted)
        return self._last

    # --- undo

    async def undo(self, screen: Screen[None]) -> None:
        """Undo the last act that was started here, even while it waits or runs."""
        waiting = self._last is not None and not self._last.is_over
        if self._queue is None or not (self.done or waiting):
            screen.notify(_NOTHING_DONE, markup=False)
            return
        from agcx_tui.core.words.acts import describe_undo

        before = self._last if waiting else None
        self._last = self._queue.run(lambda store: self._undo(store, before))
        await self._report(
            screen, self._last, lambda outcome: describe_undo(outcome.act), "Nothing was undone"
        )

    def _undo(self, store: Store, before: AskedAct | None) -> Outcome:
        """In the queue's thread, after the act `before`."""
        from agcx_tui.core.store import store_work
        from agcx_tui.core.store.act_queue import done_by

        if before is not None:
            done_by(before)
        if not self.done:
            raise NothingToUndo("everything done here is undone already")
        wanted = self.done.pop()
        try:
            return store_work.undo(store, wanted)
        except NothingToUndo:
            # Elsewhere, or by emptying the trash.
            raise NothingToUndo("it was undone or destroyed already") from None
        except PersistenceError:
            self.done.append(wanted)
            raise
