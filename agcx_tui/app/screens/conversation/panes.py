"""The tabs of a conversation: its messages, and views of facts that are read when they are first shown."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass

from textual import on, work
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widgets import ContentSwitcher
from textual.worker import get_current_worker

from agcx_format import Store
from agcx_format.errors import PersistenceError
from agcx_format.store import StoredCheckpoint
from agcx_tui.app import from_threads
from agcx_tui.app.widgets.checkpoints_view import CheckpointsView
from agcx_tui.app.widgets.facts_view import FactsView
from agcx_tui.app.widgets.plain_ground import lines_alike
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.conversation.activity import activity_facts, read_activity
from agcx_tui.core.conversation.fact import Group
from agcx_tui.core.conversation.facts import (
    checkpoint_facts,
    context_facts,
    detail_facts,
    usage_facts,
)
from agcx_tui.core.conversation.subject import Conversation, checkpoints_of

__all__ = ["TABS", "Panes"]

TABS = {
    "messages": "Messages",
    "context": "Context",
    "checkpoints": "Checkpoints",
    "details": "Details",
    "activity": "Activity",
}


class Panes(ContentSwitcher):
    """`shown` is the name of the tab that is shown, one of `TABS`.

    `store` is what checkpoints are read from, None until they were found beside the file.
    """

    @dataclass
    class Read(Message, bubble=False):
        """What the tab `name` shows; `store` is the one that checkpoints are read from."""

        name: str
        groups: list[Group]
        store: Store | None

    def __init__(self, transcript: Transcript, store: Store | None) -> None:
        super().__init__(transcript, id="panes", initial="messages")
        self._transcript = transcript
        self.shown = "messages"
        self.store = store
        # Opens one of the checkpoints, if anything does.
        self.show_checkpoint: Callable[[StoredCheckpoint], None] | None = None
        self._views: dict[str, FactsView] = {}
        # Keys and what happens to the file come at once: a view that is on its way out still has the name.
        self._changing = asyncio.Lock()

    def render_lines(self, crop: Region) -> list[Strip]:
        return lines_alike(super().render_lines, crop)

    def current_file(self) -> str:
        """The current fact's file, else the current message's; empty if there is none."""
        view = self.facts
        if view is not None:
            return view.current_file()
        return self._transcript.blocks.file_of(self._transcript.current)

    @property
    def facts(self) -> FactsView | None:
        """The view of facts that is shown; None while the messages are."""
        return self._views.get(self.shown)

    async def show(self, name: str, conversation: Conversation) -> None:
        """Show a tab; its view is made and read now if it was not shown before."""
        async with self._changing:
            if name != "messages" and name not in self._views:
                await self._make(name)
                self._read(name, conversation)
            self._switch(name)

    async def _make(self, name: str) -> None:
        kind = CheckpointsView if name == "checkpoints" else FactsView
        view = self._views[name] = kind(id=name)
        view.show([Group("Reading …", (), "")])
        await self.add_content(view)

    def _switch(self, name: str) -> None:
        self.shown = name
        # While the program ends, views go one after the other.
        if any(view.id == name for view in self.children):
            self.current = name

    async def forget(self, *, but_shown: bool = False) -> None:
        """Drop the views of facts, with `but_shown` those that are not shown: their file has changed."""
        if not but_shown:
            self.workers.cancel_group(self, "panes")
        async with self._changing:
            for name in self._views.keys() - ({self.shown} if but_shown else set()):
                await self._views.pop(name).remove()

    @work(thread=True, group="panes")
    def _read(self, name: str, conversation: Conversation) -> None:
        worker = get_current_worker()
        store = None
        try:
            if name == "context":
                groups = context_facts(conversation.context(), os.path.lexists)
            elif name == "checkpoints":
                store, rows = checkpoints_of(self.store, conversation)
                groups = checkpoint_facts(rows, conversation.metadata.message_count)
            elif name == "activity":
                activity = read_activity(conversation, lambda: worker.is_cancelled)
                usage = usage_facts(conversation)
                groups = activity_facts(activity, usage) if activity is not None else []
            else:
                sizes = conversation.sections(lambda: worker.is_cancelled)
                groups = detail_facts(conversation, sizes)
        except (PersistenceError, OSError) as error:
            groups = [Group("This cannot be read", (), str(error))]
        if not worker.is_cancelled:
            from_threads.post(self, self.Read(name, groups, store))

    @on(Read)
    def _show_facts(self, message: Read) -> None:
        self.store = message.store or self.store
        if message.name in self._views:
            self._views[message.name].show(message.groups)
            # The available actions depend on what is shown.
            self.screen.refresh_bindings()
