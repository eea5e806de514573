"""The store of one program: opened in the background, then shared by all screens.

Strategy: screens start before the store is open, so whatever needs it waits in `opened()`.  What the queue
of acts reports from its thread is published in the event loop; the queue waits until every follower has
taken it, so the next act finds lists that are up to date.

No Textual.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import TYPE_CHECKING

from agcx_tui.core.store.signal import Signal

if TYPE_CHECKING:
    from agcx_format import Store
    from agcx_format.disk import Signature
    from agcx_tui.core.sessions.subagents import StartedSubagent
    from agcx_tui.core.store.act_queue import ActQueue
    from agcx_tui.core.store.store_work import Outcome
    from agcx_tui.core.store.watch import Directory

__all__ = ["OpenedStore"]

# Seconds that the queue waits for its followers: a program that is ending no longer responds.
_PATIENCE = 5.0


class OpenedStore:
    """`acts` is the queue of acts on the store, None until the store is open.

    `acted` publishes every act that was done or undone; `saved` publishes the files that others changed,
    by path, with their signatures.  Both publish in the event loop.  `subagents_of` gives the subagents that
    the session in a file started; a list of the store, which knows them, sets it.
    """

    def __init__(self) -> None:
        self.acts: ActQueue | None = None
        self.acted: Signal[Outcome] = Signal()
        self.saved: Signal[Mapping[str, Signature]] = Signal()
        self.subagents_of: Callable[[str], Sequence[StartedSubagent]] = lambda path: ()
        self._is_open = asyncio.Event()

    @property
    def store(self) -> Store | None:
        return None if self.acts is None else self.acts.store

    async def opened(self) -> ActQueue:
        """Wait for the store; no key that is pressed before it is open is lost."""
        await self._is_open.wait()
        assert self.acts is not None
        return self.acts

    def use(self, store: Store, place: Directory | None) -> bool:
        """Set the store, which was opened in the directory `place`; call in the event loop.

        Returns:
            Whether it replaces another store.
        """
        from agcx_tui.core.store.act_queue import ActQueue

        before = self.acts
        if before is None or before.store is not store or before.place is None:
            self.acts = ActQueue(store, place, _in_this_loop(self.acted.publish))
        self._is_open.set()
        return before is not None and place is not None and before.place not in (place, None)


def _in_this_loop(publish: Callable[[Outcome], None]) -> Callable[[Outcome], None]:
    """For another thread: run `publish` in the event loop that runs now, and wait for it."""
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()

    def tell(outcome: Outcome) -> None:
        taken = Event()

        def take() -> None:
            try:
                publish(outcome)
            finally:
                taken.set()

        try:
            loop.call_soon_threadsafe(take, context=context)
        except RuntimeError:
            # The loop is closed: the program has ended.
            return
        taken.wait(_PATIENCE)

    return tell
