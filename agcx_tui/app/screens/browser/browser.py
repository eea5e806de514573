"""The main screen: the sessions of a store, a filter, and a preview of the one under the cursor.

Strategy: the screen owns the table and the widgets show it.  Whatever may wait is done by a thread
(`store_work`) that posts a message; its handler here, on the main thread, changes the table and tells
the widgets.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Region
from textual.widgets import Input, Static

from agcx_format.transcript import safe_line
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.browser import notices
from agcx_tui.app.screens.browser.keeping import KeepingScreen
from agcx_tui.app.screens.browser.reading import ReadingScreen
from agcx_tui.app.widgets.divider import Divider
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.lines.filter_line import FilterInput
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.app.widgets.list.header import ListHeader
from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.app.widgets.preview import Preview
from agcx_tui.core.sessions import query as filtering
from agcx_tui.core.sessions.completion import complete
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from agcx_format.catalog import Catalog

# Seconds from a move of the cursor to the preview: longer than a key repeat takes.
_PREVIEW_DELAY = 0.07
_PREVIEW_DELAY_SCANNING = 0.25

# What is of no use, or would do harm, while there is no store.
_NEEDS_STORE = frozenset(
    ("export", "delete", "favorite", "undo", "copy_id", "copy_path", "rename", "tags", "storage",
     "prune", "trash", "log")
)  # fmt: skip


class BrowserScreen(KeepingScreen, ReadingScreen):
    """`store_path` None: no store was found in any of the places `looked`."""

    BINDINGS = bindings("browser")
    AUTO_FOCUS = "SessionList"
    DEFAULT_CSS = """
    BrowserScreen {
        layers: base above;

        & > #filter-line { height: 1; background: $background; }
        &.-roomy > #filter-line { margin: 1 0; }
        #filter-sign { width: 3; padding: 0 1; color: $text-muted; }
        #filter-line:focus-within #filter-sign { color: $primary; text-style: bold; }
        #filter-status { width: 45%; color: $text-muted; }
        #filter-status.-wrong { width: 62%; }
    }
    """

    def __init__(
        self,
        store_path: str | None,
        *,
        looked: list[str],
        now: Callable[[], int],
        catalog: Catalog | None = None,
        follow: bool = True,
    ) -> None:
        """`now` gives microseconds since 1970; the first page of `catalog` is read at once.

        `follow`: go on looking at the store once it is listed.
        """
        super().__init__()
        self._store_path = store_path
        self._looked = looked
        self.now = now
        self.table = SessionTable()
        self.follow = follow
        self.use_catalog(catalog)

    def compose(self) -> ComposeResult:
        self.take_shape(self.app.size)
        sessions = SessionList(self.table, self.now, id="sessions")
        yield EdgeLine(id="title")
        with Horizontal(id="filter-line"):
            yield Static("/", id="filter-sign")
            yield FilterInput(partial(complete, table=self.table), self._leave_filter, id="filter")
            yield EdgeLine(id="filter-status")
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield ListHeader(sessions)
                yield sessions
                yield Static(id="notice", markup=False)
            yield Divider()
            yield Preview(self.table, id="preview")
        with Horizontal(id="bottom"):
            yield KeyLine()
            yield EdgeLine(id="marks")
        yield Static(id="too-small", markup=False)

    @property
    def preview_region(self) -> Region:
        """Where the preview is on the screen; nowhere while it is hidden."""
        return self._preview.region if self._preview.display else Region()

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
        self.read_store()
        self._show_state()

    def store_replaced(self) -> None:
        # They were made in the other one.
        self.table.marks.clear()
        self.table_changed()
        path = safe_line(format.short_path(self._store_path or ""))
        text = (
            f"Another store lies at {path} by now, and is listed instead. Nothing is marked in it."
        )
        self.notify(text, severity="warning", timeout=12, markup=False)

    # --- what is shown

    def table_changed(self) -> None:
        self.sessions.update()
        self._show_state()
        self._preview.renew(delay=_PREVIEW_DELAY_SCANNING)

    def _show_state(self) -> None:
        """Everything around the list, and instead of it where there is none."""
        self._show_title()
        self._show_filter_status()
        self.show_marks()
        notice = self._notice()
        page = self.query_one("#notice", Static)
        if notice is not None:
            page.update(notice)
        if page.display != (notice is not None):
            # Not by a class of the screen, which would have every widget styled anew.
            page.display = notice is not None
            self.query_one(ListHeader).display = notice is None
            for part in (self._preview, self.query_one(Divider)):
                part.styles.display = "none" if notice is not None else None
            # The list keeps the focus, and its keys, while there is nothing in it.
            self.sessions.styles.height = 0 if notice is not None else "1fr"
            # It has the place of the preview, too, when that was alone.
            self.query_one("#left").styles.width = "1fr" if notice is not None else None
        if self.sessions.at_rest != self.vanished:
            self.sessions.at_rest = self.vanished
            self.refresh_bindings()

    def _notice(self) -> Content | None:
        if self.vanished:
            return notices.vanished(self._store_path or "")
        if self.table.order:
            return None
        if self._scan_error is not None:
            return notices.unreadable(self._scan_error)
        if len(self.table):
            return notices.no_match(self._filter.value, len(self.table))
        if self.scanning:
            return notices.loading() if self._patience_ended else None
        path = self._store_path
        return notices.empty(path, self._looked, missing=bool(path) and not os.path.isdir(path))

    def _show_title(self) -> None:
        totals = self.table.totals
        parts = [format.counted(totals.sessions, "session"), format.size(totals.size)]
        right = Content(" · ".join(parts))
        if totals.broken:
            right += Content.assemble(" · ", (f"{totals.broken:,} unreadable", "$error"))
        if self.scanning and not self.table_is_known:
            of = f" of {self._counted:,}" if self._counted else ""
            right = Content(f"reading… {totals.sessions:,}{of}")
        if self.vanished or self._scan_error is not None:
            right = Content.styled("gone" if self.vanished else "cannot be read", "$error")
        path = safe_line(format.short_path(self._store_path)) if self._store_path else "no store"
        left = Content.assemble(("agcx", "bold $primary"), "  ", path)
        self.query_one("#title", EdgeLine).show(left, right if self._store_path else "")

    def _show_filter_status(self) -> None:
        status = self.query_one("#filter-status", EdgeLine)
        query = self.table.query
        errors = list(self._filter_errors)
        if query.unknown and not self.table.order and not self.scanning:
            missing = ", ".join(dict.fromkeys(query.unknown))
            errors.insert(0, f"no key {missing}; there are {', '.join(filtering.KEYS)}")
        status.set_class(bool(errors), "-wrong")
        if errors:
            status.show(right=Content.styled(safe_line(" · ".join(errors)), "$error"))
        elif query:
            listed = any(term.value == "listed" and not term.negated for term in query.terms)
            status.show(
                left=self._listed_as if listed else "",
                right=f"{len(self.table.order):,} of {len(self.table):,}",
            )
        else:
            status.show()

    @on(SessionList.Highlighted)
    def _cursor_moved(self, message: SessionList.Highlighted) -> None:
        self.follow_cursor()

    def follow_cursor(self) -> None:
        # While rows pour in the cursor is on another session with every batch, and a preview of each
        # would hold up the rows.
        delay = _PREVIEW_DELAY_SCANNING if self.scanning else _PREVIEW_DELAY
        self._preview.follow(self.sessions.cursor, delay=delay)

    # --- filter and order

    @property
    def _filter(self) -> FilterInput:
        return self.query_one(FilterInput)

    _filter_errors: tuple[str, ...] = ()
    # What the sessions are that `is:listed` shows.
    _listed_as = ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The key that goes to the filter is not offered there, nor any without what it is for."""
        if self.vanished and action in _NEEDS_STORE:
            return False
        return not (action == "filter" and self.focused is self._filter)

    def action_filter(self) -> None:
        self.set_focus(self._filter)

    @on(Input.Changed, "#filter")
    def _filter_typed(self, message: Input.Changed) -> None:
        self._apply_filter(message.value)

    def _apply_filter(self, typed: str) -> None:
        query = filtering.parse(typed, self.now())
        self._filter_errors = query.errors
        self.table.filter_by(query)
        self.table_changed()

    @on(FilterInput.Offered)
    def _completed(self, message: FilterInput.Offered) -> None:
        """Show what else Tab may bring, the next one first."""
        after = message.chosen + 1
        others = [*message.candidates[after:], *message.candidates[: message.chosen]]
        words = "tab: " + "  ".join(others) if others else ""
        if not message.candidates:
            words = "tab: nothing completes this"
        if words:
            self.query_one("#filter-status", EdgeLine).show(left=words)

    def _leave_filter(self) -> None:
        self.set_focus(self.sessions)

    def reveal(self, row: int) -> None:
        """Put the cursor on a session; a filter that hides it is cleared."""
        if not self.sessions.go_to(row):
            self._filter.value = ""
            self._apply_filter("")
            self.sessions.go_to(row)

    def show_only(self, label: str, paths: Sequence[str]) -> None:
        self.table.listed = frozenset(paths)
        self._listed_as = label
        self._filter.value = ""
        self._filter.value = "is:listed"
        if any(self.table.row_of(path) is None for path in paths):
            # What came a moment ago is not in the list yet.
            self.action_rescan()

    def action_clear(self) -> None:
        if self.focused is not self.sessions:
            self.set_focus(self.sessions)
        elif self.leave_zoom():
            pass
        elif self._filter.value:
            self._filter.value = ""
        elif self.table.marks:
            self.table.marks.clear()
            self.sessions.refresh()
            self.show_marks()

    def sort_by(self, key: str, descending: bool | None = None) -> None:
        super().sort_by(key, descending)
        # Dates of the filter are those that the list shows.
        self._show_state()
        self.post_message(self.Arranged(sort=key, descending=self.table.descending))
