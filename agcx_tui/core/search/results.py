"""What a search found, as rows of a list: a heading for each session, and its best lines below.

Strategy: pure.  Rows are only ever appended while results arrive, so the cursor stays where it is.  Of each
session a few lines are kept, however many hits there are, and rows end at a limit: further sessions are
counted and not listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

import msgspec

from agcx_format.counting import counted
from agcx_format.search import Hit, SearchProgress, SessionHits, Unsearched
from agcx_format.transcript import fold

__all__ = [
    "MOST_ROWS",
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
MOST_ROWS = 20_000
# Lines of a session that are shown before it is opened further, and then.
_BEST, _ALL = 3, 500
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
    """A line with one or more hits."""

    session: SessionHits
    hits: tuple[Hit, ...]

    def shows(self, message: int, start: int) -> bool:
        """Whether what begins there in a message is in this line, also if it is not among the hits."""
        first = self.hits[0]
        within = start - first.line_start
        return first.message == message and 0 <= within < len(first.line)


@dataclass(frozen=True, slots=True)
class More:
    """So many hits of a session are not shown; `exact` False means that there may be more."""

    session: SessionHits
    hits: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Missing:
    """A session of which a part, or all, could not be searched."""

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
    """The rows so far; `listed` counts the sessions among them.

    `several` words were looked for: then a line of a common one alone is not among the best.
    """

    def __init__(self, *, several: bool = False) -> None:
        self._several = several
        self.rows: list[Row] = []
        self.listed = 0
        self.is_full = False
        # The first row of those about sessions that were not searched.
        self.missing_at: int | None = None

    def add(self, sessions: Iterable[SessionHits]) -> None:
        """Append sessions, as many as there is room for."""
        for session in sessions:
            if len(self.rows) >= MOST_ROWS:
                self.is_full = True
                return
            self.listed += 1
            self.rows += _rows_of(session, several=self._several)

    def finish(self, progress: SearchProgress) -> None:
        """Append what is said after the last session."""
        if not progress.sessions:
            count = counted(progress.searched, "session")
            self.rows.append(Note(f"Nothing was found in {count}."))
        elif progress.sessions > self.listed:
            left = progress.sessions - self.listed
            self.rows.append(Note(f"{left:,} more sessions match: add a word to narrow them down."))
        missing = (*progress.unreadable, *progress.partial)
        if missing:
            self.rows += [Note(""), Note("Not searched, or only in part:")]
            self.missing_at = len(self.rows)
            self.rows += [Missing(each) for each in missing[:MOST_ROWS]]

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
        """Show all lines of a session, of which `session` has the hits; false if it is not listed."""
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
    hits = (hit for hit in session.hits if hit.message is not None)
    return [
        FoundLine(session, tuple(same))
        for _, same in groupby(hits, key=lambda hit: (hit.message, hit.line_start))
    ]


def _rows_of(session: SessionHits, *, several: bool) -> Iterator[Row]:
    lines = lines_of(session)
    best = _best_of_several(lines) if several else _best(lines)
    in_title = Heading(session).hits
    # What is not shown is not kept: there may be thousands of sessions.
    kept = (*in_title, *(hit for line in best for hit in line.hits))
    shown = len(kept)
    lean = msgspec.structs.replace(session, hits=kept)
    yield Heading(lean)
    for line in best:
        yield FoundLine(lean, line.hits)
    if session.count > shown > 0:
        yield More(lean, session.count - shown, session.exact)


def _best(lines: list[FoundLine]) -> list[FoundLine]:
    """What was said rather than printed by a tool, the earlier first."""
    return _first(lines, key=lambda number: lines[number].hits[0].role not in _SPOKEN)


def _best_of_several(lines: list[FoundLine]) -> list[FoundLine]:
    """Those with the most and rarest words; what has much less than the best says nothing."""
    if len(lines) <= 1:
        return lines
    words = [{fold(_text(hit)) for hit in line.hits} for line in lines]
    often = Counter(chain.from_iterable(words))
    rarity = [sum(1 / often[word] for word in each) for each in words]
    good = [number for number, each in enumerate(rarity) if each >= max(rarity) / 2]
    lines, rarity = [lines[number] for number in good], [rarity[number] for number in good]
    return _first(
        lines, key=lambda number: (-rarity[number], lines[number].hits[0].role not in _SPOKEN)
    )


def _first(
    lines: list[FoundLine], key: Callable[[int], tuple[float, bool] | bool]
) -> list[FoundLine]:
    """The first few by a key of their numbers, in the order of the conversation."""
    return [lines[number] for number in sorted(sorted(range(len(lines)), key=key)[:_BEST])]


def _text(hit: Hit) -> str:
    start = hit.start - hit.line_start
    return hit.line[start : start + hit.end - hit.start]
