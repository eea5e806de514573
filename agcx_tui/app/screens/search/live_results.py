"""Connects the searching thread with the list of results, while one types.

Strategy: with each key the search that runs is stopped, and the next one begins once the key is to be seen:
the two would take turns.  A timer takes what was found a few times a second, in portions that no key waits
for.  The results of the line before stay until the first of the new ones come, so the list does not flicker.

While the sessions are still being listed a search is not over: what it found is shown, and all of them are
searched once they are known.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from agcx_format.search import Index, Query, SearchProgress, SessionHits
from agcx_tui.app import from_threads
from agcx_tui.app.widgets.results.result_list import ResultList
from agcx_tui.core.local.giving_way import give_way
from agcx_tui.core.search.close_spellings import close_spellings
from agcx_tui.core.search.line import SearchLine
from agcx_tui.core.search.results import CloseWord, Heading, Results
from agcx_tui.core.search.searcher import NEWEST, Arrived, Order, Searcher

__all__ = ["CloseWordsFound", "LiveResults"]

# Seconds between two looks at what a search has found.
_EVERY = 0.03
# Seconds that results of the line before are shown while nothing is found for the new one.
_STALE = 0.2
# Seconds without a key before words of close spelling are looked for.
_REST = 0.15


@dataclass
class CloseWordsFound(Message):
    """For search `number`, which found nothing, there are words of close spelling."""

    number: int
    words: list[CloseWord]


class LiveResults:
    """`line` is searched for, `progress` says how far that is; `error` why it ended early, if it did.

    `changed` is called when any of it changed.  With `opens_first`, Enter came before anything was found: the
    first row that comes is opened.
    """

    def __init__(
        self,
        screen: Screen[None],
        searcher: Searcher,
        index: Index,
        rows: ResultList,
        changed: Callable[[], None],
        is_listing: Callable[[], bool],
    ) -> None:
        self.line: SearchLine | None = None
        self.progress = SearchProgress()
        self.running = False
        self.opens_first = False
        self.error = ""
        self.order: Order = NEWEST
        # What the rows are results of.
        self.query = Query()
        self._screen = screen
        self._searcher = searcher
        self._index = index
        self._rows = rows
        self._changed = changed
        self._is_listing = is_listing
        self._number = 0
        # Whether sessions were still being listed when the search began.
        self._began_listing = False
        self._since = 0.0
        # The rows are those of the line before.
        self._stale = False
        self._results = Results()
        self._timer: Timer | None = None

    @property
    def rows_are_old(self) -> bool:
        return self._stale

    def prepare(self) -> None:
        """A line is about to be typed."""
        self._searcher.prepare()

    def ask(self, line: SearchLine) -> None:
        """Search for this line from now on."""
        if self.line is not None and not line.errors and line.wanted.text == self.line.wanted.text:
            return
        self._ask(line)

    def turn(self) -> None:
        """Give the results in the other order."""
        self.order = "best" if self.order == NEWEST else NEWEST
        if self.line is not None:
            self._ask(self.line)

    def look(self) -> None:
        """Take what was found."""
        arrived = self._searcher.take()
        if arrived.number != self._number or not self.running:
            return
        late = time.monotonic() - self._since > _STALE
        self.progress = arrived.progress
        if self._stale and (arrived.sessions or arrived.ended or late):
            self._renew(arrived.sessions)
        elif arrived.sessions:
            self._results.add(arrived.sessions)
            self._rows.grew()
        if arrived.error:
            self._finish(arrived)
        elif arrived.ended and not self._is_listing():
            if self._began_listing and self._searcher.is_behind():
                self._ask_again()
                return
            self._finish(arrived)
        self._changed()

    def offer(self, message: CloseWordsFound) -> None:
        """Show words of close spelling, if they are for the search that is shown."""
        if message.number == self._number:
            self._results.offer(message.words)
            self._rows.changed(from_top=True)
            self._changed()

    def enter(self) -> None:
        """Open the row under the cursor; the first that comes if none of what was typed last is there."""
        if self.running and (self._stale or self._rows.row is None):
            self.opens_first = True
        else:
            self._rows.action_open()

    def open_what_came(self) -> None:
        """Open the row under the cursor if Enter was pressed before it appeared."""
        if self.opens_first and not self._stale and isinstance(self._rows.row, Heading):
            self.opens_first = False
            self._rows.action_open()

    def close(self) -> None:
        """Stop searching; the index that was used for single sessions is closed as well."""
        self.line, self.running = None, False
        if self._timer is not None:
            self._timer.stop()
        self._searcher.close()
        self._index.close()

    def _ask(self, line: SearchLine) -> None:
        self.line, self.error, self.opens_first = line, "", False
        self._searcher.stop()
        if not line:
            self._number, self.running, self.progress = -1, False, SearchProgress()
            self._renew()
            self._changed()
            return
        self._stale = self.running = True
        self._changed()
        self._screen.call_after_refresh(self._begin, line)

    def _ask_again(self) -> None:
        """Search all sessions, now that they are listed."""
        if self.line is not None:
            opens_first = self.opens_first
            self._ask(self.line)
            self.opens_first = opens_first

    def _begin(self, line: SearchLine) -> None:
        """Search for a line, once it is visible, unless it was replaced meanwhile."""
        if line is not self.line:
            return
        self._began_listing = self._is_listing()
        self._number = self._searcher.ask(line, self.order)
        self._since = time.monotonic()
        if self._timer is None:
            self._timer = self._screen.set_interval(_EVERY, self.look)
        self._timer.resume()

    def _renew(self, sessions: Sequence[SessionHits] = ()) -> None:
        """Begin with the rows of these sessions alone.

        In one step: a list that is empty for a moment loses its scrollbar, and the screen is laid out twice.
        """
        self._stale = False
        self.query = Query() if self.line is None else self.line.wanted
        self._results = Results()
        self._results.add(sessions)
        self._rows.show(self._results)

    def _finish(self, arrived: Arrived) -> None:
        self.running, self.error = False, arrived.error
        if self._timer is not None:
            self._timer.pause()
        if not self.error:
            self._results.finish(arrived.progress)
        self._rows.grew()
        if not arrived.progress.sessions and not self.error:
            self._screen.set_timer(_REST, partial(self._look_for_close_words, self._number))

    def _look_for_close_words(self, number: int) -> None:
        if number == self._number and self.line is not None:
            look = partial(self._find_close_words, number, self.query)
            self._screen.run_worker(look, thread=True, exclusive=True, group="spelling")

    def _find_close_words(self, number: int, query: Query) -> None:
        """In a thread."""

        def stopped() -> bool:
            give_way()
            return number != self._searcher.number

        words = close_spellings(self._index, query, self._searcher.sessions(), stopped)
        if words:
            from_threads.post(self._screen, CloseWordsFound(number, words))
