"""The main screen: the sessions of a store, a filter, and a preview of the one under the cursor.

Strategy: the screen owns the table and the widgets show it.  Whatever may wait is done by a thread
(`store_work`) that posts a message; its handler here, on the main thread, changes the table and tells
the widgets.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widgets import Footer, Input, Static
from textual.worker import get_current_worker

from agcx_format.errors import PersistenceError
from agcx_format.store import ScanEntry, Store
from agcx_tui import filtering, store_work, wording
from agcx_tui.safe_text import safe_line
from agcx_tui.screens import notices
from agcx_tui.screens.acting import ActingScreen
from agcx_tui.session_table import SORTS, SessionTable
from agcx_tui.widgets.edge_line import EdgeLine
from agcx_tui.widgets.filter_line import FilterInput
from agcx_tui.widgets.list_header import ListHeader
from agcx_tui.widgets.preview import Preview
from agcx_tui.widgets.session_list import SessionList

# Below these, in cells, there is not enough room for it.
_LEAST_WIDTH, _LEAST_HEIGHT = 40, 8
_PREVIEW_RIGHT_WIDTH = 100
_PREVIEW_BELOW_HEIGHT = 22
_ROOMY_HEIGHT = 30

# Seconds from a move of the cursor to the preview: longer than a key repeat takes.
_PREVIEW_DELAY = 0.07
_PREVIEW_DELAY_SCANNING = 0.25
# Seconds after which an empty list says that it is being read.
_PATIENCE = 0.3

_PLACES = ("right", "below", "hidden")


class BrowserScreen(ActingScreen):
    """`store_path` None: no store was found in any of the places `looked`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/", id="browser.filter"),
        Binding("e", "export", "export", id="browser.export"),
        Binding("d,delete", "delete", "delete", key_display="d", id="browser.delete"),
        Binding("asterisk", "favorite", "favourite, or no more", show=False, id="browser.favorite"),
        Binding("u", "undo", "undo", show=False, id="browser.undo"),
        Binding("s", "sort", "sort", id="browser.sort"),
        Binding("S", "reverse", "reverse the order", show=False, id="browser.reverse"),
        Binding("p", "preview", "preview right, below, hidden", show=False, id="browser.preview"),
        Binding("y", "copy_id", "copy the id", show=False, id="browser.copy-id"),
        Binding("Y", "copy_path", "copy the path", show=False, id="browser.copy-path"),
        Binding("tab", "app.focus_next", "to the next pane", show=False, id="browser.next"),
        Binding(
            "shift+tab",
            "app.focus_previous",
            "to the pane before",
            show=False,
            id="browser.previous",
        ),
        Binding("f5", "rescan", "read the store again", show=False, id="browser.rescan"),
        Binding("escape", "clear", "clear filter, then marks", show=False, id="browser.clear"),
    ]
    AUTO_FOCUS = "SessionList"
    DEFAULT_CSS = """
    BrowserScreen {
        background: $background;
        layers: base above;

        & > #title { background: $surface; color: $text-muted; }

        & > #filter-line { height: 1; background: $background; }
        &.-roomy > #filter-line { margin: 1 0; }
        #filter-sign { width: 3; padding: 0 1; color: $text-muted; }
        #filter-line:focus-within #filter-sign { color: $primary; text-style: bold; }
        #filter-status { width: 45%; color: $text-muted; }

        & > #panes { height: 1fr; }
        #left { width: 1fr; height: 1fr; }
        #preview { width: 46%; min-width: 40; height: 1fr; border-left: vkey $border-blurred; }

        &.-preview-below #panes { layout: vertical; }
        &.-preview-below #left { height: 11fr; }
        &.-preview-below #preview {
            width: 1fr; height: 9fr; border-left: none; border-top: hkey $border-blurred;
        }
        &.-preview-hidden #preview { display: none; }

        #notice { display: none; width: 1fr; height: 1fr; padding: 2 4; color: $text-muted; }

        & > #bottom { height: 1; background: $footer-background; }
        #bottom Footer { dock: none; width: 1fr; }
        #marks { width: auto; background: $footer-background; }

        & > #too-small {
            display: none; layer: above; width: 100%; height: 100%;
            content-align: center middle; text-align: center; background: $background;
        }
        &.-tiny > #too-small { display: block; }
    }
    """

    class Scanned(Message):
        """Some more sessions; `store` is open."""

        def __init__(self, store: Store, entries: list[ScanEntry]) -> None:
            super().__init__()
            self.store = store
            self.entries = entries

    class ScanEnded(Message):
        """All sessions were posted, or `error` says why there are no more."""

        def __init__(self, error: PersistenceError | None = None) -> None:
            super().__init__()
            self.error = error

    def __init__(
        self, store_path: str | None, *, looked: list[str], now: Callable[[], int]
    ) -> None:
        """`now` gives microseconds since 1970."""
        super().__init__()
        self._store_path = store_path
        self._looked = looked
        self.now = now
        self.scanning = False
        self._scan_error: PersistenceError | None = None
        self._patience_ended = False
        # What was known before the scan began and has not been met by it.
        self._unseen: set[str] = set()
        # None: wherever there is room.
        self._preview_wish: str | None = None
        self._shape: set[str] = set()
        self.table = SessionTable()

    def compose(self) -> ComposeResult:
        self._take_shape(self.app.size)
        sessions = SessionList(self.table, self.now, id="sessions")
        yield EdgeLine(id="title")
        with Horizontal(id="filter-line"):
            yield Static("/", id="filter-sign")
            yield FilterInput(id="filter")
            yield EdgeLine(id="filter-status")
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield ListHeader(sessions)
                yield sessions
                yield Static(id="notice", markup=False)
            yield Preview(self.table, id="preview")
        with Horizontal(id="bottom"):
            yield Footer(show_command_palette=False)
            yield EdgeLine(id="marks")
        yield Static(id="too-small", markup=False)

    @property
    def help_text(self) -> Content:
        """What `?` shows below the keys."""
        return notices.filter_help()

    def on_mount(self) -> None:
        self.sessions = self.query_one(SessionList)
        self._preview = self.query_one(Preview)
        self.set_interval(30, self.sessions.forget_strips)
        self.action_rescan()

    # --- reading the store

    def action_rescan(self) -> None:
        if self._store_path is None:
            self._store_path = next(filter(os.path.isdir, self._looked), None)
        if self._store_path is None:
            self._show_state()
            return
        self.scanning = True
        self._scan_error = None
        self._unseen = self.table.paths()
        self._patience_ended = False
        self.set_timer(_PATIENCE, self._say_that_it_takes_time)
        self._scan(self._store_path)
        self._show_state()

    def _say_that_it_takes_time(self) -> None:
        self._patience_ended = True
        if self.scanning:
            self._show_state()

    @work(thread=True, exclusive=True, group="scan")
    def _scan(self, path: str) -> None:
        worker = get_current_worker()
        error = None
        try:
            # Plain reads: on a busy machine, mapping ten thousand files took fifteen times as long.
            store = self.store or Store(path, use_mmap=False)
            self.post_message(self.Scanned(store, []))
            for batch in store_work.batches(store.scan()):
                if worker.is_cancelled or not self.post_message(self.Scanned(store, batch)):
                    return
        except PersistenceError as problem:
            error = problem
        self.post_message(self.ScanEnded(error))

    def on_browser_screen_scanned(self, message: Scanned) -> None:
        self.store = message.store
        self._unseen.difference_update(entry.path for entry in message.entries)
        self.table.put(message.entries)
        if message.entries:
            self.table_changed()

    def on_browser_screen_scan_ended(self, message: ScanEnded) -> None:
        self.scanning = False
        self._scan_error = message.error
        if message.error is None:
            gone = map(self.table.row_of, self._unseen)
            self.table.remove(row for row in gone if row is not None)
        self.table_changed()

    # --- what is shown

    def table_changed(self) -> None:
        self.sessions.update()
        self._show_state()

    def _show_state(self) -> None:
        """Everything around the list, and instead of it where there is none."""
        self._show_title()
        self._show_filter_status()
        self._show_marks()
        notice = self._notice()
        page = self.query_one("#notice", Static)
        if notice is not None:
            page.update(notice)
        if page.display != (notice is not None):
            # Not by a class of the screen, which would have every widget styled anew.
            page.display = notice is not None
            self.query_one(ListHeader).display = notice is None
            self._preview.styles.display = "none" if notice is not None else None
            # The list keeps the focus, and its keys, while there is nothing in it.
            self.sessions.styles.height = 0 if notice is not None else "1fr"

    def _notice(self) -> Content | None:
        if self.table.order:
            return None
        if self._scan_error is not None:
            return notices.unreadable(self._scan_error)
        if len(self.table):
            return notices.no_match(self._filter.value, len(self.table))
        if self.scanning:
            return notices.loading() if self._patience_ended else None
        return notices.empty(self._store_path, self._looked)

    def _show_title(self) -> None:
        totals = self.table.totals
        parts = [wording.counted(totals.sessions, "session"), wording.size(totals.size)]
        right = Content(" · ".join(parts))
        if totals.broken:
            right += Content.assemble(" · ", (f"{totals.broken:,} unreadable", "$error"))
        if self.scanning:
            right = Content(f"reading… {totals.sessions:,}")
        path = safe_line(wording.short_path(self._store_path)) if self._store_path else "no store"
        left = Content.assemble(("agcx", "bold $primary"), "  ", path)
        self.query_one("#title", EdgeLine).show(left, right if self._store_path else "")

    def _show_filter_status(self) -> None:
        status = self.query_one("#filter-status", EdgeLine)
        query = self.table.query
        if self._filter_errors:
            status.show(right=Content.styled(safe_line(self._filter_errors[0]), "$error"))
        elif query:
            status.show(right=f"{len(self.table.order):,} of {len(self.table):,}")
        else:
            status.show()

    def _show_marks(self) -> None:
        marks = self.table.marks
        text = ""
        if marks:
            totals = self.table.totals_of(marks)
            text = f"{len(marks):,} marked, {wording.size(totals.size)}"
        self.query_one("#marks", EdgeLine).show(right=Content.styled(text, "bold $primary"))

    def on_resize(self, event: events.Resize) -> None:
        self._take_shape(event.size)

    def _take_shape(self, size: Size) -> None:
        """Put the parts where there is room for them in a terminal of `size`."""
        tiny = size.width < _LEAST_WIDTH or size.height < _LEAST_HEIGHT
        wanted = {f"-preview-{self._preview_place(size)}"}
        wanted |= {"-tiny"} if tiny else set()
        wanted |= {"-roomy"} if size.height >= _ROOMY_HEIGHT else set()
        if wanted == self._shape:
            return
        # Every change of a class has all widgets styled anew: one change, and none before there are any.
        self.remove_class(*(self._shape - wanted), update=False)
        self._shape = wanted
        self.add_class(*wanted, update=False)
        if not self.is_mounted:
            return
        self.update_node_styles()
        if tiny:
            text = f"{size.width}×{size.height} is too small:\n{_LEAST_WIDTH}×{_LEAST_HEIGHT} is enough"
            self.query_one("#too-small", Static).update(Content(text))
        self._follow()

    def _preview_place(self, size: Size) -> str:
        if self._preview_wish is not None:
            return self._preview_wish
        if size.width >= _PREVIEW_RIGHT_WIDTH:
            return "right"
        return "below" if size.height >= _PREVIEW_BELOW_HEIGHT else "hidden"

    def action_preview(self) -> None:
        here = _PLACES.index(self._preview_place(self.size))
        self._preview_wish = _PLACES[(here + 1) % len(_PLACES)]
        self._take_shape(self.size)

    @on(SessionList.LaidOut)
    def _columns_moved(self) -> None:
        self.query_one(ListHeader).refresh()

    @on(SessionList.Highlighted)
    def _cursor_moved(self, message: SessionList.Highlighted) -> None:
        self._follow()

    def _follow(self) -> None:
        # While rows pour in the cursor is on another session with every batch, and a preview of each
        # would hold up the rows.
        delay = _PREVIEW_DELAY_SCANNING if self.scanning else _PREVIEW_DELAY
        self._preview.follow(self.sessions.cursor, delay=delay)

    @on(SessionList.MarksChanged)
    def _marks_changed(self) -> None:
        self._show_marks()

    # --- filter and order

    @property
    def _filter(self) -> FilterInput:
        return self.query_one(FilterInput)

    _filter_errors: tuple[str, ...] = ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The key that goes to the filter is not offered there."""
        return not (action == "filter" and self.focused is self._filter)

    def action_filter(self) -> None:
        self.set_focus(self._filter)

    @on(Input.Changed, "#filter")
    def _filter_typed(self, message: Input.Changed) -> None:
        query = filtering.parse(message.value, self.now())
        self._filter_errors = query.errors
        self.table.filter_by(query)
        self.table_changed()

    @on(FilterInput.Left)
    def _filter_left(self) -> None:
        self.set_focus(self.sessions)

    def action_clear(self) -> None:
        if self.focused is not self.sessions:
            self.set_focus(self.sessions)
        elif self._filter.value:
            self._filter.value = ""
        elif self.table.marks:
            self.table.marks.clear()
            self.sessions.refresh()
            self._show_marks()

    @on(ListHeader.SortRequested)
    def _header_clicked(self, message: ListHeader.SortRequested) -> None:
        if message.key == self.table.sort_key:
            self.action_reverse()
        else:
            self._sort_by(message.key)

    def action_sort(self) -> None:
        self._sort_by(SORTS[(SORTS.index(self.table.sort_key) + 1) % len(SORTS)])

    def action_reverse(self) -> None:
        self._sort_by(self.table.sort_key, not self.table.descending)

    def _sort_by(self, key: str, descending: bool | None = None) -> None:
        self.table.sort_by(key, descending)
        self.query_one(ListHeader).refresh()
        self.table_changed()
