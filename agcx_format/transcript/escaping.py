"""The one place where text from a file is made safe for a screen, of a terminal or a web page.

Strategy: a terminal obeys control characters and a reader is fooled by bidirectional overrides, so
each of them is replaced by one visible character: offsets into the text stay right for highlights and
for copying.  Everything that shows data passes it through here, as plain text: markup is never
parsed from data.

Where text is parsed before it is shown (Markdown decodes `&#x202e;` and `%E2%80%AE`), what counts is what
comes out of the parser.  So the last step is safe as well: the segments that are drawn, and each
part that an export writes.  JSON is the exception, since it reads back to the same values: there the
characters are escaped (`safe_json`), and so in the front matter of a document (`safe_yaml`).
"""

from __future__ import annotations

import re

__all__ = ["defused", "is_unsafe", "safe_json", "safe_line", "safe_text", "safe_yaml", "visible"]

# C0 and DEL have pictures of their own in Unicode; C1, which terminals obey as well, have none.
_STAND_INS = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_STAND_INS |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
# Bidirectional embeddings, overrides, isolates and marks, and the deprecated controls of shaping;
# line and paragraph separators; annotation marks; BOM; tags; what is no character in UTF-16's first plane;
# and lone surrogates, which cannot be encoded for the terminal at all.
_INVISIBLE = (
    *range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x2070),
    0x061C, 0x2028, 0x2029, 0xFEFF, *range(0xFFF9, 0xFFFC), 0xFFFE, 0xFFFF,
    *range(0xE0000, 0xE0080),
)  # fmt: skip
_STAND_INS |= dict.fromkeys(_INVISIBLE, 0xFFFD)
_STAND_INS |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)

_KEEP_LINES = _STAND_INS | {0x0A: 0x0A, 0x09: 0x09}
# The same as ranges: the list above takes 5 ms to compile.
_ABOVE_ASCII = (
    "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f"
)
# These are compiled when they are first needed: at a start, which they would delay, most text is printable.
_UNSAFE_IN_BLOCK = f"[\x00-\x08\x0b-\x1f{_ABOVE_ASCII}]"
_UNSAFE_IN_JSON = f"[{_ABOVE_ASCII}]"
_SAFE_ASCII = bytes({*range(0x20, 0x7F), 0x09, 0x0A})
# Characters from which on it takes less time to take out what is safe first.
_WORTH_IT = 200
# The forms in which HTML and Markdown refer to a character; no name of one is longer.
_REFERENCE = r"&(?:#([0-9]{1,8}|[xX][0-9a-fA-F]{1,8})|[A-Za-z][A-Za-z0-9]{1,32});?"


def is_unsafe(text: str) -> bool:
    """Whether `visible` would change a character of it; line ends and tabs aside."""
    # For bytes there is a table, with which this takes a fifth of the time.
    if text.isascii():
        return bool(text.encode().translate(None, _SAFE_ASCII))
    doubtful = text if len(text) < _WORTH_IT else _doubtful(text)
    return not doubtful.isprintable() and re.search(_UNSAFE_IN_BLOCK, doubtful) is not None


def _doubtful(text: str) -> str:
    """The text without safe ASCII, which most of it is, unless it is in a script of its own."""
    data = text.encode("utf-8", "surrogatepass")
    if 2 * len(data) > 3 * len(text):
        return text
    return data.translate(None, _SAFE_ASCII).decode("utf-8", "surrogatepass")


def safe_line(text: str) -> str:
    """For one line: newlines and tabs become visible stand-ins too."""
    # What has a stand-in is not printable.
    return text if text.isprintable() else text.translate(_STAND_INS)


def safe_text(text: str) -> str:
    """For a block of text: newlines stay, `\\r\\n` becomes one, tabs become spaces."""
    return visible(text).expandtabs(4)


def visible(text: str) -> str:
    """As `safe_text`, for where tabs do no harm: they stay."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    return text.translate(_KEEP_LINES) if is_unsafe(text) else text


def safe_json(text: str) -> str:
    """JSON in which every unsafe character is escaped; it reads back to the same values."""
    return re.sub(_UNSAFE_IN_JSON, _escaped, text)


def safe_yaml(quoted: str) -> str:
    """A double-quoted scalar of YAML, or JSON that is to be one, with every unsafe character escaped."""
    return re.sub(_UNSAFE_IN_JSON, lambda match: _yaml_escape(ord(match[0])), quoted)


def _yaml_escape(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def defused(markdown: str) -> str:
    """Markdown outside of code, without character references to unsafe characters.

    Such a reference is shown as written: its ampersand is escaped.
    """
    if "&" not in markdown:
        return markdown
    return re.sub(_REFERENCE, _as_written, markdown)


def _as_written(match: re.Match[str]) -> str:
    digits = match[1]
    if digits is None:
        # With all names of HTML.
        from html import unescape

        meant = unescape(match[0])
    else:
        code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
        meant = chr(code) if code <= 0x10FFFF else ""
    return f"&amp;{match[0][1:]}" if is_unsafe(meant) else match[0]
