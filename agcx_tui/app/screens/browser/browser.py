"""The main screen: the sessions of a store, a filter, and a preview of the one under the cursor.

Strategy: the screen has parts, and connects them.  The table holds the sessions; the feed keeps it up to
date (`StoreFeed`); the list, its header and the preview show it; `SplitPanes` places them; what keys do to
sessions is in `SessionActs`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Static

from agcx_format.transcript import safe_line
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.browser import heading, notices
from agcx_tui.app.screens.browser.filter_bar import FilterBar
from agcx_tui.app.screens.browser.offered import useless
from agcx_tui.app.screens.listing import ListingScreen
from agcx_tui.app.services import Remember, Services
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.lines.filter_line import FilterInput
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.app.widgets.list.header import ListHeader
from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.app.widgets.plain_ground import Stack
from agcx_tui.app.widgets.preview import Preview
from agcx_tui.app.widgets.split_panes import SplitPanes
from agcx_tui.core.local.reading_positions import ReadingPositions
from agcx_tui.core.sessions.columns import DEFAULT_COLUMNS, ColumnName
from agcx_tui.core.sessions.groups import Grouping
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.store.activity_feed import ActivityFeed
from agcx_tui.core.store.feed import StoreFeed
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from agcx_format.catalog import Catalog
    from agcx_format.errors import PersistenceError
    from agcx_tui.app.screens.browser.session_acts import SessionActs
    from agcx_tui.core.importing.background import SyncState
    from agcx_tui.core.words.help_pages import HelpSection

__all__ = ["Arranged", "BrowserScreen"]

# Seconds from a move of the cursor to the preview: longer than a key repeat takes.
_PREVIEW_DELAY = 0.07
_PREVIEW_DELAY_READING = 0.25
# Seconds that the first picture waits for rows: to draw an empty one would delay them.
_FIRST_ROWS = 0.1
# Seconds between two redraws of the ages.
_AGES_EVERY = 30
# In a smaller terminal, in cells, there is not enough room for it; a higher one has room for gaps.
_LEAST_WIDTH, _LEAST_HEIGHT = 40, 8
_ROOMY_HEIGHT = 30


class Arranged(msgspec.Struct, frozen=True, kw_only=True):
    """How the person arranged the list; None leaves the choice to the program.

    Fields:
        here: whether only the sessions of the directory it was started in are shown.
        preview: where it is, with the share of the screen that it has there.
    """

    columns: tuple[ColumnName, ...] = DEFAULT_COLUMNS
    favorites_first: bool = False
    group: Grouping = "none"
    here: bool = False
    sort: str | None = None
    descending: bool | None = None
    preview: str | None = None
    shares: Mapping[str, float | None] | None = None


_BY_DEFAULT = Arranged()


class BrowserScreen(ListingScreen[None]):
    """The sessions of the store at `store_path`; None if none was found in any of the places `looked`."""

    BINDINGS = bindings("browser")
    AUTO_FOCUS = "SessionList"
    DEFAULT_CSS = """
    BrowserScreen {
        layers: base above;

        &.-roomy > FilterBar { margin: 1 0; }
        #preview { height: 1fr; }
        & > #too-small {
            display: none; layer: above; width: 100%; height: 100%;
            content-align: center middle; text-align: center; background: $background;
        }
        &.-tiny > #too-small { display: block; }
    }
    """

    def __init__(
        self,
        services: Services,
        store_path: str | None,
        *,
        looked: Sequence[str] = (),
        catalog: Catalog | None = None,
        follow: bool = True,
        arranged: Arranged = _BY_DEFAULT,
    ) -> None:
        """The first page of `catalog` is read at once.  `follow`: go on looking at the store once it is
        listed."""
        super().__init__()
        self.services = services
        self.table = SessionTable()
        self.table.show_subagents(False)
        services.store.subagents_of = self.table.subagents_of
        self.feed = StoreFeed(
            self.table,
            services.store,
            self,
            store_path,
            looked=looked,
            catalog=catalog,
            follow=follow,
        )
        self._hidden: frozenset[str] = frozenset()
        self._activity = ActivityFeed(self.table, self, services.cache)
        self.sessions = SessionList(self.table, services.now, id="sessions")
        _arrange(self.sessions, arranged)
        self._filter = FilterBar(
            self.sessions,
            services.now,
            self.table_changed,
            here=arranged.here,
            opening=services.opening,
            id="filter-line",
        )
        positions = None if services.state is None else ReadingPositions(services.state)
        self._preview = Preview(self.sessions, services.now, positions, repairs=True, id="preview")
        self.panes = _panes(self.sessions, self._preview, arranged)

    def compose(self) -> ComposeResult:
        self._take_size(self.app.size)
        yield EdgeLine(id="title")
        yield self._filter
        yield self.panes
        with Horizontal(id="bottom"):
            yield KeyLine()
            yield EdgeLine(id="marks")
        yield Static(id="too-small", markup=False)

    async def on_mount(self) -> None:
        self.set_interval(_AGES_EVERY, self.sessions.forget_strips)
        self._take_size(self.app.size)
        self.services.sync.changed.subscribe(self._show_sync)
        self.action_rescan()
        await self.feed.begun(_FIRST_ROWS)

    async def on_unmount(self) -> None:
        await self.feed.close()

    def on_resize(self, event: events.Resize) -> None:
        self._take_size(event.size)

    def _take_size(self, size: Size) -> None:
        self.set_class(size.height >= _ROOMY_HEIGHT, "-roomy")
        tiny = size.width < _LEAST_WIDTH or size.height < _LEAST_HEIGHT
        self.set_class(tiny, "-tiny")
        if tiny and self.is_mounted:
            text = f"Too small ({size.width}×{size.height});\nneeds {_LEAST_WIDTH}×{_LEAST_HEIGHT}"
            self.query_one("#too-small", Static).update(Content(text))

    # --- what is shown

    def rows_added(self) -> None:
        self.sessions.update()

    def table_changed(self) -> None:
        if not self.app.is_running:
            # The widgets go first when the program ends.
            return
        self._activity.want(self.feed.path)
        self.sessions.update()
        self._show_state()
        self._preview.renew(delay=_PREVIEW_DELAY_READING)

    def store_replaced(self) -> None:
        # They were made in the other one.
        self.table.marks.clear()
        self.table_changed()
        path = safe_line(format.short_path(self.feed.path or ""))
        text = f"A different store is at {path} now and is listed instead; nothing is marked."
        self.notify(text, severity="warning", timeout=12, markup=False)

    @on(SessionList.Grouped)
    def _show_state(self) -> None:
        """Everything around the list, and in place of it if there is none."""
        state = self.feed.state
        title = heading.title_line(
            self.table, state, self.feed.path, self.sessions.grouping, self.services.sync.state
        )
        self.query_one("#title", EdgeLine).show(*title)
        unread = self._activity.left
        if self.feed.reads_openings:
            unread += len(self.table.rows_to_read())
        self._filter.show_status(unread)
        self._filter.note_answer(all_read=state.table_is_known and not unread)
        self.show_marks()
        notice = notices.instead_of_list(self.table, self.feed, self._filter.value, unread)
        page = self.query_one("#notice", Static)
        if notice is not None:
            page.update(notice)
        if page.display != (notice is not None):
            # Not by a class of the screen, which would restyle every widget.
            page.display = notice is not None
            self.query_one(ListHeader).display = notice is None
            # The list keeps the focus, and its keys, while there is nothing in it.
            self.sessions.styles.height = 0 if notice is not None else "1fr"
            self.panes.show_first_only(notice is not None)
            self.refresh_bindings()
        hidden = useless(self.table, state, self.feed.path)
        if self._hidden != hidden:
            self._hidden = hidden
            self.sessions.at_rest = "delete" in hidden
            self.refresh_bindings()

    def _show_sync(self, _: SyncState) -> None:
        if self.app.is_running:
            self._show_state()

    @on(SessionList.Highlighted)
    @on(SplitPanes.Moved)
    def _follow_cursor(self) -> None:
        # While rows pour in the cursor is on another session with every batch, and a preview of each
        # would hold up the rows.
        reading = self.feed.state.reading
        delay = _PREVIEW_DELAY_READING if reading else _PREVIEW_DELAY
        self._preview.follow(self.sessions.line, delay=delay, at_once=not reading)

    @on(SplitPanes.Arranged)
    def _arranged(self, message: SplitPanes.Arranged) -> None:
        self.post_message(Remember(message.choices))

    @on(SessionList.Opened)
    def _open(self, message: SessionList.Opened) -> None:
        self.open_conversation(message.row, self.services.store.acts)

    def action_preview(self) -> None:
        self.panes.next_place()

    def action_zoom(self) -> None:
        self.panes.toggle_alone()

    def action_rescan(self) -> None:
        self.feed.read()
        self._show_state()

    # --- filter and order

    @property
    def help_section(self) -> HelpSection:
        """What `?` shows below the keys."""
        return notices.filter_help()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The key that goes to the filter is not offered there, nor any without what it is for."""
        if action == "filter" and self.focused is self._filter.input:
            return False
        name = parameters[0] if action in ("act", "show") else action
        return name not in self._hidden

    def action_filter(self) -> None:
        self.set_focus(self._filter.input)

    def reveal(self, row: int) -> None:
        """Put the cursor on a session; a filter that hides it is cleared."""
        if not self.sessions.go_to(row):
            self._filter.clear_at_once()
            if not self.sessions.go_to(row) and self.table.subagents.hidden:
                self.action_subagents()
                self.sessions.go_to(row)

    def show_only(self, label: str, paths: Sequence[str]) -> None:
        """Show these sessions and no others; `label` is what they are."""
        self.table.listed = frozenset(paths)
        self._filter.show_listed(label)
        if any(self.table.row_of(path) is None for path in paths):
            # What came a moment ago is not in the list yet.
            self.action_rescan()

    def action_clear(self) -> None:
        if self.focused is not self.sessions:
            self.set_focus(self.sessions)
        elif self.panes.leave_alone():
            pass
        elif self._filter.value:
            self._filter.clear()
        elif self.table.marks:
            self.table.marks.clear()
            self.sessions.refresh()
            self.show_marks()

    def sort_by(self, key: str, descending: bool | None = None) -> None:
        super().sort_by(key, descending)
        # Dates of the filter are those that the list shows.
        self._show_state()
        self.post_message(Remember({"sort": key, "descending": self.table.descending}))

    def damage_found(self, path: str, damage: PersistenceError) -> None:
        self.feed.found_damage(path, damage)

    def action_here(self) -> None:
        """Show only the sessions of the directory that the program was started in, or all again."""
        self._filter.toggle_here()

    def action_subagents(self) -> None:
        """Show the sessions of subagents beside those that they belong to, or hide them."""
        if not self.table.subagents.there:
            return self.notify("There are no subagents here.", markup=False)
        self.table.show_subagents(not self.table.subagents.shown)
        self.sessions.update()
        self._show_state()

    # --- what is done to sessions

    @cached_property
    def _acts(self) -> SessionActs:
        """Imported with the first act."""
        from agcx_tui.app.screens.browser.session_acts import SessionActs

        return SessionActs(self.app, self.services, self.feed, self.sessions, self.chosen)

    @work
    async def action_act(self, name: str) -> None:
        """Do what `SessionActs` has under this name."""
        await self._acts.perform(name)

    @on(FilterInput.SearchInside)
    @work
    async def action_search(self) -> None:
        """Search inside all conversations: what is typed next, or what the filter finds nowhere."""
        from agcx_tui.app.screens.search.search import SearchScreen

        acts = await self.services.opened_for_screen()
        if not self.is_active:
            return
        typed = "" if self.table.order else self._filter.value
        search = SearchScreen(
            self.services, acts, self.table, self.panes, lambda: self.feed.is_looking, typed
        )
        await self.app.push_screen_wait(search)

    @work
    async def action_show(self, name: str) -> None:
        """Show a screen beside this one once the store is open, unless something else was opened."""
        from agcx_tui.app.screens.browser.beside import beside

        acts = await self.services.opened_for_screen()
        if not self.is_active:
            return
        wanted = await self.app.push_screen_wait(beside(name, self.services, acts))
        # Where they are all that there is, nothing need be left out.
        if wanted is not None and self.table.paths() - set(wanted.paths):
            self.show_only(wanted.label, wanted.paths)


def _arrange(sessions: SessionList, arranged: Arranged) -> None:
    table = sessions.table
    if arranged.sort is not None or arranged.descending is not None:
        table.sort_by(arranged.sort or table.sort_key, arranged.descending)
    table.favorites_first = arranged.favorites_first
    sessions.choose_columns(arranged.columns)
    if arranged.group != "none":
        sessions.group_by(arranged.group)


def _panes(sessions: SessionList, preview: Preview, arranged: Arranged) -> SplitPanes:
    """The list, with what is shown in its place while it is empty, and the preview."""
    notice = Static(id="notice", markup=False)
    left = Stack(ListHeader(sessions), sessions, notice, id="left")
    return SplitPanes(left, preview, wish=arranged.preview, shares=arranged.shares, id="panes")
