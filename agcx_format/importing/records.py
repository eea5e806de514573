"""Finds JSON records in a line that holds several, or fragments of them.

Strategy: a program that is killed while it writes, or two that write at once, leave the beginning of a record
directly followed by the next record. The parser stops at the first character that cannot belong to the
broken record, and there the next one begins. Only if the fragment ends where a value is expected does the
next record look nested in it, and is recognized by its shape. A value followed by something that can only
appear inside another record is not a record.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

from agcx_format import limits
from agcx_format.transcript.json_text import without_surrogates

__all__ = ["CUT_OFF", "TOO_DEEP", "closed", "records_in", "unfinished_records", "without_depths"]

# What is wrong with a line whose end is missing.
CUT_OFF: Final = "cut off in the middle of the line"
TOO_DEEP: Final = "nested too deeply"

# Python makes no integer of more digits from text.
_DIGITS = 4300


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < _DIGITS else float(digits)


_decode = json.JSONDecoder(strict=False, parse_int=_integer).raw_decode
_begin = re.compile(r'\{\s*"')
_not_blank = re.compile(r"[^\s\0,]|\Z")
_not_space = re.compile(r"[^\s\0]|\Z")
# How often a line may be read again in search of records inside fragments, and how many fragments it may
# have. A line made to take hours takes no longer than a damaged one.
_TIMES = 4
_PIECES = 10_000
# A string, the last of which may have no end. After a backslash comes any character: otherwise each quote of
# such a string would be tried as the beginning of another one.
_string_or_bracket = re.compile(r'"(?>(?:[^"\\]++|\\.)*)(?:"|\\?\Z)|[\[\]{}]', re.DOTALL).finditer
_CLOSES = {"{": "}", "[": "]"}
# Around the elements of a list in a document.
_IN_LIST = ["}", "]"]
# Two escaped surrogates, but for the last digit.
_HALF_ESCAPE = 12
# How deep a record may be nested: deeper than any that was meant, and what all parsers can read.
_DEEPEST = 100
# Characters of a line that is searched for what is nested deeper.
_SEARCHED = 16 * limits.MIB


def records_in(text: str) -> tuple[list[Any], str | None]:
    """The values in a line, and what is wrong with it, if anything.

    Broken records are dropped; all records before and after them are kept.
    """
    values: list[Any] = []
    reason = None
    pieces = _Pieces(text)
    # What follows a fragment may be only the end of a record.
    broken = False
    at = _skip(_not_blank, text, 0)
    while at < len(text):
        try:
            value, end = _decode(text, at)
        except (ValueError, RecursionError) as cause:
            reason = reason or _describe(cause, text)
            at, broken = pieces.after(at, cause), True
            continue
        if not broken or _may_end(text, end):
            values.append(without_surrogates(value))
            broken = False
            at = _skip(_not_blank, text, end)
        else:
            at = _search(text, end)
    return values, reason


def unfinished_records(text: str) -> list[Any] | None:
    """The values before the last one in a line that only lacks its end; None if it lacks more."""
    values: list[Any] = []
    at = _skip(_not_blank, text, 0)
    while at < len(text):
        try:
            value, end = _decode(text, at)
        except (ValueError, RecursionError):
            break
        values.append(without_surrogates(value))
        at = _skip(_not_blank, text, end)
    return values if _goes_on(text[at:]) else None


def without_depths(text: str) -> str:
    """The text with a mark in place of each value that is nested too deeply; empty if none is."""
    if len(text) > _SEARCHED:
        return ""
    parts: list[str] = []
    depth = kept = 0
    for found in _string_or_bracket(text):
        if found[0] in ("{", "["):
            depth += 1
            if depth == _DEEPEST + 1:
                parts.append(text[kept : found.start()])
        elif found[0] in ("}", "]"):
            if depth == _DEEPEST + 1:
                parts.append('"…"')
                kept = found.end()
            depth = max(0, depth - 1)
    if not parts:
        return ""
    return "".join([*parts, text[kept:] if depth <= _DEEPEST else ""])


def closed(text: str) -> str:
    """A document that lacks its end, with the elements of its lists that are complete.

    Empty if none is, or if the document has its end or is nested too deeply. What is inside an element is not
    cut: the same element would be another one when the document is whole.
    """
    opened: list[str] = []
    end, last = 0, ""
    for found in _string_or_bracket(text):
        sign = found[0]
        if sign in _CLOSES:
            opened.append(_CLOSES[sign])
            if len(opened) > _DEEPEST:
                return ""
        elif sign in ("}", "]"):
            if not opened or opened.pop() != sign or not opened:
                return ""
            if opened == _IN_LIST:
                end, last = found.end(), "]}"
    return text[:end] + last


def _goes_on(text: str) -> bool:
    """Whether it is the beginning of a value, but for its last characters, which may be half an escape."""
    data = text.encode(errors="replace")
    return any(
        _is_truncated(data[: len(data) - cut]) for cut in range(min(_HALF_ESCAPE, len(data)))
    )


def _is_truncated(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        return str(error).startswith("Input data was truncated")
    except RecursionError:
        pass
    return False


class _Pieces:
    """The broken records of a line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._count = 0
        self._budget = _TIMES * len(text)

    def after(self, start: int, cause: Exception) -> int:
        """Where the next record may begin, given why the one at `start` is broken; the end if nowhere."""
        self._count += 1
        if self._count > _PIECES:
            return len(self._text)
        stopped = cause.pos if isinstance(cause, json.JSONDecodeError) else start + 1
        inside = self._inside(start, stopped)
        if inside is not None:
            return inside
        # In a string, the brace and quote that begin the next record end the string.
        brace = self._text.rfind("{", start + 1, stopped)
        if brace >= 0 and self._text[brace + 1 : stopped].strip() == '"':
            return brace
        return _search(self._text, max(stopped, start + 1))

    def _inside(self, start: int, stopped: int) -> int | None:
        """The first complete record in a fragment, which the parser took for a nested value."""
        at = start + 1
        while self._budget > 0 and (found := _begin.search(self._text, at, stopped)) is not None:
            at = found.start() + 1
            # The minimum cost.
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
    """Whether the following text can follow a record: a closing bracket or a comma cannot."""
    after = _skip(_not_space, text, end)
    return text[after : after + 1] not in tuple(",]}:")


def _is_record(value: Any) -> bool:
    """Whether it has the shape of a line in a rollout or a transcript, not of a part of one."""
    match value:
        case {"type": str(), "payload": dict()} | {"type": str(), "sessionId": str()}:
            return True
        case {"type": str(), "operation": str()} | {"type": str(), "call_id": str()}:
            return True
        case {"type": "message", "role": str(), "content": list()}:
            # An item of Codex; the messages in a transcript of Claude Code say which model wrote them.
            return "model" not in value
    return False


def _describe(cause: Exception, text: str) -> str:
    if isinstance(cause, RecursionError):
        return TOO_DEEP
    if isinstance(cause, json.JSONDecodeError):
        if cause.pos >= len(text) or cause.msg.startswith("Unterminated"):
            return CUT_OFF
        return f"not JSON: {cause.msg} at character {cause.pos:,}"
    return f"not JSON: {cause}"
