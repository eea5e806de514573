"""The subagents that the calls of a conversation started: the one at the cursor, and opening its session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from textual.binding import ActiveBinding
from textual.screen import Screen

from agcx_format import FunctionCall, FunctionCallOutput
from agcx_format.errors import PersistenceError
from agcx_tui.app.widgets.transcript.transcript import Transcript

if TYPE_CHECKING:
    from agcx_format import Store

__all__ = ["SubagentCalls"]

# Opens the session in a file.
OpenFile = Callable[[str], None]


class SubagentCalls:
    """Those of one transcript; with `store` None, or without a way to open one, there are none.

    `started` has them by the id of the call.
    """

    def __init__(
        self, transcript: Transcript, store: Store | None, open_file: OpenFile | None
    ) -> None:
        self.started: dict[str, UUID] = {}
        self._transcript = transcript
        self._store = store
        self._open_file = open_file
        self._was_here = False

    @property
    def here(self) -> UUID | None:
        """The session of the subagent that the current message started, or that it is the answer of."""
        if self._store is None or self._open_file is None:
            return None
        message = self._transcript.blocks.message(self._transcript.current)
        item = message.item if message is not None else None
        return (
            self.started.get(item.call_id)
            if isinstance(item, FunctionCall | FunctionCallOutput)
            else None
        )

    def moved(self) -> bool:
        """Whether the reader came to such a message, or left one, since the last time."""
        before, self._was_here = self._was_here, bool(self.started) and self.here is not None
        return before != self._was_here

    def with_key(self, found: dict[str, ActiveBinding]) -> dict[str, ActiveBinding]:
        """The keys of the screen; where there is a subagent, the footer has the one that opens it."""
        active = next(
            (each for each in found.items() if each[1].binding.action == "subagent"), None
        )
        if active is None or self.here is None:
            return found
        key, binding = active
        shown = replace(binding.binding, show=True, description="subagent")
        return {**found, key: binding._replace(binding=shown)}

    async def open(self, screen: Screen[None]) -> None:
        """Show the session of the subagent; Esc leads back."""
        wanted, store = self.here, self._store
        if wanted is None or store is None or self._open_file is None:
            screen.notify("This message started no subagent.", markup=False)
            return
        try:
            entry = await asyncio.to_thread(store.resolve, str(wanted))
        except PersistenceError:
            screen.notify("The session of this subagent is not in the store.", markup=False)
        else:
            self._open_file(entry.path)
