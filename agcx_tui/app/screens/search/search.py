"""The search of all conversations: a line, the results that arrive while one types, and the match itself.

Strategy: the screen composes parts and routes messages: what is asked and what comes (`LiveResults`), and
how one moves through it (`ResultWalk`).  A conversation opens above this screen, which stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from agcx_format.search import Index, Query, SessionHits
from agcx_format.transcript import safe_line
from agcx_tui.app.dialogs.once import OnceScreen
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.search import card
from agcx_tui.app.screens.search.live_results import CloseWordsFound, LiveResults
from agcx_tui.app.screens.search.search_bar import SearchBar
from agcx_tui.app.screens.search.walk import ResultWalk
from agcx_tui.app.services import Remember, Services
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.app.widgets.results.place_preview import PlacePreview
from agcx_tui.app.widgets.results.result_list import ResultList
from agcx_tui.app.widgets.split_panes import SplitPanes
from agcx_tui.core.local.paths import search_index
from agcx_tui.core.local.searches import LastSearches
from agcx_tui.core.search.completion import complete_search
from agcx_tui.core.search.line import parse_line
from agcx_tui.core.search.results import CloseWord, Missing, More
from agcx_tui.core.search.searcher import NEWEST, Searcher
from agcx_tui.core.search.summary import summary
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from agcx_tui.core.sessions.table import SessionTable
    from agcx_tui.core.store.act_queue import ActQueue

__all__ = ["SearchScreen"]


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

    @dataclass
    class LinesFound(Message):
        """All lines of a session that is to be shown further."""

        session: SessionHits

    @dataclass
    class BesideRead(Message):
        """All matches of the session that is to be shown in place of the one that is."""

        session: SessionHits
        direction: int

    @dataclass
    class EarlierRead(Message):
        """The last searches."""

        lines: list[str]

    def __init__(
        self,
        services: Services,
        acts: ActQueue,
        table: SessionTable,
        panes: SplitPanes,
        typed: str = "",
    ) -> None:
        super().__init__()
        self.services = services
        self.table = table
        cache = None if services.cache is None else search_index(services.cache)
        # One that is searched as one types, one for single sessions at the same time.
        index, details = Index(acts.store, cache), Index(acts.store, cache)
        self._details = details
        self.rows = ResultList(services.now, self._directory, id="results")
        self.preview = PlacePreview(self._all_hits, id="preview")
        searcher = Searcher(index, table, self._came)
        self.live = LiveResults(self, searcher, details, self.rows, self._show_state)
        self.walk = ResultWalk(self.app, services, acts, details, self.rows, self.preview, self._go_beyond)
        left = Vertical(self.rows, Static(id="notice", markup=False), id="left")
        wish, shares = panes.chosen
        self.panes = SplitPanes(left, self.preview, wish=wish, shares=shares, id="panes")
        self.bar = SearchBar(
            partial(complete_search, table=table), self._focus_rows, self._back, id="search-bar"
        )
        self._typed_first = typed
        self._last = LastSearches(services.state)

    def compose(self) -> ComposeResult:
        yield self.bar
        yield self.panes
        yield EdgeLine(id="status")
        yield KeyLine()

    def on_mount(self) -> None:
        self._read_earlier()
        if self._typed_first:
            self.bar.input.value = self._typed_first
            self.bar.input.cursor_position = len(self._typed_first)
        self._show_state()

    def on_unmount(self) -> None:
        self.live.close()
        self._details.close()

    def _directory(self, path: str) -> str:
        row = self.table.row_of(path)
        return "" if row is None else self.table.directory(row)

    def _all_hits(self, query: Query, session: SessionHits) -> SessionHits:
        return self.walk.find_all(query, session)

    def _came(self) -> None:
        self.post_message(self.Came())

    # --- what is typed

    @on(Input.Changed, "#search-input")
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        line = parse_line(message.value, self.services.now())
        self.live.ask(line)
        self.bar.show_errors(line, message.value)

    @on(Came)
    def _look(self) -> None:
        self.live.look()

    @on(CloseWordsFound)
    def _close_words(self, message: CloseWordsFound) -> None:
        self.live.offer(message)

    @work(thread=True, group="earlier")
    def _read_earlier(self) -> None:
        self.post_message(self.EarlierRead(self._last.read()))

    @on(EarlierRead)
    def _earlier(self, message: EarlierRead) -> None:
        self.bar.input.earlier = message.lines
        self._show_state()

    def _keep_line(self) -> None:
        """Keep what was searched for, to be brought back."""
        if self.live.line:
            add = partial(self._last.add, self.bar.input.value)
            self.app.run_worker(add, thread=True, group="remember")

    # --- what is shown

    def _show_state(self) -> None:
        """The page in place of the list, if there is one, and the line below it."""
        live = self.live
        notice = self._notice()
        page = self.query_one("#notice", Static)
        if notice is not None:
            page.update(notice)
        if page.display != (notice is not None):
            page.display = notice is not None
            self.rows.styles.height = 0 if notice is not None else "1fr"
            self.panes.show_first_only(notice is not None)
        self.bar.show_order("newest first" if live.order == NEWEST else "best first")
        self.query_one("#status", EdgeLine).show(*self._status())
        if not live.running:
            # What could not be searched has a key now.
            self.refresh_bindings()

    def _notice(self) -> Content | None:
        live = self.live
        if live.line is None or not live.line:
            return card.welcome(bool(self.bar.input.earlier))
        return Content.styled(safe_line(live.error), "$error") if live.error else None

    def _status(self) -> tuple[Content | str, Content | str]:
        live = self.live
        if live.line is None or not live.line:
            return "", ""
        words = summary(live.progress)
        if live.running:
            words = words.replace("searched", "searching…", 1).replace(" · no hits", "")
        direct = live.progress.direct
        return words, f"{direct:,} without the index" if direct else ""

    @on(ResultList.Highlighted)
    def _follow(self) -> None:
        self.walk.query = self.live.query
        self.walk.follow()

    @on(SplitPanes.Moved)
    def _panes_moved(self) -> None:
        self.preview.begin()

    @on(SplitPanes.Arranged)
    def _arranged(self, message: SplitPanes.Arranged) -> None:
        self.post_message(Remember(message.choices))

    @property
    def help_text(self) -> Content:
        """What `?` shows below the keys."""
        return card.query_card()

    def _go_beyond(self, session: SessionHits, direction: int) -> None:
        """From the last match of an opened conversation on to the next one, or the other way round."""
        beside = self.rows.results.session_beside(session.path, direction)
        if beside is None:
            self._say_end(direction)
        else:
            self._read_beside(beside, direction)

    @work(thread=True, exclusive=True, group="beside")
    def _read_beside(self, session: SessionHits, direction: int) -> None:
        found = self.walk.find_all(self.walk.query, session)
        self.post_message(self.BesideRead(found, direction))

    @on(BesideRead)
    def _show_beside(self, message: BesideRead) -> None:
        if not self.is_active:
            self.walk.open_beside(message.session, message.direction)

    def _say_end(self, direction: int) -> None:
        which = "last" if direction > 0 else "first"
        self.notify(f"That was the {which} match of the search.", markup=False)

    # --- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "line" and self.focused is self.bar.input:
            return False
        return action != "unsearched" or self.rows.results.missing_at is not None

    @on(ResultList.Opened)
    def _open(self, message: ResultList.Opened) -> None:
        self._keep_line()
        match message.row:
            case CloseWord(_, _, query):
                self.bar.input.value = query
                self.bar.input.cursor_position = len(query)
            case More(session):
                self._find_lines(session)
            case Missing(unsearched):
                reason = format.short_reason(unsearched.error)
                self.notify(f"It cannot be searched: {reason}.", severity="warning", markup=False)
            case row:
                self.walk.open(row)

    @work(thread=True, exclusive=True, group="lines")
    def _find_lines(self, session: SessionHits) -> None:
        self.post_message(self.LinesFound(self.walk.find_all(self.walk.query, session)))

    @on(LinesFound)
    def _expand(self, message: LinesFound) -> None:
        if self.rows.results.expand(message.session):
            self.rows.changed()

    def _focus_rows(self) -> None:
        self._keep_line()
        self.set_focus(self.rows)

    def action_line(self) -> None:
        self.set_focus(self.bar.input)

    def action_match(self, direction: int) -> None:
        if not self.walk.step(direction):
            self._say_end(direction)

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
            self._back()

    def action_leave(self) -> None:
        self._back()

    def _back(self) -> None:
        # What is typed from now on is not meant for the line.
        self.set_focus(self.rows)
        self._keep_line()
        self.dismiss()
