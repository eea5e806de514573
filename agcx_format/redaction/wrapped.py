"""Tokens that were broken over lines: at a fixed width, or by a backslash at the end of a line.

Strategy: a run of characters of tokens that ends with its line is joined with the runs that begin the next
lines.  Where a rule matches only when they are joined, the token was broken there.  A token that the rule
finds in one line goes on after a backslash; and also if its line is long and the next one holds nothing but
more of what looks random.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agcx_format.redaction.matched import secret_span
from agcx_format.redaction.randomness import is_words, looks_random
from agcx_format.redaction.rule import SecretRule

__all__ = ["broken_token", "wrapped_end"]

_RUN = r"[A-Za-z0-9_.~+/=%-]"
# Ends of lines, also in the text of JSON and in JSON within JSON.
_BREAK = r"(?:\\?\r?\n|(?:\\{1,2}r)?\\{1,6}n)"
_run = re.compile(rf"(?>{_RUN}{{16,}})\Z").match
# What is longer than this is no line that was broken.
_first = re.compile(rf"(?>{_RUN}{{6,256}})(?={_BREAK})").match
_next = re.compile(rf"{_BREAK}[ \t]{{0,20}}(?P<run>(?>{_RUN}{{1,256}}))").match
# In the text of JSON, the backslash and the newline are escaped both; in JSON within JSON, again.
_continued = re.compile(rf"(?:\\\r?\n|\\{{3}}n|\\{{6}}n)(?P<run>(?>{_RUN}{{1,256}}))").match
_line_end = re.compile(rf"\\{{0,3}}[\"'`]|[ \t]*(?:{_BREAK}|\Z)").match

# Lines of one token.
_MOST_LINES = 64
# Characters of a line that may be full.
_FULL = 60
# Characters: the last line of a token may be too short to look random.
_SHORT = 8
# Characters before a token that decide whether one can begin there.
_BEFORE = 8


def broken_token(rule: SecretRule, text: str, at: int) -> tuple[int, int] | None:
    """Start and end of a token that the rule matches at `at` only if the next lines are joined to it."""
    first = _first(text, at)
    if first is None:
        return None
    before = text[max(0, at - _BEFORE) : at]
    joined, last = before + first[0], first[0]
    for start, end in _runs(text, first.end()):
        run = text[start:end]
        if not (_goes_on(run) or (len(run) < _SHORT and _goes_on(last))):
            return None
        # Another token begins there, which is tried by itself: no line is joined twice for a rule.
        if any(anchor in run for anchor in rule.anchors):
            return None
        joined, last = joined + run, run
        match = rule.pattern.match(joined + text[end : end + 1], len(before))
        # Of as few lines as make a token.
        if match is not None:
            begin, stop = secret_span(match)
            if stop < len(joined):
                return at + begin - len(before), end - (len(joined) - stop)
            return at + begin - len(before), _further(rule, text, start, end)
    return None


def wrapped_end(rule: SecretRule, text: str, start: int, end: int) -> int:
    """Where a token ends; the rule found its part from `start` to `end`, in one line."""
    return end if _run(text[start:end]) is None else _further(rule, text, start, end)


def _further(rule: SecretRule, text: str, start: int, end: int) -> int:
    """Where a token ends that has been found up to `end`; `start` is in the same line."""
    while (found := _continued(text, end)) is not None:
        end = found.end()
    longest = end - _line_start(text, start)
    if longest < _FULL:
        return end
    for begin, stop in _runs(text, end):
        run = text[begin:stop]
        is_other = len(run) > longest or rule.pattern.match(text, begin) is not None
        if is_other or not _goes_on(run) or _line_end(text, stop) is None:
            break
        longest, end = len(run), stop
    return end


def _runs(text: str, end: int) -> Iterator[tuple[int, int]]:
    """Where the runs are that begin the lines after `end`, as long as they fill them."""
    for _ in range(_MOST_LINES):
        found = _next(text, end)
        if found is None:
            return
        yield found.span("run")
        end = found.end()


def _goes_on(run: str) -> bool:
    return looks_random(run) and not is_words(run)


def _line_start(text: str, at: int) -> int:
    window = max(0, at - 256)
    real, escaped = text.rfind("\n", window, at) + 1, text.rfind("\\n", window, at) + 2
    return max(window, real, escaped if escaped > 1 else 0)
