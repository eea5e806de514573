"""What the text of a regular expression says about it: capitals, anchors, and literals that must occur.

Strategy: conservative.  What is not understood requires nothing, which costs time and never a result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["has_capital_outside_escapes", "is_anchored", "required_literals", "what_is_refused"]

_ESCAPED = r"(?s)\\[pP]\{[^}]*\}|\\[pP].|\\x\{[^}]*\}|\\x..|\\.|\(\?P?<\w+>|\(\?[A-Za-z-]+[:)]|\[:\^?\w+:\]"
_LOOK_AROUND = r"(?<!\\)(?:\\\\)*\(\?<?[=!]"
_BACKREFERENCE = r"(?<!\\)(?:\\\\)*(?:\\[1-9]|\(\?P=|\\[gk][<{'])"
_ANY_BYTE = r"(?<!\\)(?:\\\\)*\\C"
_WHOLE_TEXT = r"\\[AzZ]|\(\?[A-Za-z]*-[A-Za-z]*m|\(\?[A-Za-z-]*[sx]"

_SPECIAL = frozenset(".^$*+?{}[]()|\\")
# In bytes: shorter ones exclude nothing.
_SHORTEST = 3


def has_capital_outside_escapes(pattern: str) -> bool:
    """Whether case counts: `\\W` and `(?P<Name>` have no capital in this sense."""
    rest = re.sub(_ESCAPED, "", pattern)
    return rest != rest.lower()


def is_anchored(pattern: str) -> bool:
    """Whether it may say something of the beginning or end of a whole text."""
    return re.search(_WHOLE_TEXT, pattern) is not None


def what_is_refused(pattern: str) -> str:
    """Why the expression is refused, for what other programs have and RE2 has no way for; else empty."""
    if re.search(_LOOK_AROUND, pattern):
        return "look-around, as (?=…), is not possible here"
    if re.search(_BACKREFERENCE, pattern):
        return "backreferences, as \\1, are not possible here"
    if re.search(_ANY_BYTE, pattern):
        return "\\C is not possible here"
    return ""


def required_literals(pattern: str) -> tuple[bytes, ...]:
    """ASCII literals, in lower case, that every match contains, of three characters or more."""
    if "\\Q" in pattern:
        return ()
    runs = list(_runs(pattern))
    if None in runs:
        return ()
    return tuple(run.lower().encode() for run in runs if run is not None and len(run) >= _SHORTEST)


def _runs(pattern: str) -> Iterator[str | None]:
    """Runs of characters that must follow each other; None for an alternative at the top."""
    run, at = "", 0
    while at < len(pattern):
        character = pattern[at]
        literal = character if character not in _SPECIAL and character.isascii() else ""
        if character == "\\":
            following = pattern[at + 1 : at + 2]
            # A letter or digit makes a class, an assertion, or a code.
            if not following or not following.isascii():
                yield None
                return
            if following.isalnum():
                if following not in "bBdDsSwWnrtfvaAz":
                    yield None
                    return
            else:
                literal = following
            at += 2
        elif character == "[":
            at = _end_of_class(pattern, at)
        elif character == "(":
            at = _end_of_group(pattern, at)
        elif character == "|":
            yield None
            return
        else:
            at += 1
        if at > len(pattern):
            yield None
            return
        if pattern[at : at + 1] in ("*", "?", "{"):
            # What is repeated may be there no time at all.
            literal = ""
            at = _end_of_repetition(pattern, at)
        elif pattern[at : at + 1] == "+":
            yield run + literal
            run, literal = "", ""
            at = _end_of_repetition(pattern, at)
        if literal:
            run += literal
        else:
            yield run
            run = ""
    yield run


def _end_of_class(pattern: str, at: int) -> int:
    at += 1
    if pattern[at : at + 1] == "^":
        at += 1
    if pattern[at : at + 1] == "]":
        at += 1
    while at < len(pattern) and pattern[at] != "]":
        if pattern.startswith("[:", at) and (end := pattern.find(":]", at)) >= 0:
            at = end + 2
        else:
            at += 2 if pattern[at] == "\\" else 1
    return at + 1


def _end_of_group(pattern: str, at: int) -> int:
    depth = 0
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 2
            continue
        if pattern[at] == "[":
            at = _end_of_class(pattern, at)
            continue
        depth += {"(": 1, ")": -1}.get(pattern[at], 0)
        at += 1
        if depth == 0:
            return at
    return at + 1


def _end_of_repetition(pattern: str, at: int) -> int:
    if pattern[at] == "{":
        end = pattern.find("}", at)
        at = end if end >= 0 else len(pattern)
    at += 1
    while pattern[at : at + 1] in ("?", "+", "*"):
        at += 1
    return at
