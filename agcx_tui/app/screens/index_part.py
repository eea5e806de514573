"""The search index in the storage screen: how much of the store is in it, its size, and its two keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agcx_format.disk import os_reason
from agcx_format.errors import PersistenceError
from agcx_tui.core.search.index_keeper import IndexKeeper, IndexPhase, IndexState
from agcx_tui.core.words.index_report import index_section
from agcx_tui.core.words.storage_report import Section

if TYPE_CHECKING:
    from textual.screen import Screen

    from agcx_format.search import BookState

__all__ = ["IndexPart"]


class IndexPart:
    """`changed` is called when there is something else to be shown."""

    def __init__(
        self, screen: Screen[Any], keeper: IndexKeeper, store: Path, changed: Callable[[], None]
    ) -> None:
        self._screen = screen
        self._keeper = keeper
        self._store = store
        self._changed = changed
        # The state when nothing was being built.
        self._book: BookState | None = None
        self._end = keeper.changed.subscribe(self._follow)

    def open(self) -> None:
        """Find out how much is in it."""
        if self._place is not None:
            self._screen.run_worker(self._look(), exclusive=True, group="index")

    def close(self) -> None:
        self._end()

    @property
    def _place(self) -> Path | None:
        """Where the index is, or what is left of one."""
        return self._keeper.directory or self._keeper.left

    @property
    def section(self) -> Section | None:
        """None until something is known."""
        state = self._keeper.state
        book = state.book if state.phase is IndexPhase.BUILDING else self._book
        return index_section(state, book)

    @property
    def can_build(self) -> bool:
        return self._keeper.state.phase not in (IndexPhase.OFF, IndexPhase.BUILDING)

    @property
    def can_delete(self) -> bool:
        return self._place is not None and bool(self._book and self._book.size)

    def build(self) -> None:
        self._keeper.build()

    def delete(self) -> None:
        """Ask, then delete it."""
        # A separate group: the keeper announces that it deletes, and another refresh would cancel this.
        self._screen.run_worker(self._delete(), exclusive=True, group="delete index")

    async def _delete(self) -> None:
        from agcx_tui.app.dialogs.naming import AskToDelete

        facts = "Your sessions stay. b builds it again, and so does the next start."
        if self._keeper.directory is None:
            facts = "Your sessions stay. Searches do not use it: search.index is false."
        question = AskToDelete("Delete the search index?", facts, "Delete")
        if not await self._screen.app.push_screen_wait(question):
            return
        try:
            await self._keeper.delete(self._store)
        except OSError as error:
            text = f"The index could not be removed: {os_reason(error)}"
            self._screen.notify(text, severity="error", markup=False)
            self.open()

    async def _look(self) -> None:
        from agcx_format.search import DEFAULT_CAP, Index

        index = Index(self._store, self._place)
        cap = self._keeper.cap or DEFAULT_CAP
        try:
            self._book = await asyncio.to_thread(lambda: index.state(cap=cap))
        except (PersistenceError, OSError):
            self._book = None
        finally:
            index.close()
        self._changed()

    def _follow(self, state: IndexState) -> None:
        if state.phase is not IndexPhase.BUILDING:
            self.open()
        elif state.book is not None:
            self._book = state.book
        self._changed()
