"""One conversation, full screen: its messages, and tabs of facts about it.

Strategy: the screen composes parts and routes keys and messages to them: opening and closing the file
(`opening`), search (`search`), the tabs (`panes`), where the reader is (`reading_place`), and what can be
made of it (`deriving`).  A file that cannot be opened is a page that says what is wrong, and where.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.widgets import Static

from agcx_format.store import StoredCheckpoint
from agcx_format.subagents import parent_of
from agcx_format.transcript import safe_line
from agcx_tui.app.dialogs.once import OnceScreen
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.browser import notices
from agcx_tui.app.screens.conversation.branch_tree import ask_for_branch
from agcx_tui.app.screens.conversation.derived_sessions import DerivedSessions
from agcx_tui.app.screens.conversation.handoff import Handoff
from agcx_tui.app.screens.conversation.number_line import NumberLine
from agcx_tui.app.screens.conversation.opening import (
    ConversationFailed,
    ConversationGrew,
    ConversationOpened,
    OpenConversation,
)
from agcx_tui.app.screens.conversation.outline import ask_for_turn
from agcx_tui.app.screens.conversation.panes import TABS, Panes
from agcx_tui.app.screens.conversation.pictures import open_picture, show_picture
from agcx_tui.app.screens.conversation.reading_place import ReadingPlace
from agcx_tui.app.screens.conversation.search import ConversationSearch, MatchPlace
from agcx_tui.app.screens.conversation.subagents import OpenFile, SubagentCalls
from agcx_tui.app.widgets.checkpoints_view import CheckpointAct, CheckpointsView
from agcx_tui.app.widgets.conversation_title import title_line
from agcx_tui.app.widgets.facts_view import FactsView
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.app.widgets.lines.tab_line import TabLine
from agcx_tui.app.widgets.roll.roll import Roll
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.conversation.subject import Conversation, Offer, open_session
from agcx_tui.core.local.reading_positions import ReadingPositions
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from agcx_format.search import Query
    from agcx_tui.core.store.opened_store import OpenedStore

__all__ = ["ConversationScreen"]

# What can be done with a conversation that could not be opened: leave.
_NEEDS_CONVERSATION = (
    "search", "match", "export", "change", "copy_id", "resume", "copy_resume", "editor",
    "tab_number", "next_tab", "go_to_number", "branches", "outline",
)  # fmt: skip
# Seconds until it is drawn, also if it is not open by then.
_OPENS_WITHIN = 0.1
# Actions that say in their parameter what they do.
_SEVERAL = ("derive", "take", "choose")
_MESSAGES_ONLY = ("match", "go_to_number", "split", "change", "branches", "subagent")


class ConversationScreen(OnceScreen[None]):
    """The conversation in the session file `path`.

    `derived` makes sessions of it, by default none; `positions` remembers where the reader was, by default
    nothing does.  `opener` opens something else instead of the file, a checkpoint for example.  `export`
    asks where a session file is to be exported to.  The screen follows what happens to the file in the
    store `follow`.  It begins at the message `message`, from 0, else where the reader was.

    With `search`, that is searched for at once and every match is marked; it begins at the match `at`, and
    Esc leaves at once.  `beyond` is called when the reader asks for the match after the last one (1), or
    before the first one (-1), and says whether another conversation will open; by default the search goes
    around.  `open_file` shows another session, and `show_checkpoint` one of the checkpoints of this one.
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

    def __init__(
        self,
        path: str,
        derived: DerivedSessions | None = None,
        *,
        positions: ReadingPositions | None = None,
        opener: Callable[[], Conversation] | None = None,
        export: Callable[[str], None] | None = None,
        follow: OpenedStore | None = None,
        message: int | None = None,
        search: Query | None = None,
        at: MatchPlace | None = None,
        beyond: Callable[[int], bool] | None = None,
        open_file: OpenFile | None = None,
        show_checkpoint: Callable[[ConversationScreen, StoredCheckpoint], None] | None = None,
    ) -> None:
        super().__init__()
        self.path = path
        self.derived = derived or DerivedSessions(path)
        self.transcript = Transcript(id="messages")
        self.panes = Panes(self.transcript, self.derived.acts.store)
        self.handoff = Handoff(self, self.panes, export)
        self.panes.show_checkpoint = (
            None if show_checkpoint is None else partial(show_checkpoint, self)
        )
        self.search = ConversationSearch(self.transcript, lambda: self.panes.facts, beyond)
        self.search.give(search, at)
        self.number_line = NumberLine(self.transcript)
        place = ReadingPlace(self.transcript, positions)
        place.wanted = message
        opener = opener or partial(open_session, path)
        started = tuple if follow is None else partial(follow.subagents_of, path)
        acts = self.derived.acts
        subagents = SubagentCalls(self.transcript, acts.store, open_file, acts.opening, started)
        self.file = OpenConversation(self, path, opener, place, self.transcript, follow, subagents)
        self._tabs = TabLine(list(TABS.items()), id="tabs")

    def compose(self) -> ComposeResult:
        # It is opened while the widgets are made.
        self.file.begin()
        yield EdgeLine(id="title")
        yield self._tabs
        yield self.panes
        yield KeyLine()

    def on_mount(self) -> None:
        name = safe_line(format.short_path(self.path))
        self.query_one("#title", EdgeLine).show(f"opening {name}")
        self.hold(_OPENS_WITHIN)
        self.file.follow(self.action_reopen)

    # --- opening and closing

    @property
    def opened(self) -> Conversation | None:
        return self.file.current

    def action_reopen(self) -> None:
        """Reload the file."""
        self.search.end()
        self.search.stop()
        if self.opened is not None:
            self.file.place.wanted = self.transcript.current
        self.file.begin()

    @on(ConversationOpened)
    async def _show(self, message: ConversationOpened) -> None:
        conversation = message.conversation
        before, shown = self.file.take(conversation), self.panes.shown
        if self.has_class("-failed"):
            self.remove_class("-failed")
            self.search.focus_content()
        self._show_title()
        if Offer.CHECKPOINTS not in conversation.offers:
            self._tabs.tabs = [tab for tab in self._tabs.tabs if tab[0] != "checkpoints"]
            self._tabs.choose("messages")
        self.transcript.blocks.turns_are_counted = conversation.metadata.turn_count > 0
        self.transcript.blocks.parent = parent_of(conversation.metadata.tags)
        self.transcript.show(conversation.source)
        if before is not None:
            await self.show_tab("messages")
            await self.panes.forget()
            # A key may have chosen another tab meanwhile.
            await self.panes.show(self.panes.shown, conversation)
            self.file.release(before)
            if shown == "checkpoints":
                await self.show_tab(shown)
        if not self.search.show_given():
            self.file.place.restore(message.position)
        self.refresh_bindings()

    @on(ConversationGrew)
    async def _grew(self) -> None:
        """Nothing that the reader looks at changes but the title; what is not shown is read again."""
        self._show_title()
        self._show_place()
        self.search.grew()
        await self.panes.forget(but_shown=True)

    @on(ConversationFailed)
    async def _show_failure(self, message: ConversationFailed) -> None:
        self.file.failed()
        page = notices.no_conversation(message.error, self.path, gone=message.gone)
        self.query_one("#title", EdgeLine).show(safe_line(format.short_path(self.path)))
        await self.query("#failure").remove()
        await self.mount(Static(page, id="failure", markup=False), before="KeyLine")
        self.add_class("-failed")
        self.refresh_bindings()
        self.release()

    @on(events.Resize)
    def _show_title(self) -> None:
        if self.opened is not None:
            self.query_one("#title", EdgeLine).show(*title_line(self.opened, self.size.width))

    async def on_unmount(self) -> None:
        self.search.stop()
        await self.file.close()

    # --- tabs

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        action = str(parameters[0]) if action in _SEVERAL else action
        if self.has_class("-failed") and action in _NEEDS_CONVERSATION:
            return False
        if action == "search" and self.search.is_typed_in:
            return False
        if action == "subagent" and not self.file.subagents.leads_somewhere:
            return False
        if action == "tab_number" and parameters not in [
            (number,) for number in range(1, len(self._tabs.tabs) + 1)
        ]:
            return False
        if (
            action == "reopen"
            and self.opened is not None
            and Offer.REOPEN not in self.opened.offers
        ):
            return False
        return not (action in _MESSAGES_ONLY and self.panes.shown != "messages")

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The footer has the keys of a search, of a subagent, and of what is chosen in a message."""
        found = self.search.with_match_keys(super().active_bindings)
        return self.transcript.pieces.with_keys(self.file.subagents.with_key(found))

    async def show_tab(self, name: str) -> None:
        """Show one of the tabs, made and read now if it was not shown before."""
        if self.opened is None or name == self.panes.shown:
            return
        if self.panes.shown != "messages" or self.search.matches is None:
            self.search.end()
        self.number_line.close()
        await self.panes.show(name, self.opened)
        # The words of a search in the messages are of no use elsewhere.
        self.search.set_class(name == "messages" and self.search.matches is not None, "-shown")
        self._tabs.choose(name)
        self._show_place()
        self.search.focus_content()
        self.refresh_bindings()

    @on(TabLine.Clicked)
    async def _tab_clicked(self, message: TabLine.Clicked) -> None:
        await self.show_tab(message.name)

    async def action_tab_number(self, number: int) -> None:
        await self.show_tab(self._tabs.tabs[number - 1][0])

    async def action_next_tab(self, direction: int) -> None:
        names = [name for name, _ in self._tabs.tabs]
        await self.show_tab(names[(names.index(self.panes.shown) + direction) % len(names)])

    @on(FactsView.Chosen)
    async def _fact_chosen(self, message: FactsView.Chosen) -> None:
        target = message.fact.target
        if message.fact.message is not None:
            await self.show_tab("messages")
            self.transcript.seek(message.fact.message - 1)
        elif not isinstance(target, StoredCheckpoint):
            self.action_take("editor")
        elif target.path is None:
            self.notify("The file of this checkpoint is missing.", markup=False)
        elif self.panes.show_checkpoint is not None:
            self.panes.show_checkpoint(target)

    @on(CheckpointsView.Wanted)
    @work
    async def _checkpoint_wanted(self, message: CheckpointsView.Wanted) -> None:
        from agcx_tui.app.screens.conversation.checkpoint_acts import act_on_checkpoint

        wanted, store = message.checkpoint, self.panes.store
        if self.opened is None:
            return
        if wanted is not None and message.act is CheckpointAct.NEW_SESSION:
            await self.derived.restore_checkpoint(self, self.opened, wanted.metadata)
        elif wanted is None or wanted.path is None or message.act is not CheckpointAct.EXPORT:
            await act_on_checkpoint(self, self.derived.acts, self.opened, message.act, wanted)
        elif self.handoff.export_file is not None and store is not None:
            self.handoff.export_file(str(store.path / wanted.path))

    # --- search, and where the reader is

    def action_search(self) -> None:
        self.number_line.close()
        self.search.open()

    def action_match(self, direction: int) -> None:
        self.search.step(direction)

    @on(Transcript.Fetched)
    def _fetched(self, message: Transcript.Fetched) -> None:
        self.search.fetched(message.index)

    @work(exclusive=True, group="choose")
    async def action_choose(self, what: str) -> None:
        """Show the tree of branches, or the outline of turns, and go to what is chosen.

        A picture that is chosen is opened in the system's viewer instead.
        """
        transcript, opening = self.transcript, self.derived.acts.opening
        if what == "outline" and (picture := transcript.pieces.picture):
            return await open_picture(self, picture)
        if what == "branches":
            start = await ask_for_branch(self, transcript.source, opening)
        else:
            start = await ask_for_turn(self, transcript.source, transcript.current, opening)
        if start is not None:
            await self.show_tab("messages")
            transcript.seek(start)

    @on(Transcript.PictureWanted)
    @work(exclusive=True, group="picture")
    async def _picture_wanted(self, message: Transcript.PictureWanted) -> None:
        await show_picture(self, message.url)

    def action_go_to_number(self) -> None:
        self.number_line.ask(self.file.expected)

    @on(Roll.Moved)
    def _moved(self, message: Roll.Moved) -> None:
        message.stop()
        self.search.moved()
        self._show_place()
        if self.file.subagents.moved() | self.transcript.pieces.changed():
            self.refresh_bindings()
        if self.opened is not None:
            self.release()

    def _show_place(self) -> None:
        if self.opened is None or self.panes.shown != "messages":
            self._tabs.say("")
        else:
            place = self.file.place
            self._tabs.say(*place.words(self.file.expected), strong=place.new_below > 0)

    @work(exclusive=True, group="subagent")
    async def action_subagent(self) -> None:
        if self.opened is not None:
            await self.file.subagents.open(self, self.opened.metadata.id)

    # --- taking out

    @work
    async def action_take(self, what: str) -> None:
        """Do what `Handoff` has under this name."""
        await self.handoff.perform(what, self.opened)

    # --- sessions made of it

    @work
    async def action_derive(self, what: str) -> None:
        """Split the session, change what is in it, or undo that."""
        if what == "undo":
            await self.derived.acts.undo(self)
        elif what == "change":
            await self.derived.change(self, self.opened, self.transcript)
        elif self.has_class("-failed"):
            words = "A damaged session cannot be split; agcx repair recovers what can be read."
            self.notify(words, severity="warning", markup=False)
        else:
            await self.derived.split(self, self.opened, self.transcript)

    # --- leaving

    def action_back(self) -> None:
        """Stop what is in progress; else end the search; else leave."""
        if self.transcript.give_up():
            return
        if self.search.is_given or not self.search.end():
            self.action_leave()

    def action_leave(self) -> None:
        if len(self.app.screen_stack) > 1:
            self.dismiss()
        else:
            self.app.exit()
