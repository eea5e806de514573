"""JSON records in a line that holds several, or pieces of some.

Strategy: programs that are ended while they write, or write side by side, leave the beginning of a record
and the next one right behind it.  Where a record breaks off, the parser stops at the first place that
cannot belong to it, and that is where the next one begins.  Only when the piece ends where a value is
expected does the next record look like one inside it: then it is told by its shape.  A record is never
one that something follows which can only stand inside of another.
"""

from __future__ import annotations

import json
import re
from typing import Any

from agcx_format.transcript.outputs import without_surrogates

__all__ = ["records_in"]

_decode = json.JSONDecoder(strict=False).raw_decode
_begin = re.compile(r'\{\s*"')
_not_blank = re.compile(r"[^\s\0,]|\Z")
_not_space = re.compile(r"[^\s\0]|\Z")
# How often all of a line may be read again in search of records inside of pieces, and how many pieces it
# may have: a line that somebody made to take hours takes no longer than one that was damaged.
_TIMES = 4
_PIECES = 10_000


def records_in(text: str) -> tuple[list[Any], str | None]:
    """The values in a line, and what is wrong with it, if anything is.

    Of a broken record nothing is kept; the ones before and after it are all there.
    """
    values: list[Any] = []
    reason = None
    pieces = _Pieces(text)
    # Behind a piece something may come that is only the end of a record.
    broken = False
    at = _skip(_not_blank, text, 0)
    while at < len(text):
        try:
            value, end = _decode(text, at)
        except (ValueError, RecursionError) as cause:
            reason = reason or _in_words(cause, text)
            at, broken = pieces.after(at, cause), True
            continue
        if not broken or _may_end(text, end):
            values.append(without_surrogates(value))
            broken = False
            at = _skip(_not_blank, text, end)
        else:
            at = _search(text, end)
    return values, reason


class _Pieces:
    """The broken records of a line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._count = 0
        self._budget = _TIMES * len(text)

    def after(self, start: int, cause: Exception) -> int:
        """Where the next record may begin, given why the one at `start` breaks off; the end if nowhere."""
        self._count += 1
        if self._count > _PIECES:
            return len(self._text)
        stopped = cause.pos if isinstance(cause, json.JSONDecodeError) else start + 1
        inside = self._inside(start, stopped)
        if inside is not None:
            return inside
        # Inside of a text the brace and the quote that begin the next record end that text.
        brace = self._text.rfind("{", start + 1, stopped)
        if brace >= 0 and self._text[brace + 1 : stopped].strip() == '"':
            return brace
        return _search(self._text, max(stopped, start + 1))

    def _inside(self, start: int, stopped: int) -> int | None:
        """The first whole record within a piece, which the parser took for a value of it."""
        at = start + 1
        while self._budget > 0 and (found := _begin.search(self._text, at, stopped)) is not None:
            at = found.start() + 1
            # What it costs at least.
            self._budget -= 64
            try:
                value, end = _decode(self._text, found.start())
            except json.JSONDecodeError as cause:
                self._budget -= max(cause.pos - at, 0)
            except (ValueError, RecursionError):
                self._budget -= len(self._text)
            else:
                if _is_record(value) and _may_end(self._text, end):
                    return found.start()
                at = end
        return None


def _skip(stop: re.Pattern[str], text: str, at: int) -> int:
    """Where `stop` first matches from `at` on."""
    found = stop.search(text, at)
    return len(text) if found is None else found.start()


def _search(text: str, at: int) -> int:
    found = _begin.search(text, at)
    return len(text) if found is None else found.start()


def _may_end(text: str, end: int) -> bool:
    """Whether what follows can follow a record: what closes another one or goes on in it cannot."""
    after = _skip(_not_space, text, end)
    return text[after : after + 1] not in tuple(",]}:")


def _is_record(value: Any) -> bool:
    """Whether it is a line of its own in a rollout or a transcript, not a part of one."""
    match value:
        case {"type": str(), "payload": dict()} | {"type": str(), "sessionId": str()}:
            return True
    return False


def _in_words(cause: Exception, text: str) -> str:
    if isinstance(cause, RecursionError):
        return "nested too deeply"
    if isinstance(cause, json.JSONDecodeError):
        if cause.pos >= len(text) or cause.msg.startswith("Unterminated"):
            return "cut off in the middle of the line"
        return f"not JSON: {cause.msg} at character {cause.pos:,}"
    return f"not JSON: {cause}"
