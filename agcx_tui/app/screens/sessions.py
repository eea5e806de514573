"""The base of the screens that list other sessions than the browser: trash and clean up.

Strategy: the widgets are the browser's, over a table of the screen; subclasses fill it and say what can be
done with it.  The projects of the sessions come from the catalog, and from the files that it does not know.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import get_current_worker

from agcx_format.catalog import Catalog, Opening
from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.app import from_threads
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.listing import ListingScreen
from agcx_tui.app.services import Services
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.app.widgets.list.header import ListHeader
from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.app.widgets.preview import Preview
from agcx_tui.core.local.paths import catalogs
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.store.act_queue import ActQueue

_PREVIEW_WIDTH = 100
_ROOMY_HEIGHT = 30
_PREVIEW_DELAY = 0.07
# Known openings that the table takes at once, and seconds from some to the next.
_PART, _PAUSE = 10_000, 0.05


class SessionsScreen(ListingScreen[None]):
    """A list of sessions with a preview; Esc goes back."""

    BINDINGS = bindings("sessions")
    AUTO_FOCUS = "SessionList"
    DEFAULT_CSS = """
    SessionsScreen {
        #preview { width: 46%; min-width: 40; height: 1fr; border-left: vkey $border-blurred; }
        &.-narrow #preview { display: none; }
    }
    """
    # The names of sort keys in the header, if they differ from the browser's.
    LABELS: ClassVar[Mapping[str, str]] = {}
    # Why a conversation that is opened here cannot be changed.
    FIXED: ClassVar[str] = "Open it from the list of sessions first."

    @dataclass
    class Openings(Message):
        """What the beginnings of sessions say, by row."""

        found: Iterable[tuple[int, Opening]]

    def __init__(self, services: Services, acts: ActQueue) -> None:
        super().__init__()
        self.services = services
        self.acts = acts
        self.store = acts.store
        self.now = services.now
        self.table = SessionTable()
        self.sessions = SessionList(self.table, self.now, id="sessions")

    def compose(self) -> ComposeResult:
        yield EdgeLine(id="title")
        yield from self.compose_above()
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield ListHeader(self.sessions, self.LABELS)
                yield self.sessions
                yield Static(id="notice", markup=False)
            yield Preview(self.sessions, self.now, id="preview")
        with Horizontal(id="bottom"):
            yield KeyLine()
            yield EdgeLine(id="marks")

    def compose_above(self) -> Iterable[Widget]:
        """The widgets between the title and the list."""
        return ()

    # --- what is shown

    def show_title(self, left: Content | str, right: Content | str = "") -> None:
        self.query_one("#title", EdgeLine).show(left, right)

    def table_changed(self, notice: Content | None = None) -> None:
        """Show the current table, or a notice in its place."""
        self.sessions.update()
        page = self.query_one("#notice", Static)
        if notice is not None:
            page.update(notice)
        page.display = notice is not None
        for part in (self.sessions, self.query_one(ListHeader)):
            part.display = notice is None
        self.sessions.at_rest = notice is not None
        self.query_one(Preview).styles.display = None if notice is None else "none"
        self.show_marks()
        self._follow()
        table = self.table
        unknown = [row for row in table.present() if not table.opening_is_known(row)]
        if rows := list(filter(table.readable, unknown)):
            self._read_openings(rows)

    @work(thread=True, exclusive=True, group="openings", description="read openings")
    def _read_openings(self, rows: list[int]) -> None:
        from agcx_tui.core.sessions.openings import known_openings
        from agcx_tui.core.store.first_words import first_words, still_true

        worker, cache = get_current_worker(), self.services.cache
        catalog = None if cache is None else Catalog(catalogs(cache), self.store.path)
        known = known_openings(self.table, rows, catalog)
        found = list(known.items())
        for start in range(0, len(found), _PART):
            if start:
                # Keys that came meanwhile are obeyed first.
                time.sleep(_PAUSE)
            if worker.is_cancelled:
                return
            from_threads.post(self, self.Openings(found[start : start + _PART]))
        columns = self.table.columns
        others = (row for row in rows if row not in known)
        for words in first_words(columns, others, lambda: worker.is_cancelled):
            from_threads.post(self, self.Openings(still_true(columns, words)))

    @on(Openings)
    def _openings_known(self, message: Openings) -> None:
        self.table.set_openings(message.found)
        self.sessions.update()

    def failed(self, what: str, error: PersistenceError | str) -> None:
        text = f"{what}: {safe_line(str(error))}"
        self.notify(text, severity="error", timeout=10, markup=False)

    # --- keys and events

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < _PREVIEW_WIDTH, "-narrow")
        self.set_class(event.size.height >= _ROOMY_HEIGHT, "-roomy")

    @on(SessionList.Highlighted)
    def _cursor_moved(self) -> None:
        self._follow()
        self.cursor_moved()

    def cursor_moved(self) -> None:
        """Called when the cursor is on another session, or on none."""

    def _follow(self) -> None:
        preview = self.query_one(Preview)
        preview.follow(self.sessions.line, delay=_PREVIEW_DELAY, at_once=True)

    @on(SessionList.Opened)
    def _open(self, message: SessionList.Opened) -> None:
        self.open_conversation(message.row, fixed=self.FIXED)

    def action_leave(self) -> None:
        self.dismiss()
