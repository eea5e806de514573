"""The line of a match, and the lines around it."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Lines", "lines_around"]

# Characters of a line that are shown before and after the match: a line may be megabytes.
_MOST = 240


class Lines(NamedTuple):
    """`line` begins at `start` of the text."""

    line: str
    start: int
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def lines_around(text: str, start: int, end: int, context: int = 0) -> Lines:
    """The line in which a match begins, and up to `context` lines before and after it."""
    earliest, latest = max(0, start - _MOST), min(len(text), end + _MOST)
    if end - start > _MOST:
        latest = min(len(text), start + 2 * _MOST)
    first = text.rfind("\n", earliest, start) + 1
    begin = first if first else earliest
    last = text.find("\n", min(end, latest), latest)
    if "\n" in text[start : min(end, latest)]:
        # A match of several lines: its first line.
        last = text.find("\n", start)
    finish = last if last >= 0 else latest
    if not context:
        return Lines(text[begin:finish], begin)
    return Lines(
        text[begin:finish],
        begin,
        _before(text, begin, context),
        _after(text, finish, context),
    )


def _before(text: str, end: int, count: int) -> tuple[str, ...]:
    lines: list[str] = []
    # What is before a long line that was cut is the rest of that line.
    at = end - 1 if text[end - 1 : end] == "\n" else text.rfind("\n", 0, end)
    while at >= 0 and len(lines) < count:
        start = text.rfind("\n", 0, at) + 1
        lines.append(text[start : min(at, start + 2 * _MOST)])
        at = start - 1
    return tuple(reversed(lines))


def _after(text: str, start: int, count: int) -> tuple[str, ...]:
    lines: list[str] = []
    at = text.find("\n", start)
    while at >= 0 and len(lines) < count:
        end = text.find("\n", at + 1)
        stop = end if end >= 0 else len(text)
        lines.append(text[at + 1 : min(stop, at + 1 + 2 * _MOST)])
        at = end
    return tuple(lines)
