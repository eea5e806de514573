"""What the text of a regular expression says about it: capitals, anchors, and what RE2 does not support."""

from __future__ import annotations

import re

__all__ = ["has_capital_outside_escapes", "is_anchored", "what_is_refused"]

_ESCAPED = r"(?s)\\[pP]\{[^}]*\}|\\[pP].|\\x\{[^}]*\}|\\x..|\\.|\(\?P?<\w+>|\(\?[A-Za-z-]+[:)]|\[:\^?\w+:\]"
_LOOK_AROUND = r"(?<!\\)(?:\\\\)*\(\?<?[=!]"
_BACKREFERENCE = r"(?<!\\)(?:\\\\)*(?:\\[1-9]|\(\?P=|\\[gk][<{'])"
_ANY_BYTE = r"(?<!\\)(?:\\\\)*\\C"
_WHOLE_TEXT = r"\\[AzZ]|\(\?[A-Za-z]*-[A-Za-z]*m|\(\?[A-Za-z-]*[sx]"


def has_capital_outside_escapes(pattern: str) -> bool:
    """Whether case counts: `\\W` and `(?P<Name>` have no capital in this sense."""
    rest = re.sub(_ESCAPED, "", pattern)
    return rest != rest.lower()


def is_anchored(pattern: str) -> bool:
    """Whether it may depend on where the whole text begins or ends."""
    return re.search(_WHOLE_TEXT, pattern) is not None


def what_is_refused(pattern: str) -> str:
    """Why the expression is refused, if it uses what RE2 does not support; else empty."""
    if re.search(_LOOK_AROUND, pattern):
        return "look-around, as (?=…), is not possible here"
    if re.search(_BACKREFERENCE, pattern):
        return "backreferences, as \\1, are not possible here"
    if re.search(_ANY_BYTE, pattern):
        return "\\C is not possible here"
    return ""
