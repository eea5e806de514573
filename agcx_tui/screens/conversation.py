"""One conversation, full screen: what it is, how it went, and a search in it.

Strategy: a thread opens the file and posts it; from then on the transcript reads it by itself.  The
search is a thread as well, which posts the messages it finds; where in them the words are is found
out when one goes there (`Matches`).  A file that cannot be opened is a page of its own that says
what is wrong, and where.
"""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer, Input, Static
from textual.worker import get_current_worker

from agcx_format.errors import PersistenceError
from agcx_format.session_file import SessionFile
from agcx_tui import wording
from agcx_tui.blocks.markdown import warm_up
from agcx_tui.conversation_search import Found, search
from agcx_tui.safe_text import safe_line
from agcx_tui.widgets.edge_line import EdgeLine
from agcx_tui.widgets.matches import Matches
from agcx_tui.widgets.search_line import SearchInput, SearchLine
from agcx_tui.widgets.transcript import Transcript

__all__ = ["ConversationScreen"]

# A pause in typing after which the search begins.
_PAUSE = 0.12


class ConversationScreen(Screen[None]):
    """The conversation in the session file `path`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", key_display="/", id="conversation.search"),
        Binding("n", "match(1)", "next match", show=False, id="conversation.next-match"),
        Binding("N", "match(-1)", "match before", show=False, id="conversation.previous-match"),
        Binding("e", "export", "export", id="conversation.export"),
        Binding("Y", "copy_id", "copy the id", show=False, id="conversation.copy-id"),
        Binding("escape", "back", "back", key_display="esc", id="conversation.back"),
        Binding("q", "leave", "back", show=False, id="conversation.leave"),
    ]
    AUTO_FOCUS = "Transcript"
    DEFAULT_CSS = """
    ConversationScreen {
        background: $background;
        & > #title { background: $surface; color: $text-muted; }
        & > Transcript { height: 1fr; padding-left: 1; }
        & > #failure { display: none; height: 1fr; padding: 2 4; color: $text-muted; }
        &.-failed > #failure { display: block; }
        &.-failed > Transcript { display: none; }
        & > Footer { dock: none; }
    }
    """

    class Opened(Message):
        """The file is open."""

        def __init__(self, file: SessionFile) -> None:
            super().__init__()
            self.file = file

    class Failed(Message):
        """The file cannot be opened."""

        def __init__(self, error: PersistenceError) -> None:
            super().__init__()
            self.error = error

    class Matched(Message):
        """The search number `number` found something, or got on."""

        def __init__(self, number: int, found: Found) -> None:
            super().__init__()
            self.number = number
            self.found = found

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self._file: SessionFile | None = None
        self._timer: Timer | None = None
        self._number = 0
        self._matches: Matches | None = None
        self._from = 0

    def compose(self) -> ComposeResult:
        yield EdgeLine(id="title")
        yield Transcript(id="transcript")
        yield Static(id="failure", markup=False)
        yield SearchLine()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        name = safe_line(wording.short_path(self.path))
        self.query_one("#title", EdgeLine).show(f"opening {name}")
        self._open()

    # --- the file

    @work(thread=True, exclusive=True, group="open")
    def _open(self) -> None:
        try:
            file = SessionFile(self.path)
        except PersistenceError as error:
            self.post_message(self.Failed(error))
            return
        # Whatever fills the first screen is drawn at once, so it is better read, and what draws it
        # imported, here than there.
        file.read_more()
        warm_up()
        if get_current_worker().is_cancelled or not self.post_message(self.Opened(file)):
            file.close()

    def on_conversation_screen_opened(self, message: Opened) -> None:
        self._file = message.file
        self._show_title(message.file)
        self.transcript.show(message.file)

    def on_conversation_screen_failed(self, message: Failed) -> None:
        error = message.error
        facts = [("file", wording.short_path(error.path or self.path))]
        if error.section:
            facts.append(("section", error.section))
        if error.offset is not None:
            unit = "decompressed byte" if error.decompressed else "byte"
            facts.append(("offset", f"{unit} {error.offset:,}"))
        page = Content.assemble(
            ("This conversation cannot be read", "bold $text-error"),
            "\n\n",
            (safe_line(error.reason), "$foreground"),
            "\n\n",
            *(f"{name:<9}{safe_line(value)}\n" for name, value in facts),
            "\nThe file was left as it is.  ",
            ("esc", "bold $primary"),
            " goes back.",
        )
        self.query_one("#title", EdgeLine).show(safe_line(wording.short_path(self.path)))
        self.query_one("#failure", Static).update(page)
        self.add_class("-failed")
        self.refresh_bindings()

    def _show_title(self, file: SessionFile) -> None:
        data = file.metadata
        star = "★ " if data.is_favorite else ""
        title = safe_line(data.title).strip() or "(no title)"
        facts = [
            safe_line(data.model),
            data.current_mode.value,
            wording.counted(data.message_count, "message"),
            wording.counted(data.turn_count, "turn"),
            wording.size(file.size),
        ]
        self.query_one("#title", EdgeLine).show(
            Content.styled(star + title, "bold $foreground"),
            " · ".join(filter(None, facts)),
        )

    def on_unmount(self) -> None:
        self._number += 1
        file = self._file
        if file is not None:
            # Closing waits for a read that is under way: not here.
            self.app.run_worker(file.close, thread=True, exit_on_error=False)

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        failed = self.has_class("-failed")
        return not (failed and action in ("search", "match", "export", "copy_id"))

    # --- leaving, exporting, copying

    def action_back(self) -> None:
        """Esc ends the search first, and leaves second."""
        if self._matches is not None or self.query_one(SearchLine).has_class("-shown"):
            self._end_search()
        else:
            self.action_leave()

    def action_leave(self) -> None:
        if len(self.app.screen_stack) > 1:
            self.dismiss()
        else:
            self.app.exit()

    def action_export(self) -> None:
        export = getattr(self.app, "action_export_session", None)
        if export is None:
            self.notify("There is nothing here to export with.", markup=False)
        else:
            export(self.path)

    def action_copy_id(self) -> None:
        if self._file is not None:
            self.app.copy_to_clipboard(str(self._file.metadata.id))
            self.notify("Copied the id of the session.", markup=False)

    # --- the search

    def action_search(self) -> None:
        self._from = self.transcript.current
        self.query_one(SearchLine).open()

    @on(Input.Changed, "#search")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._number += 1
        self._matches = None
        self.transcript.mark_matches(None)
        self.query_one(SearchLine).say("")
        if event.value:
            self._timer = self.set_timer(_PAUSE, self._begin_search)

    def _begin_search(self) -> None:
        words = self.query_one(SearchLine).input.value
        if not words or self._file is None:
            return
        self._matches = Matches(self.transcript, words)
        self.transcript.mark_matches(self._matches.lines)
        self._search(self._file, words, self._number)

    @work(thread=True, exclusive=True, group="search")
    def _search(self, file: SessionFile, words: str, number: int) -> None:
        worker = get_current_worker()

        def stopped() -> bool:
            return worker.is_cancelled or number != self._number

        for found in search(file, words, stopped):
            if stopped() or not self.post_message(self.Matched(number, found)):
                return

    def on_conversation_screen_matched(self, message: Matched) -> None:
        matches, found = self._matches, message.found
        if message.number != self._number or matches is None:
            return
        matches.add(found.indexes)
        if matches.at is None and not matches.first(self._from) and found.done:
            matches.step(1)
        self._say(found)

    def _say(self, found: Found | None = None) -> None:
        matches = self._matches
        if matches is None:
            return
        count = len(matches.indexes)
        words = f"{matches.number:,} of {wording.counted(count, 'message')}" if count else ""
        if found is not None and not found.done:
            words = f"{words}  searched {found.searched:,} …".strip()
        self.query_one(SearchLine).say(words or "no match")

    def action_match(self, direction: int) -> None:
        if self._matches is None:
            self.notify("Nothing is being searched for: / begins.", markup=False)
        elif self._matches.step(direction):
            self._say()

    def on_search_input_left(self, event: SearchInput.Left) -> None:
        event.stop()
        if event.kept:
            self.transcript.focus()
        else:
            self._end_search()

    def _end_search(self) -> None:
        self._number += 1
        self._matches = None
        self.transcript.mark_matches(None)
        self.query_one(SearchLine).close()
        self.transcript.focus()
