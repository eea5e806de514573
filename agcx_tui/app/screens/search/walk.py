"""Moves through the results: the preview follows the cursor, `n` and `N` go from match to match, Enter opens.

Strategy: the list shows a few lines of each session, the preview knows all its matches.  So `n` walks
through the preview, and the cursor of the list follows as well as it can; where a session ends, the next
one of the list begins.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Literal

from agcx_format.search import Index, Query, SessionHits, Unsearched
from agcx_tui.app.widgets.results.place_preview import PlacePreview
from agcx_tui.app.widgets.results.result_list import ResultList
from agcx_tui.core.search.hits_of_session import FoundAt, FoundPlace, all_hits, places_of
from agcx_tui.core.search.results import FoundLine, Heading, Missing, More, Results, Row
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.worker import Worker

    from agcx_tui.app.screens.conversation.conversation import ConversationScreen
    from agcx_tui.app.services import Services
    from agcx_tui.core.store.act_queue import ActQueue

__all__ = ["ResultWalk"]

# For a session that fits without a match, such as one without an excluded word.
_BEGINNING = FoundPlace(None, 0, 0)


class ResultWalk:
    """`query` is what the results are of."""

    def __init__(
        self,
        screen: Screen[None],
        services: Services,
        acts: ActQueue,
        index: Index,
        rows: ResultList,
        preview: PlacePreview,
    ) -> None:
        self.query = Query()
        self._screen = screen
        self._services = services
        self._acts = acts
        self._index = index
        self._rows = rows
        self._preview = preview
        # Where the cursor was put, while the preview already shows what belongs there.
        self._put_at: int | None = None
        # The conversation that was opened last, and the session it is of.
        self._opened: tuple[ConversationScreen, SessionHits] | None = None
        # How many matches beyond those of that session the next conversation is to open at; negative before.
        self._ahead = 0
        self._opens: Worker[None] | None = None

    # --- the preview

    def follow(self) -> None:
        """Show in the preview what is under the cursor."""
        put_at, self._put_at = self._put_at, None
        if put_at == self._rows.cursor:
            return
        row, shown = self._rows.row, self._preview.place
        session = self._preview.session
        match row:
            case FoundLine(of, hits):
                here = session is not None and session.path == of.path and shown is not None
                if here and any((hit.message, hit.start) == _key(shown) for hit in hits):
                    return
                place = places_of(hits[:1])[0]
                self._preview.follow(FoundAt(of, self.query, place))
            case Heading(of):
                # The heading shows what is in the title.
                said = places_of(hit for hit in of.hits if hit.message is not None)
                self._preview.follow(FoundAt(of, self.query, said[0] if said else "first"))
            case More(of):
                if session is None or session.path != of.path:
                    self._preview.follow(FoundAt(of, self.query, "last"))
            case Missing(unsearched):
                self._explain(unsearched)
            case _:
                self._preview.follow(None)

    def _explain(self, unsearched: Unsearched) -> None:
        """Say in the preview why a session could not be searched, or not all of it."""
        part = "It could not be searched."
        if unsearched.messages:
            part = f"Its first {format.counted(unsearched.messages, 'message')} were searched."
        error, path = unsearched.error, format.short_path(unsearched.path)
        # Without the path, which has its own line.
        reason = f"{error.place}: {error.reason}" if error.place else error.reason
        self._preview.explain("Not all of it can be read", reason, path, part)

    def go(self, direction: int) -> None:
        """Go to the next match (1) or the one before (-1), without opening it."""
        if not self._step(direction):
            self._say_end(direction)

    def _say_end(self, direction: int) -> None:
        which = "last" if direction > 0 else "first"
        self._screen.notify(f"That was the {which} match of the search.", markup=False)

    def _step(self, direction: int) -> bool:
        session = _session_of(self._rows.row)
        shown = self._preview.session
        if session is not None and shown is not None and session.path == shown.path:
            if self._preview.step(direction):
                self._put_cursor(shown.path, self._preview.place)
                return True
            return self._step_beside(session, direction)
        return self._step_in_rows(direction)

    def _put_cursor(self, path: str, place: FoundPlace | None) -> None:
        if place is not None:
            row = self._rows.results.row_of(path, place.message, place.start)
            if row is not None:
                self._put(row)

    def _put(self, row: int) -> None:
        """Move the cursor, and not the preview."""
        if row != self._rows.cursor:
            self._put_at = row
            self._rows.go_to(row)

    def _step_beside(self, session: SessionHits, direction: int) -> bool:
        beside = self._rows.results.session_beside(session.path, direction)
        if beside is None:
            return False
        self._go_to_session(beside, direction)
        return True

    def _go_to_session(self, session: SessionHits, direction: int) -> None:
        results = self._rows.results
        at = results.heading_of(session.path)
        if at is None:
            return
        if direction > 0:
            self._put(at)
            self._preview.follow(FoundAt(session, self.query, "first"))
            return
        while at + 1 < len(results.rows) and isinstance(results.rows[at + 1], FoundLine | More):
            at += 1
        self._put(at)
        self._preview.follow(FoundAt(session, self.query, "last"))

    def _step_in_rows(self, direction: int) -> bool:
        """While the preview is hidden or not there yet: to the next line of the list with a match."""
        rows, at = self._rows.results.rows, self._rows.cursor + direction
        while 0 <= at < len(rows):
            if isinstance(rows[at], FoundLine):
                self._rows.go_to(at)
                return True
            at += direction
        return False

    # --- opening

    def open(self, row: Row) -> None:
        """Open the conversation of a row at its match."""
        session = _session_of(row)
        if session is None:
            return
        place: FoundPlace | Literal["first"] = "first"
        shown = self._preview.session
        if isinstance(row, FoundLine):
            place = places_of(row.hits[:1])[0]
        if shown is not None and shown.path == session.path:
            # The match that is shown may be another of that line; and all are known already.
            session, place = shown, self._preview.place or place
        self._screen.app.push_screen(self._conversation(session, place))

    def come_back(self) -> None:
        """After a conversation was left: to the match that was seen in it last."""
        opened, self._opened = self._opened, None
        self._ahead = 0
        if self._opens is not None:
            # It would open over what is opened next.
            self._opens.cancel()
        seen = None if opened is None else opened[0].search.seen
        if opened is None or seen is None:
            return
        session, shown = opened[1], self._preview.session
        if shown is not None and shown.path == session.path:
            session = shown
        places = [each for each in places_of(session.hits) if each.message == seen.message]
        if places:
            place = places[min(seen.number, len(places) - 1)]
            self._put_cursor(session.path, place)
            self._preview.follow(FoundAt(session, self.query, place))

    def expand(self, session: SessionHits) -> None:
        """Show all lines of a session."""
        work = self._expand(self._rows.results, self.query, session)
        self._screen.run_worker(work, exclusive=True, group="expand")

    async def _expand(self, results: Results, query: Query, session: SessionHits) -> None:
        found = await asyncio.to_thread(all_hits, self._index, query, session)
        row = self._rows.row
        # Meanwhile something else may have been searched for.
        if results is self._rows.results and results.expand(found):
            self._rows.changed(keeping=row)

    def _beyond(self, session: SessionHits, direction: int) -> bool:
        """Step from the last match of an opened conversation on to the next one, or the other way round.

        True if another conversation will open: until then, all further steps are to come here.
        """
        opened = self._opened
        if opened is None or opened[1].path != session.path:
            # The other one has just been opened.
            return True
        before, self._ahead = self._ahead, self._ahead + direction
        if before == 0:
            if self._rows.results.session_beside(session.path, direction) is None:
                self._ahead = 0
                self._say_end(direction)
            else:
                work = self._open_ahead(*opened, direction)
                self._opens = self._screen.run_worker(work, exclusive=True, group="ahead")
        elif self._ahead == 0 and self._opens is not None:
            # Back where it was.
            self._opens.cancel()
        return self._ahead != 0

    async def _open_ahead(
        self, shown: ConversationScreen, session: SessionHits, direction: int
    ) -> None:
        """Open the match that is this many steps ahead, in place of what is shown of `session`.

        More steps may be requested meanwhile.
        """
        results, found, passed = self._rows.results, session, 0
        stops: list[FoundPlace] = []
        while abs(self._ahead) > passed + len(stops):
            beside = results.session_beside(found.path, direction)
            if beside is None:
                break
            passed += len(stops)
            found = await asyncio.to_thread(all_hits, self._index, self.query, beside)
            stops = _stops_of(found, direction)
        steps, self._ahead = abs(self._ahead) - passed, 0
        if self._screen.app.screen is not shown or not stops:
            # It was left, is covered, for example by the help, or has other results.
            return
        # The last one where there are no more, the first one if some steps were taken back.
        place = stops[min(max(steps, 1), len(stops)) - 1]
        self._go_to_session(found, direction)
        self._put_cursor(found.path, place)
        self._screen.app.switch_screen(self._conversation(found, place))
        if steps > len(stops):
            self._say_end(direction)

    def _conversation(
        self, session: SessionHits, place: FoundPlace | Literal["first"]
    ) -> ConversationScreen:
        from agcx_tui.app.screens.open_conversation import conversation_screen

        if not isinstance(place, FoundPlace):
            place = places_of(session.hits[:1])[0] if session.hits else _BEGINNING
        at = None if place.message is None else (place.message, place.start, place.end)
        screen = conversation_screen(
            self._screen.app,
            self._services,
            session.path,
            self._acts,
            search=self.query,
            at=at,
            beyond=partial(self._beyond, session),
        )
        self._opened = screen, session
        return screen


def _stops_of(session: SessionHits, direction: int) -> list[FoundPlace]:
    """Where one comes by in a session: at its matches, and once in its title if it is the first."""
    places = places_of(session.hits)
    said = [place for place in places if place.message is not None]
    if direction < 0:
        return said[::-1] or places[-1:] or [_BEGINNING]
    return places[: len(places) > len(said)] + said or [_BEGINNING]


def _session_of(row: Row | None) -> SessionHits | None:
    return row.session if isinstance(row, Heading | FoundLine | More) else None


def _key(place: FoundPlace | None) -> tuple[int | None, int] | None:
    return None if place is None else (place.message, place.start)
