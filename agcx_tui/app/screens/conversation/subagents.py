"""The ways between a conversation and its subagents: to the one that the message at the cursor started, to
those that no call names, and from the session of a subagent to the one that started it, its parent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from textual.binding import ActiveBinding
from textual.screen import Screen

from agcx_format import FunctionCall, FunctionCallOutput, MessageSnapshot
from agcx_format.errors import PersistenceError
from agcx_tui.app.services import Opening
from agcx_tui.app.widgets.transcript.message_finder import Wanted
from agcx_tui.app.widgets.transcript.transcript import Transcript

if TYPE_CHECKING:
    from agcx_format import Store
    from agcx_tui.core.sessions.subagents import StartedSubagent

__all__ = ["OpenFile", "SubagentCalls"]

OpenFile = Callable[[str, UUID | None], None]
"""Opens the session in a file; the session of the subagent that one comes from, if it is its parent."""


class SubagentCalls:
    """The subagents of one transcript; none if `store` is None or they cannot be opened.

    `started` has them by the id of the call; `of_session` gives all that the session started, also those that
    no call names.  If the reader `came_from` one, its call is shown once it is known.
    """

    def __init__(
        self,
        transcript: Transcript,
        store: Store | None,
        open_file: OpenFile | None,
        opening: Opening,
        of_session: Callable[[], Sequence[StartedSubagent]] = tuple,
    ) -> None:
        self.started: dict[str, UUID] = {}
        self.came_from: UUID | None = None
        self._transcript = transcript
        self._store = store
        self._open_file = open_file
        self._opening = opening
        self._of_session = of_session
        # As of when the session was opened or reloaded.
        self._all: Sequence[StartedSubagent] = ()
        self._said: str | None = None

    @property
    def leads_somewhere(self) -> bool:
        """Whether there is a subagent, or a parent."""
        return bool(self.started or self._unnamed) or self._parent is not None

    def look(self) -> None:
        """Look up the current ones."""
        self._all = self._of_session()

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

    @property
    def _parent(self) -> UUID | None:
        """The session that started this one."""
        is_known = self._store is not None and self._open_file is not None
        return self._transcript.blocks.parent if is_known else None

    @property
    def _unnamed(self) -> Sequence[StartedSubagent]:
        """The subagents that no call names."""
        if self._store is None or self._open_file is None:
            return ()
        named = {str(session) for session in self.started.values()}
        return [each for each in self._all if each.id not in named]

    def show(self, started: dict[str, UUID]) -> None:
        """Set which were started, and go to the call of the one that the reader came from."""
        self.started = started
        calls = {call for call, session in started.items() if session == self.came_from}
        self.came_from = None

        def is_call(message: MessageSnapshot) -> bool:
            return isinstance(message.item, FunctionCall) and message.item.call_id in calls

        if calls:
            self._transcript.look_for(Wanted("call of the subagent", 0, 1, is_call))

    def moved(self) -> bool:
        """Whether the key opens something else than the last time."""
        before, self._said = self._said, self._where
        return before != self._said

    def with_key(self, found: dict[str, ActiveBinding]) -> dict[str, ActiveBinding]:
        """The keys of the screen; the footer says what the one of subagents opens, if anything."""
        active = next(
            (each for each in found.items() if each[1].binding.action == "subagent"), None
        )
        where = self._where
        if active is None or where is None:
            return found
        key, binding = active
        shown = replace(binding.binding, show=True, description=where)
        return {**found, key: binding._replace(binding=shown)}

    @property
    def _where(self) -> str | None:
        """What the key opens at the current message, in a word."""
        if self.here:
            return "subagent"
        unnamed = len(self._unnamed)
        if self._parent:
            # One word for both: more would not fit into 80 columns.
            return "related" if unnamed else "parent"
        return "subagents" if unnamed > 1 else "subagent" if unnamed else None

    async def open(self, screen: Screen[None], shown: UUID) -> None:
        """Show the session of the subagent; elsewhere the parent of the session that is shown, or a subagent
        that no call names, whichever the person chooses.  Esc leads back.
        """
        wanted = str(self.here or "") or await self._chosen(screen)
        parent = None if self.here or wanted != str(self._parent) else self._parent
        if not wanted or self._store is None or self._open_file is None:
            return
        try:
            with self._opening():
                entry = await asyncio.to_thread(self._store.resolve, wanted)
        except PersistenceError:
            whose = "The parent of this subagent" if parent else "The session of this subagent"
            screen.notify(f"{whose} is not in the store.", markup=False)
            return
        below = screen.app.screen_stack[-2:-1]
        if any(getattr(each, "path", None) == entry.path for each in below):
            # Where the reader came from.
            screen.dismiss()
        else:
            self._open_file(entry.path, shown if parent else None)

    async def _chosen(self, screen: Screen[None]) -> str:
        """The id of the parent or of a subagent that no call names: the only one, else the person's choice;
        empty for none.
        """
        self.look()
        parent, unnamed = self._parent, self._unnamed
        known = [each.id for each in unnamed] + ([str(parent)] if parent else [])
        if not known:
            screen.notify("This message started no subagent.", markup=False)
            return ""
        if len(known) == 1:
            return known[0]
        from agcx_tui.app.screens.conversation.subagent_choice import SubagentChoice

        return await screen.app.push_screen_wait(SubagentChoice(unnamed, parent)) or ""
