"""One conversation, full screen: what it is, how it went, and what stands around it.

Strategy: a thread opens the file (or the checkpoint) and posts it; from then on the transcript reads
it by itself.  The other tabs are made, and read by a thread, when they are first shown.  Whatever
cannot be opened is a page that says what is wrong, and where.  Finding is in `searching.py`, taking
something out in `taking.py`, making sessions of it in `deriving.py`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from textual import work
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.message import Message
from textual.widgets import ContentSwitcher, Static
from textual.worker import get_current_worker

from agcx_format.disk.durable import os_reason
from agcx_format.errors import PersistenceError
from agcx_format.model.session import CheckpointMetadata
from agcx_format.store.store import Store
from agcx_format.transcript.safe_text import safe_line
from agcx_tui.app.blocks.markdown import warm_up
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.browser import notices
from agcx_tui.app.screens.conversation.deriving import DerivingScreen
from agcx_tui.app.widgets.checkpoints_view import CheckpointsView
from agcx_tui.app.widgets.conversation_title import title_line
from agcx_tui.app.widgets.facts_view import FactsView
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.app.widgets.lines.tab_line import TabLine
from agcx_tui.app.widgets.roll.roll import Roll
from agcx_tui.core.conversation.facts import Group, checkpoint_facts, context_facts, detail_facts
from agcx_tui.core.conversation.subject import (
    Conversation,
    checkpoints_of,
    open_checkpoint,
    open_session,
)
from agcx_tui.core.local.keeping_on_exit import quietly
from agcx_tui.core.local.reading_positions import Position, ReadingPositions
from agcx_tui.core.store.act_queue import ActQueue
from agcx_tui.core.words import format

__all__ = ["ConversationScreen"]

_TABS = {
    "messages": "Messages",
    "context": "Context",
    "checkpoints": "Checkpoints",
    "details": "Details",
}
# What can be done with a conversation that could not be opened: leave.
_NEEDS_CONVERSATION = (
    "search", "match", "export", "copy_id", "copy_resume", "open_editor", "tab_number", "next_tab",
    "go_to_number",
)  # fmt: skip
_MESSAGES_ONLY = ("match", "go_to_number", "split")


class ConversationScreen(DerivingScreen):
    """The conversation in the session file `path`; `acts` and `positions` None: without a store, without any.

    `opener` opens something else in its place, a checkpoint for example.  `fixed` says why it cannot be
    changed, where it is not for want of a store; `done` are the acts that `u` takes back.  It begins at
    the message `message`, from 0, else where the reader was.
    """

    BINDINGS = bindings("conversation")
    AUTO_FOCUS = "Transcript"
    DEFAULT_CSS = """
    ConversationScreen {
        background: $background;
        & > #title { background: $surface; color: $text-muted; }
        & > #panes { height: 1fr; }
        & Roll { height: 1fr; padding-left: 1; }
        & > #failure { display: none; height: 1fr; padding: 2 4; color: $text-muted; }
        &.-failed > #failure { display: block; }
        &.-failed > #panes, &.-failed > #tabs { display: none; }
    }
    """

    class Opened(Message):
        """It is open; `position` is where the reader was the last time."""

        def __init__(self, conversation: Conversation, position: Position | None) -> None:
            super().__init__()
            self.conversation = conversation
            self.position = position

    class Failed(Message):
        """It cannot be opened, with `gone` because its file is not there."""

        def __init__(self, error: PersistenceError, gone: bool) -> None:
            super().__init__()
            self.error = error
            self.gone = gone

    class PaneRead(Message):
        """What the tab `name` shows; `store` is the one that checkpoints are read from."""

        def __init__(self, name: str, groups: list[Group], store: Store | None = None) -> None:
            super().__init__()
            self.name = name
            self.groups = groups
            self.store = store

    def __init__(
        self,
        path: str,
        acts: ActQueue | None = None,
        *,
        positions: ReadingPositions | None = None,
        opener: Callable[[], Conversation] | None = None,
        fixed: str = "",
        done: list[str] | None = None,
        message: int | None = None,
    ) -> None:
        super().__init__()
        self.path = path
        self.acts = acts
        self.fixed = fixed
        self.done = [] if done is None else done
        # What checkpoints are read from: without a store, what lies beside the file.
        self._beside = self.store
        self._positions = positions
        self._opener = opener or partial(open_session, path)
        self._panes: dict[str, FactsView] = {}
        self._shown = "messages"
        self._restored: tuple[int, object] | None = None
        # Where to be once the file was opened anew.
        self._stay = message

    def compose(self) -> ComposeResult:
        yield EdgeLine(id="title")
        yield TabLine(list(_TABS.items()), id="tabs")
        with ContentSwitcher(id="panes", initial="messages"):
            yield self.transcript
        yield Static(id="failure", markup=False)
        yield self.search_line
        yield self.number_line
        yield KeyLine()

    def on_mount(self) -> None:
        self._tabs = self.query_one(TabLine)
        name = safe_line(format.short_path(self.path))
        self.query_one("#title", EdgeLine).show(f"opening {name}")
        self._open()

    # --- opening and closing

    @work(thread=True, exclusive=True, group="open")
    def _open(self) -> None:
        try:
            conversation = self._opener()
        except OSError as error:
            problem = PersistenceError(os_reason(error), path=error.filename or self.path)
            self.post_message(self.Failed(problem, not os.path.lexists(self.path)))
            return
        except PersistenceError as error:
            self.post_message(self.Failed(error, not os.path.lexists(error.path or self.path)))
            return
        position = None
        if self._positions is not None:
            position = self._positions.load(conversation.metadata.id, conversation.path)
        # Whatever fills the first screen is drawn at once: better imported here than there.
        warm_up()
        message = self.Opened(conversation, position)
        if get_current_worker().is_cancelled or not self.post_message(message):
            conversation.close()

    def reopen(self) -> None:
        self.end_search()
        self.search_number += 1
        if self.opened is not None:
            self._stay = self.transcript.current
        self.opening = True
        self._open()

    async def on_conversation_screen_opened(self, message: Opened) -> None:
        before, self.opened = self.opened, message.conversation
        self.opening = self.told_of_change = False
        if self.has_class("-failed"):
            self.remove_class("-failed")
            self.focus_content()
        self._show_title(message.conversation)
        if message.conversation.checkpoint is not None:
            self._tabs.tabs = [tab for tab in self._tabs.tabs if tab[0] != "checkpoints"]
            self._tabs.choose("messages")
        self.transcript.show(message.conversation.source)
        if before is not None:
            await self._forget_panes()
            self._let_go(before)
        if self._stay is not None:
            self.transcript.seek(self._stay)
        elif message.position is not None and not self.transcript.busy:
            self.transcript.seek(message.position.message, message.position.row)
            # At the first message there is nothing to go back to.
            if message.position.message:
                self._restored = message.position.message, None
        self.refresh_bindings()

    async def _forget_panes(self) -> None:
        """What the other tabs say was read from a file that is another now."""
        self.workers.cancel_group(self, "panes")
        await self.show_tab("messages")
        for name in list(self._panes):
            await self._panes.pop(name).remove()

    @work(thread=True, group="close")
    def _let_go(self, conversation: Conversation) -> None:
        """In a thread, for it waits for a read that is under way."""
        conversation.close()

    def on_conversation_screen_failed(self, message: Failed) -> None:
        self.opening = False
        page = notices.no_conversation(message.error, self.path, gone=message.gone)
        self.query_one("#title", EdgeLine).show(safe_line(format.short_path(self.path)))
        self.query_one("#failure", Static).update(page)
        self.add_class("-failed")
        self.refresh_bindings()

    def _show_title(self, conversation: Conversation) -> None:
        self.query_one("#title", EdgeLine).show(*title_line(conversation, self.size.width))

    def on_resize(self) -> None:
        if self.opened is not None:
            self._show_title(self.opened)

    async def on_unmount(self) -> None:
        self.search_number += 1
        conversation = self.opened
        if conversation is not None:
            # In a thread, for it waits for a read that is under way; awaited, so that it also happens
            # when the program ends.
            await asyncio.to_thread(self._close, conversation, self._position())

    def _close(self, conversation: Conversation, position: Position | None) -> None:
        if self._positions is not None and conversation.checkpoint is None:
            where = conversation.metadata.id, conversation.path, position
            quietly("where the reader was", self._positions.save, *where)
        quietly("the file in good order", conversation.close)

    def _position(self) -> Position | None:
        """Where the reader is; None at the beginning, which needs no remembering."""
        transcript = self.transcript
        view = transcript.viewport
        if not view.window or view.position == 0:
            return None
        return Position(transcript.current, view.head_row(transcript.current) or 0)

    # --- tabs

    @property
    def facts(self) -> FactsView | None:
        return self._panes.get(self._shown)

    @property
    def expected(self) -> int:
        source = self.transcript.source
        return max(getattr(source, "expected", 0), source.known())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.has_class("-failed") and action in _NEEDS_CONVERSATION:
            return False
        if action == "search" and self.focused is self.search_line.input:
            return False
        if action == "tab_number" and parameters[0] > len(self._tabs.tabs):
            return False
        if action == "reopen" and self.opened is not None and self.opened.checkpoint is not None:
            return False
        return not (action in _MESSAGES_ONLY and self._shown != "messages")

    async def on_tab_line_clicked(self, message: TabLine.Clicked) -> None:
        await self.show_tab(message.name)

    async def show_tab(self, name: str) -> None:
        """Show one of the tabs, made and read now if it was not shown before."""
        if self.opened is None or name == self._shown:
            return
        if self._shown != "messages" or self.matches is None:
            self.end_search()
        self.number_line.close()
        if name != "messages" and name not in self._panes:
            kind = CheckpointsView if name == "checkpoints" else FactsView
            pane = self._panes[name] = kind(id=name)
            pane.show([Group("Reading …", (), "")])
            await self.query_one(ContentSwitcher).add_content(pane)
            self._read_pane(name, self.opened)
        self._shown = name
        self.query_one(ContentSwitcher).current = name
        # The words of a search in the messages are of no use elsewhere.
        self.search_line.set_class(name == "messages" and self.matches is not None, "-shown")
        self._tabs.choose(name)
        self._tell_place()
        self.focus_content()
        self.refresh_bindings()

    async def action_tab_number(self, number: int) -> None:
        await self.show_tab(self._tabs.tabs[number - 1][0])

    async def action_next_tab(self, direction: int) -> None:
        names = [name for name, _ in self._tabs.tabs]
        await self.show_tab(names[(names.index(self._shown) + direction) % len(names)])

    @work(thread=True, group="panes")
    def _read_pane(self, name: str, conversation: Conversation) -> None:
        worker = get_current_worker()
        store = None
        try:
            if name == "context":
                groups = context_facts(conversation.context())
            elif name == "checkpoints":
                store, rows = checkpoints_of(self._beside, conversation)
                groups = checkpoint_facts(rows)
            else:
                sizes = conversation.sections(lambda: worker.is_cancelled)
                groups = detail_facts(conversation, sizes)
        except (PersistenceError, OSError) as error:
            groups = [Group("This cannot be read", (), str(error))]
        if not worker.is_cancelled:
            self.post_message(self.PaneRead(name, groups, store))

    def on_conversation_screen_pane_read(self, message: PaneRead) -> None:
        self._beside = message.store or self._beside
        if message.name in self._panes:
            self._panes[message.name].show(message.groups)

    def on_facts_view_chosen(self, message: FactsView.Chosen) -> None:
        target = message.fact.target
        if not isinstance(target, CheckpointMetadata):
            self.action_open_editor()
        elif self.opened is not None and self._beside is not None:
            from agcx_tui.app.screens.conversation.checkpoint import CheckpointScreen

            opener = partial(open_checkpoint, self._beside, self.opened.metadata, target)
            screen = CheckpointScreen(
                self.path, self.acts, opener=opener, fixed=self.fixed, done=self.done
            )
            self.app.push_screen(screen)

    def on_checkpoints_view_wanted(self, message: CheckpointsView.Wanted) -> None:
        self.ask_for_session(message.checkpoint)

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """While words are searched for, the footer has the keys that go from match to match."""
        found = super().active_bindings
        if self.matches is not None and self.focused is not self.search_line.input:
            for key, active in found.items():
                if active.binding.action == "match(1)":
                    shown = replace(active.binding, show=True, description="matches")
                    if key == "n" and "N" in found:
                        shown = replace(shown, key_display="n N")
                    found = {**found, key: active._replace(binding=shown)}
        return found

    def end_search(self) -> bool:
        ended = super().end_search()
        self.refresh_bindings()
        return ended

    # --- where one is

    def on_roll_moved(self, message: Roll.Moved) -> None:
        message.stop()
        self._tell_place()

    def _tell_place(self) -> None:
        if self._shown != "messages":
            self._tabs.say("")
            return
        known = self.transcript.source.known()
        number = f"{self.transcript.current + 1:,}/{known:,}" if self.opened and known else ""
        self._tabs.say(self._place(), number)

    def _place(self) -> str:
        """The message one is at, or how far the reading is."""
        transcript = self.transcript
        source = transcript.source
        if self.opened is None:
            return ""
        known = source.known()
        share = f"{min(99, 100 * known // max(1, self.expected))} %"
        if transcript.busy:
            reading = "" if source.complete else f"  reading… {share}"
            return f"{transcript.busy}{reading}  esc stops"
        if self._restored is not None:
            message, place = self._restored
            if transcript.current == message and place in (None, transcript.viewport.top):
                self._restored = message, transcript.viewport.top
                return f"continued at message {message + 1:,}, g for the start"
            self._restored = None
        if not source.complete:
            return f"reading… {share}"
        return f"message {transcript.current + 1:,} of {known:,}" if known else ""

    # --- leaving

    def action_back(self) -> None:
        """Esc stops what is under way first, ends the search second, and leaves third."""
        if not (self.transcript.give_up() or self.end_search()):
            self.action_leave()

    def action_leave(self) -> None:
        if len(self.app.screen_stack) > 1:
            self.dismiss()
        else:
            self.app.exit()
