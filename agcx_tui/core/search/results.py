"""What a search found, as rows of a list: a heading for each session, and its best lines below.

Strategy: pure.  Rows are only ever appended while results arrive, so the cursor stays where it is.  Of each
session a few lines are kept, however many hits there are, and rows end at a limit: further sessions are
counted and not listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, repeat

import msgspec

from agcx_format.counting import counted
from agcx_format.search import Hit, SearchProgress, SessionHits, Unsearched

__all__ = [
    "CloseWord",
    "FoundLine",
    "Heading",
    "Missing",
    "More",
    "Note",
    "Results",
    "Row",
    "lines_of",
]

# Rows of a list; more are not looked at.
_MOST_ROWS = 20_000
# Lines of a session that are shown before it is opened further, and then.
_BEST, _ALL = 3, 500
# Beside a line with all words others are shown that are worth so much; else so much of the best one.
_BESIDE_ALL, _BESIDE_SOME = 0.75, 0.5
# Where the person or the agent said it, it says more than in the output of a tool.
_SPOKEN = {"user", "assistant", "title"}


@dataclass(frozen=True, slots=True)
class Heading:
    """A session that fits, above its lines; it shows the matches in the title."""

    session: SessionHits

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Those in the title."""
        return tuple(hit for hit in self.session.hits if hit.message is None)


@dataclass(frozen=True, slots=True)
class FoundLine:
    """A line with one or more hits; `worth` as `SessionHits` has it."""

    session: SessionHits
    hits: tuple[Hit, ...]
    worth: float = 1.0

    def shows(self, message: int, start: int) -> bool:
        """Whether what begins there in a message is in this line, also if it is not among the hits."""
        first = self.hits[0]
        within = start - first.line_start
        return first.message == message and 0 <= within < len(first.line)


@dataclass(frozen=True, slots=True)
class More:
    """How many hits of a session are not shown; `exact` False means that there may be more."""

    session: SessionHits
    hits: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Missing:
    """A session that could not be searched, or only in part."""

    unsearched: Unsearched


@dataclass(frozen=True, slots=True)
class CloseWord:
    """Nothing holds `word`; `close` is spelled nearly like it, and `query` is the line with that."""

    word: str
    close: str
    query: str


@dataclass(frozen=True, slots=True)
class Note:
    """Words about the results."""

    text: str


Row = Heading | FoundLine | More | Missing | CloseWord | Note


class Results:
    """The rows so far; `listed` counts the sessions among them."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.listed = 0
        self.is_full = False
        # The first row of those about sessions that were not searched.
        self.missing_at: int | None = None

    def add(self, sessions: Iterable[SessionHits]) -> None:
        """Append sessions, as many as there is room for."""
        for session in sessions:
            if len(self.rows) >= _MOST_ROWS:
                self.is_full = True
                return
            self.listed += 1
            self.rows += _rows_of(session)

    def finish(self, progress: SearchProgress) -> None:
        """Append what is said after the last session."""
        if not progress.sessions:
            self.rows.append(Note(_nothing_in(progress)))
        elif progress.sessions > self.listed:
            left = progress.sessions - self.listed
            self.rows.append(Note(f"{left:,} more sessions match: add a word to narrow them down."))
        missing = (*progress.unreadable, *progress.partial)
        if missing:
            self.rows += [Note(""), Note("Not searched, or only in part:")]
            self.missing_at = len(self.rows)
            self.rows += [Missing(each) for each in missing[:_MOST_ROWS]]

    def offer(self, close: Sequence[CloseWord]) -> None:
        """Insert words that are spelled nearly like one that was not found."""
        rows: list[Row] = []
        for word, same in groupby(close, key=lambda each: each.word):
            rows += [Note(""), Note(f"Words similar to “{word}”:"), *same]
        at = len(self.rows) if self.missing_at is None else self.missing_at - 2
        self.rows[at:at] = rows
        if self.missing_at is not None:
            self.missing_at += len(rows)

    def expand(self, session: SessionHits) -> bool:
        """Show all lines of a session, with the hits in `session`; false if it is not listed."""
        at = self.heading_of(session.path)
        if at is None:
            return False
        end = at + 1
        while end < len(self.rows) and isinstance(self.rows[end], FoundLine | More):
            end += 1
        lines = lines_of(session)[:_ALL]
        heading = Heading(session)
        rows: list[Row] = [heading, *lines]
        left = session.count - len(heading.hits) - sum(len(line.hits) for line in lines)
        if left > 0:
            rows.append(More(session, left, session.exact))
        grown = len(rows) - (end - at)
        self.rows[at:end] = rows
        if self.missing_at is not None and self.missing_at > at:
            self.missing_at += grown
        return True

    def heading_of(self, path: str) -> int | None:
        """The row of a session's heading."""
        for number, row in enumerate(self.rows):
            if isinstance(row, Heading) and row.session.path == path:
                return number
        return None

    def row_of(self, path: str, message: int | None, start: int) -> int | None:
        """The row that shows a hit; the last row of its session where it is left out."""
        at = self.heading_of(path)
        if at is None or message is None:
            return at
        for number in range(at + 1, len(self.rows)):
            row = self.rows[number]
            if isinstance(row, FoundLine):
                if row.shows(message, start):
                    return number
                at = number
            elif isinstance(row, More):
                return number
            else:
                break
        return at

    def session_beside(self, path: str, direction: int) -> SessionHits | None:
        """The session listed after (1) or before (-1) this one."""
        headings = [row.session for row in self.rows if isinstance(row, Heading)]
        for number, session in enumerate(headings):
            if session.path == path:
                beside = number + direction
                return headings[beside] if 0 <= beside < len(headings) else None
        return None


def lines_of(session: SessionHits) -> list[FoundLine]:
    """The lines with hits below the heading, in the order of the conversation."""
    worth = chain(session.worth, repeat(1.0))
    hits = (each for each in zip(session.hits, worth, strict=False) if each[0].message is not None)
    lines = []
    for _, same in groupby(hits, key=lambda each: (each[0].message, each[0].line_start)):
        found, shares = zip(*same, strict=True)
        lines.append(FoundLine(session, found, shares[0]))
    return lines


def _nothing_in(progress: SearchProgress) -> str:
    if not progress.total:
        return "No session matches the terms for sessions."
    return f"Nothing was found in {counted(progress.searched, 'session')}."


def _rows_of(session: SessionHits) -> Iterator[Row]:
    best = _best(session)
    in_title = Heading(session).hits
    # What is not shown is not kept: there may be thousands of sessions.
    kept = (*in_title, *(hit for line in best for hit in line.hits))
    shown = len(kept)
    lean = msgspec.structs.replace(session, hits=kept, worth=())
    yield Heading(lean)
    for line in best:
        yield FoundLine(lean, line.hits, line.worth)
    if session.count > shown > 0:
        yield More(lean, session.count - shown, session.exact)


def _best(session: SessionHits) -> list[FoundLine]:
    """The lines worth most, in the order of the conversation; what has much less than the best says little.

    Of equals what was said rather than printed by a tool, the earlier first.  The same text again says
    nothing new: it comes after all others.
    """
    lines = lines_of(session)
    # Of the lines only: the title, which is shown anyway, may hold all words.
    best = max((line.worth for line in lines), default=0.0)
    least = _BESIDE_ALL if best == 1 else _BESIDE_SOME * best
    order = sorted(
        (-line.worth, line.hits[0].role not in _SPOKEN, number)
        for number, line in enumerate(lines)
        if line.worth >= least
    )
    seen: set[str] = set()
    fresh: list[int] = []
    again: list[int] = []
    for *_, number in order:
        if len(fresh) == _BEST:
            break
        text = " ".join(lines[number].hits[0].line.split())
        (again if text in seen else fresh).append(number)
        seen.add(text)
    return [lines[number] for number in sorted((fresh + again)[:_BEST])]
