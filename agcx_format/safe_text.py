"""The one place where text from a file is made safe for a screen, of a terminal or a web page.

Strategy: a terminal obeys control characters and a reader is fooled by bidirectional overrides, so
each of them is replaced by a visible character of the same width, one for one: offsets
into the text stay right for highlights and for copying.  Everything that shows data passes it
through here, as plain text: markup is never parsed from data.
"""

from __future__ import annotations

import re

__all__ = ["safe_line", "safe_text", "visible"]

# C0 and DEL have pictures of their own in Unicode; C1, which terminals obey as well, have none.
_STAND_INS = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_STAND_INS |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
# Bidirectional embeddings, overrides, isolates and marks; line and paragraph separators; BOM;
# tags; and lone surrogates, which cannot be encoded for the terminal at all.
_INVISIBLE = (
    *range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A),
    0x061C, 0x2028, 0x2029, 0xFEFF, *range(0xE0000, 0xE0080),
)  # fmt: skip
_STAND_INS |= dict.fromkeys(_INVISIBLE, 0xFFFD)
_STAND_INS |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)

_KEEP_LINES = _STAND_INS | {0x0A: 0x0A, 0x09: 0x09}
# The same as ranges: the list above takes 5 ms to compile.
_ABOVE_ASCII = (
    "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\U000e0000-\U000e007f"
)
_unsafe = re.compile(f"[\x00-\x1f{_ABOVE_ASCII}]").search
# Nearly every block has newlines, and few have anything else.
_unsafe_in_block = re.compile(f"[\x00-\x08\x0b-\x1f{_ABOVE_ASCII}]").search


def safe_line(text: str) -> str:
    """For one line: newlines and tabs become visible stand-ins too."""
    return text.translate(_STAND_INS) if _unsafe(text) else text


def safe_text(text: str) -> str:
    """For a block of text: newlines stay, `\\r\\n` becomes one, tabs become spaces."""
    return visible(text).expandtabs(4)


def visible(text: str) -> str:
    """As `safe_text`, for where tabs do no harm: they stay."""
    text = text.replace("\r\n", "\n")
    return text.translate(_KEEP_LINES) if _unsafe_in_block(text) else text
