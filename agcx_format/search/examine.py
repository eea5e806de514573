"""One session against a query: whether it fits, where, and how often.

Strategy: one pass over the blocks that may hold something.  The first matches become hits, of several words
those in the best lines; the others are counted, block by block, which is ten times faster than finding each
place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Protocol

import msgspec

from agcx_format.errors import PersistenceError
from agcx_format.search import ranking
from agcx_format.search.blocks import TITLE_NUMBER, Block
from agcx_format.search.filters import Allowed
from agcx_format.search.lines import lines_around
from agcx_format.search.matchers import Match, Matcher
from agcx_format.search.query import Query
from agcx_format.search.results import Hit, SessionHits, Unsearched

if TYPE_CHECKING:
    from agcx_format.search.best_lines import BestLines

__all__ = ["EVERY_ROW", "Outcome", "Request", "SessionText", "Stopped", "examine", "unsearched"]

EVERY_ROW = 1 << 62
"""For `Request.rows`: all hits, in the order of the conversation."""


class Stopped(Exception):
    """The search was stopped; nothing else happened."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of one session.

    Fields:
        hits: None when it does not fit.
        unsearched: what of it could not be searched, if anything.
        direct: whether it was searched without the index.
        gone: whether its file no longer exists.
    """

    hits: SessionHits | None = None
    unsearched: Unsearched | None = None
    direct: bool = False
    gone: bool = False


class SessionText(Protocol):
    """A session's text, out of the book or its file."""

    title: str
    updated: str
    direct: bool
    messages: int
    error: PersistenceError | None

    def beginning(self) -> Block | None:
        """Messages with which the first of the blocks begins, where they can be had much sooner."""

    def blocks(self) -> Iterator[Block]:
        """The blocks that may hold something, in order."""


class Request(msgspec.Struct, frozen=True):
    """What each session is asked.

    Fields:
        query: what to look for.
        wanted, unwanted: its matchers.
        allowed: which messages count; None for all.
        titles_only: whether no messages are searched.
        rows: hits that are wanted of a session at most.
        context: lines before and after each.
        counted: whether all matches are counted, also beyond `rows`.
        scored: whether the hits get a score.
        runs: what `raw.runs_of` says of the query, for sessions that are searched in their files.
        stopped: asked between two blocks.
    """

    query: Query
    wanted: tuple[Matcher, ...]
    unwanted: tuple[Matcher, ...]
    allowed: Allowed | None
    titles_only: bool
    rows: int
    context: int
    counted: bool
    scored: bool
    runs: tuple[bytes, ...]
    stopped: Callable[[], bool]


def examine(session: SessionText, request: Request, path: str) -> SessionHits | None:
    """The hits of one session; None when it does not fit.  Raises `Stopped`, or what reading raises."""
    return _Examination(session, request, path).run()


def unsearched(path: str, session: SessionText) -> Unsearched | None:
    """What of a session could not be searched, once its blocks were gone through."""
    return None if session.error is None else Unsearched(path, session.error, session.messages)


class _Examination:
    def __init__(self, session: SessionText, request: Request, path: str) -> None:
        self._session = session
        self._request = request
        self._path = path
        self._wanted = request.wanted
        self._unwanted = request.unwanted
        self._counts = [0] * len(self._wanted)
        self._hits: list[Hit] = []
        self._exact = True
        self._best: BestLines | None = None
        if len(self._wanted) > 1 and 0 < request.rows < EVERY_ROW:
            from agcx_format.search.best_lines import BestLines

            self._best = BestLines(self._wanted, request.rows, request.allowed)
        # Messages that count, where nothing is looked for in them.
        self._allowed_messages = 0

    def run(self) -> SessionHits | None:
        if not self._look():
            return None
        if 0 in self._counts or self._fits_nothing():
            return None
        worth: tuple[float, ...] = ()
        if self._best is not None and (chosen := self._best.chosen(self._hit)):
            hits, worth = zip(*chosen, strict=True)
            self._hits = list(hits)
        count = sum(self._counts) if self._wanted else self._allowed_messages
        return SessionHits(
            self._path,
            self._session.title,
            self._session.updated,
            tuple(self._hits),
            count,
            self._exact,
            self._score() if self._request.scored else 0.0,
            self._session.direct,
            worth,
        )

    def _fits_nothing(self) -> bool:
        """Whether nothing is looked for, and no message counts."""
        only_filters = not self._wanted and not self._unwanted
        return only_filters and not self._allowed_messages

    def _look(self) -> bool:
        """False when what may not occur does."""
        request = self._request
        if self._best is None and not request.counted and self._is_at_beginning():
            self._exact = False
            return True
        for block in self._session.blocks():
            if request.stopped():
                raise Stopped
            for matcher in self._unwanted:
                if self._occurs(matcher, block):
                    return False
            if self._wanted:
                if self._best is None:
                    self._search(block)
                else:
                    self._search_several(block, self._best)
                if not request.counted and self._is_enough():
                    self._exact = False
                    return True
            elif not self._unwanted:
                self._list(block)
            if request.titles_only:
                # The title is in the first one.
                break
        return True

    def _is_at_beginning(self) -> bool:
        """Whether all that is wanted is in the first messages: the others need not be read."""
        beginning = self._session.beginning() if self._wanted and not self._unwanted else None
        if beginning is None:
            return False
        self._search(beginning)
        if not self._is_enough():
            self._counts, self._hits, self._exact = [0] * len(self._wanted), [], True
            return False
        return True

    def _is_enough(self) -> bool:
        found = len(self._hits) if self._best is None else self._best.seen
        return not self._unwanted and found >= self._request.rows and 0 not in self._counts

    def _occurs(self, matcher: Matcher, block: Block) -> bool:
        if self._request.allowed is None:
            return matcher.occurs(block)
        return next(self._matches(matcher, block), None) is not None

    def _search(self, block: Block) -> None:
        room = self._request.rows - len(self._hits)
        found: list[Match] = []
        for number, matcher in enumerate(self._wanted):
            first, count = self._first(matcher, block, room)
            self._counts[number] += count
            found += first
        if len(self._wanted) > 1:
            found.sort()
        self._hits += [self._hit(block, *match) for match in found[:room]]

    def _first(self, matcher: Matcher, block: Block, room: int) -> tuple[list[Match], int]:
        """The first matches, and how many there are; unless that is counted, a lower bound."""
        if not room:
            return [], self._further(matcher, block)
        allowed, counted = self._request.allowed, self._request.counted
        if allowed is None:
            first = matcher.first(block, room)
            rest = matcher.count(block) - len(first) if counted and len(first) == room else 0
        else:
            matches = self._matches(matcher, block)
            first = list(islice(matches, room))
            rest = sum(1 for _ in matches) if counted else 0
        if not counted and len(first) == room:
            self._exact = False
        return first, len(first) + rest

    def _search_several(self, block: Block, best: BestLines) -> None:
        counts = [self._further(matcher, block) for matcher in self._wanted]
        self._counts = [before + more for before, more in zip(self._counts, counts, strict=True)]
        best.add(block, counts)

    def _further(self, matcher: Matcher, block: Block) -> int:
        """Matches without places; if they are not counted, only whether there are some."""
        if not self._request.counted:
            occurs = self._occurs(matcher, block)
            # It may do so again.
            self._exact = self._exact and not occurs
            return int(occurs)
        if self._request.allowed is None:
            return matcher.count(block)
        return sum(1 for _ in self._matches(matcher, block))

    def _matches(self, matcher: Matcher, block: Block) -> Iterator[Match]:
        matches = matcher.matches(block)
        allowed = self._request.allowed
        if allowed is None:
            return matches
        return (match for match in matches if allowed(block.facts, match[0]))

    def _list(self, block: Block) -> None:
        """With nothing to look for, every message that counts is a hit; the title if it is searched."""
        allowed = self._request.allowed
        first = 0 if self._request.query.within.title else max(0, -block.first)
        for number in range(first, block.messages):
            if allowed is None or allowed(block.facts, number):
                self._allowed_messages += 1
                if len(self._hits) < self._request.rows:
                    self._hits.append(self._hit(block, number, 0, 0))

    def _hit(self, block: Block, number: int, start: int, end: int) -> Hit:
        """A match in message `number` of a block."""
        lines = lines_around(block.message(number), start, end, self._request.context)
        at = block.first + number
        return Hit(
            self._path,
            self._session.title,
            None if at == TITLE_NUMBER else at,
            block.facts.role(number),
            block.time(number),
            start,
            end,
            lines.line,
            lines.start,
            lines.before,
            lines.after,
        )

    def _score(self) -> float:
        title = self._session.title
        in_title = sum(any(True for _ in each.spans_in(title)) for each in self._wanted)
        own = sum(hit.role == "user" for hit in self._hits)
        together = 0.0 if self._best is None else self._best.together
        return ranking.score(self._counts, self._session.messages, in_title, own, together)
