"""The search of all conversations: a line, the results that arrive while one types, and the match itself.

Strategy: the screen composes parts and routes messages: what is asked and what comes (`LiveResults`), and
how one moves through it (`ResultWalk`).  A conversation opens above this screen, which stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Input, Static

from agcx_format.search import Index
from agcx_tui.app.dialogs.once import OnceScreen
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.search import card
from agcx_tui.app.screens.search.live_results import CloseWordsFound, LiveResults
from agcx_tui.app.screens.search.search_bar import SearchBar
from agcx_tui.app.screens.search.status_line import StatusLine
from agcx_tui.app.screens.search.walk import ResultWalk
from agcx_tui.app.services import Remember, Services
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.app.widgets.lines.recall_line import RecallInput
from agcx_tui.app.widgets.plain_ground import Stack
from agcx_tui.app.widgets.results.place_preview import PlacePreview
from agcx_tui.app.widgets.results.result_list import ResultList
from agcx_tui.app.widgets.split_panes import SplitPanes
from agcx_tui.core.local.giving_way import give_way
from agcx_tui.core.local.searches import LastSearches
from agcx_tui.core.search.completion import complete_search
from agcx_tui.core.search.hits_of_session import all_hits
from agcx_tui.core.search.line import parse_line
from agcx_tui.core.search.results import CloseWord, Missing, More
from agcx_tui.core.search.scope import SessionsToSearch
from agcx_tui.core.search.searcher import NEWEST, Searcher
from agcx_tui.core.words import format
from agcx_tui.core.words.help_pages import HelpSection

if TYPE_CHECKING:
    from agcx_tui.core.sessions.table import SessionTable
    from agcx_tui.core.store.act_queue import ActQueue

__all__ = ["SearchScreen"]

# Of helping processes: keys come first. With more, they would be of no help on a busy machine.
_NICENESS = 10


class SearchScreen(OnceScreen[None]):
    """Searches the sessions of `table`, and begins with `typed` in the line.

    `panes` are those whose arrangement is taken over.
    """

    BINDINGS = bindings("find")
    AUTO_FOCUS = "#search-input"
    DEFAULT_CSS = """
    SearchScreen {
        background: $background;
        & > #panes { height: 1fr; }
        #left { width: 1fr; height: 1fr; }
        #preview { height: 1fr; }
        #notice { display: none; width: 1fr; height: 1fr; padding: 1 3; color: $text-muted; }
        & > #status { background: $surface; color: $text-muted; }
    }
    """

    class Came(Message):
        """The searching thread has something."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, SearchScreen.Came)

    def __init__(
        self,
        services: Services,
        acts: ActQueue,
        table: SessionTable,
        panes: SplitPanes,
        is_listing: Callable[[], bool],
        typed: str = "",
    ) -> None:
        """`is_listing` says whether `table` still fills up; `typed` is searched for at once."""
        super().__init__()
        self.services = services
        self.table = table
        cache = services.index.directory
        # One is searched while one types, the other for single sessions at the same time.
        index, details = (Index(acts.store, cache, niceness=_NICENESS) for _ in range(2))
        self.rows = ResultList(services.now, self._directory, id="results")
        self.preview = PlacePreview(partial(all_hits, details, give_way=give_way), id="preview")
        scope = SessionsToSearch(table, acts.store.path, services.cache)
        searcher = Searcher(index, scope, self._came, give_way)
        self.live = LiveResults(self, searcher, details, self.rows, self._show_state, is_listing)
        self.walk = ResultWalk(self, services, acts, details, self.rows, self.preview)
        left = Stack(self.rows, Static(id="notice", markup=False), id="left")
        wish, shares = panes.chosen
        self.panes = SplitPanes(left, self.preview, wish=wish, shares=shares, id="panes")
        self.bar = SearchBar(
            partial(complete_search, table=table),
            self._focus_rows,
            self.action_leave,
            LastSearches(services.state),
            typed,
            id="search-bar",
        )

    def compose(self) -> ComposeResult:
        yield self.bar
        yield self.panes
        yield StatusLine(id="status")
        yield KeyLine()

    def on_mount(self) -> None:
        self._show_state()
        # Once the screen is visible.
        self.call_after_refresh(self.live.prepare)
        self._unfollow = self.services.index.changed.subscribe(lambda _: self._show_status())

    def on_screen_resume(self) -> None:
        self.walk.come_back()

    def on_unmount(self) -> None:
        self._unfollow()
        self.live.close()

    def _directory(self, path: str) -> str:
        row = self.table.row_of(path)
        return "" if row is None else self.table.project(row)

    def _came(self) -> None:
        self.post_message(self.Came())

    # --- what is typed

    @on(Input.Changed, "#search-input")
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        self.preview.rest()
        line = parse_line(message.value, self.services.now())
        self.live.ask(line)
        self.bar.show_errors(line, message.value)

    @on(Came)
    def _look(self) -> None:
        self.live.look()

    @on(CloseWordsFound)
    def _close_words(self, message: CloseWordsFound) -> None:
        self.live.offer(message)

    # --- what is shown

    def _show_state(self) -> None:
        """The page in place of the list, if there is one, and the line below it."""
        live = self.live
        notice = card.instead_of_results(live, has_earlier=bool(self.bar.input.earlier))
        page = self.query_one("#notice", Static)
        if notice is not None:
            page.update(notice)
        if page.display != (notice is not None):
            page.display = notice is not None
            self.rows.styles.height = 0 if notice is not None else "1fr"
            self.panes.show_first_only(notice is not None)
        self.bar.show_order("newest first" if live.order == NEWEST else "best first")
        self._show_status()
        if not live.running:
            # What could not be searched has a key now.
            self.refresh_bindings()

    def _show_status(self) -> None:
        self.query_one(StatusLine).tell(self.live, self.services.index)

    @on(ResultList.Highlighted)
    def _follow(self) -> None:
        self.walk.query = self.live.query
        self.walk.follow()
        self.live.open_what_came()

    @on(SplitPanes.Moved)
    def _panes_moved(self) -> None:
        self.preview.begin()

    @on(SplitPanes.Arranged)
    def _arranged(self, message: SplitPanes.Arranged) -> None:
        self.post_message(Remember(message.choices))

    help_section_first = True

    @property
    def help_section(self) -> HelpSection:
        """What `?` shows before the keys."""
        return card.query_card()

    # --- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "line" and self.focused is self.bar.input:
            return False
        return action != "unsearched" or self.rows.results.missing_at is not None

    @on(RecallInput.Entered)
    def _entered(self) -> None:
        self.live.enter()

    def on_key(self) -> None:
        # A key after Enter is about the list: nothing opens over it.
        self.live.opens_first = False

    @on(ResultList.Opened)
    def _open(self, message: ResultList.Opened) -> None:
        self.bar.keep()
        match message.row:
            case CloseWord(_, _, query):
                self.bar.put(query)
            case More(session):
                self.walk.expand(session)
            case Missing(unsearched):
                reason = format.short_reason(unsearched.error)
                self.notify(f"It cannot be searched: {reason}.", severity="warning", markup=False)
            case row:
                self.walk.open(row)

    def _focus_rows(self) -> None:
        self.bar.keep()
        self.set_focus(self.rows)

    def action_line(self) -> None:
        self.set_focus(self.bar.input)

    def action_match(self, direction: int) -> None:
        self.walk.go(direction)

    def action_order(self) -> None:
        self.live.turn()

    def action_unsearched(self) -> None:
        at = self.rows.results.missing_at
        if at is not None:
            self.set_focus(self.rows)
            self.rows.go_to(at)

    def action_preview(self) -> None:
        self.panes.next_place()

    def action_zoom(self) -> None:
        self.panes.toggle_alone()

    def action_back(self) -> None:
        if not self.panes.leave_alone():
            self.action_leave()

    def action_leave(self) -> None:
        # What is typed from now on is not meant for the line.
        self.set_focus(self.rows)
        self.bar.keep()
        self.dismiss()
