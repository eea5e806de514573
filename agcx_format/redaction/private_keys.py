"""Decides what of a text is a private key."""

from __future__ import annotations

import base64
import re

from agcx_format.redaction.matched import Match, secret_of
from agcx_format.redaction.randomness import ENOUGH

__all__ = ["is_encoded_key", "is_key", "key_before"]

# Characters.  How much text before its end line is searched for a private key without its first line.
_KEY = 8000
_base64 = re.compile(r"[A-Za-z0-9+/]{32,}+={0,2}").finditer
_breaks = re.compile(r"\\n|\n").finditer
# In JSON, the text on the other side is another string.
_structure = re.compile(r"[{}\[\]]|\":|\",[ ]?\"").search


def is_encoded_key(match: Match) -> bool:
    """Whether it is the base64 of a file that begins with a private key, not a certificate."""
    beginning = secret_of(match).rstrip("=")[:ENOUGH]
    # Whole groups of four: it may be cut off anywhere.
    return b"PRIVATE KEY" in base64.b64decode(beginning[: len(beginning) // 4 * 4])


def is_key(match: Match) -> bool:
    """Whether there is little but base64 between the first and the last line."""
    between = match["between"]
    if between is None:
        return True
    size = sum(len(run[0]) for run in _base64(between) if _mixed(run[0]))
    return size * 3 >= len(between)


def key_before(text: str, end: int) -> int | None:
    """Where a key begins of which only the last line is recognizable; None if there is none."""
    window = max(0, end - _KEY)
    window = max(window, text.rfind("-----", window, end))
    begin = None
    breaks = [each.span() for each in _breaks(text, window, end)]
    starts = [window, *(after for _, after in breaks)]
    ends = [*(before for before, _ in breaks), end]
    for number, (start, stop) in enumerate(reversed(list(zip(starts, ends, strict=True)))):
        runs = [run for run in _base64(text, start, stop) if _mixed(run[0])]
        after = runs[-1].end() if runs else start
        if _structure(text, after, stop):
            break
        if runs:
            begin = runs[-1].start()
            if _structure(text, start, begin):
                break
        elif number > 1:
            # The last line of base64, and the part before the end marker in its line, may be short.
            break
    return begin


def _mixed(run: str) -> bool:
    return run.lower() != run and run.upper() != run and any(map(str.isdigit, run))
