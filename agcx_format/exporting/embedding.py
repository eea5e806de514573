"""Foreign text inside a Markdown document, where it can do no harm.

Strategy: Markdown offers no way to quote Markdown that is both rendered and contained: a fence
left open, a `<details>`, a comment or a link definition in one message would swallow or change
what comes after it.  So `embedded` lets a text stand as it is only when a strict reading of its
lines finds nothing that could reach beyond it; otherwise the text goes, untouched, into a fenced
block.  In doubt it is the fence.  Three things are adapted because they are frequent and
harmless: headings go two levels down, below those of the document; a line of dashes below a
paragraph gets an empty line before it, so that it is a rule and not a heading; and where it is certain
what is code and what is not, the `<` of raw HTML becomes `&lt;`, and so does that of an address whose text a
reader would decode to something unsafe; a character reference to such is defused.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from agcx_format.transcript.escaping import defused, is_unsafe

__all__ = ["code_span", "embedded", "fenced", "one_line"]

_line_ends = re.compile(r"\r\n|\n|\r")

_fence = re.compile(r"( *)(`{3,}|~{3,})(.*)\Z", re.DOTALL).match
# A fence that begins in a list item or a quotation on the same line.
_fence_in_container = re.compile(r"[ \t]*(?:(?:[-*+>]|\d{1,9}[.)])[ \t]*)+(?:`{3}|~{3})").match
_heading = re.compile(r"( {0,3})(#{1,6})(?=[ \t]|\Z)").match
_underline = re.compile(r" {0,3}(?:=+|-+)[ \t]*\Z").match

# Raw HTML, and definitions of links and footnotes, which hold for the whole document.
_html = r"<(?!https?://[^\s<>]*>)(?=[A-Za-z/!?])"
_suspicious = re.compile(rf"{_html}|\]:").search
# What a backslash stands before would read otherwise.
_tag = re.compile(rf"(?<!\\){_html}")
_encoded_address = re.compile(r"<https?://[^\s<>]*%[^\s<>]*>", re.IGNORECASE)
# What is indented so far may be code, where nothing is escaped.
_may_be_code = re.compile(r" {0,3}\t| {4}|[ \t]*(?:(?:[-*+>]|\d{1,9}[.)])[ \t]*)+(?: {4}|\t)").match
# After these a backtick may belong to the target of a link.
_link = re.compile(r"\]\(|\]\[").search
_backticks = re.compile(r"`+")


def fenced(text: str, info: str = "") -> str:
    """A fenced code block, its fence longer than any run of backticks in the text.

    `info` must come from the program, not from data.
    """
    longest = max((len(run) for run in _backticks.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    end = "" if text.endswith("\n") or not text else "\n"
    return f"{fence}{info}\n{text}{end}{fence}"


def code_span(text: str) -> str:
    """Text of one line as inline code."""
    text = " ".join(text.split())
    longest = max((len(run) for run in _backticks.findall(text)), default=0)
    ticks = "`" * (longest + 1)
    space = " " if text[:1] in ("`", "") or text[-1:] == "`" else ""
    return f"{ticks}{space}{text}{space}{ticks}"


# An underscore within a word, as in the names of tools, means nothing.
_punctuation = re.compile(r"[\\`*{}\[\]<>()#!|~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def one_line(text: str) -> str:
    """Text of one line as it reads, nothing in it being Markdown; for headings."""
    return _punctuation.sub(r"\\\g<0>", " ".join(text.split()))


def embedded(text: str, info: str = "text") -> str:
    """The text as Markdown of its own if that is safe, as a fenced block if not."""
    try:
        return "\n".join(_Reading().adapted(_line_ends.split(text)))
    except _ReachesOut:
        return fenced(text, info)


class _ReachesOut(Exception):
    """The text holds something that could affect what comes after it."""


class _Reading:
    """One pass over the lines of a text, which leaves them with lowered headings."""

    def __init__(self) -> None:
        # The fence that is open: its indentation and its marks.
        self._indent = 0
        self._marks = ""
        # Whether the backticks of this paragraph's lines were paired so far, each line by itself:
        # only then it is certain what is code, wherever a list or quotation ends the paragraph.
        self._paired = True

    def adapted(self, lines: list[str]) -> list[str]:
        """`_ReachesOut` when the lines do not stay among themselves."""
        adapted: list[str] = []
        for line in lines:
            blank = not line.strip(" \t")
            if self._marks:
                self._in_fence(line, blank)
            elif blank:
                self._paired = True
            elif not self._opens(line):
                line = self._checked(line)
                if heading := _heading(line):
                    lowered = "#" * min(6, len(heading[2]) + 2)
                    line = heading[1] + lowered + line[heading.end() :]
                elif _underline(line) and adapted and adapted[-1].strip(" \t"):
                    adapted.append("")
            adapted.append(line)
        if self._marks:
            raise _ReachesOut
        return adapted

    def _opens(self, line: str) -> bool:
        """Whether a fence begins here."""
        if _fence_in_container(line):
            raise _ReachesOut
        opening = _fence(line)
        if not opening or ("`" in opening[2] and "`" in opening[3]):
            return False
        if _kept_as_written(line) != line:
            raise _ReachesOut
        self._indent, self._marks, self._paired = len(opening[1]), opening[2], True
        self._check_if_code(line)
        return True

    def _in_fence(self, line: str, blank: bool) -> None:
        closing = _fence(line)
        if closing and self._closes(closing):
            self._marks = ""
        elif not blank and not line.startswith(" " * self._indent):
            # If the fence stands in a list item, this line ends the item and the fence with it.
            raise _ReachesOut
        else:
            self._check_if_code(line)

    def _check_if_code(self, line: str) -> None:
        """What is indented by four and looks like a fence may be a paragraph that goes on."""
        if self._indent > 3 and _suspicious(line):
            raise _ReachesOut

    def _closes(self, closing: re.Match[str]) -> bool:
        """A fence that is not indented may be closed by one that is, up to three spaces.

        Of an indented one it is not known what it stands in, so only its like closes it.
        """
        indent, marks, rest = closing.groups()
        if rest.strip(" \t") or marks[0] != self._marks[0] or len(marks) < len(self._marks):
            return False
        return len(indent) <= 3 if self._indent == 0 else len(indent) == self._indent

    def _checked(self, line: str) -> str:
        """A line of text, its raw HTML escaped."""
        outside = _outside(line) if "`" in line else [(0, len(line))]
        self._paired = self._paired and outside is not None
        if outside is None or not self._paired:
            if _is_harmful(line):
                raise _ReachesOut
        elif any(_is_harmful(line[start:end]) for start, end in outside):
            line = _escaped(line, outside)
        if _link(line):
            self._paired = False
        return line


def _is_harmful(text: str) -> bool:
    return bool(_suspicious(text)) or _kept_as_written(text) != text


def _kept_as_written(text: str) -> str:
    """The text with what a reader of Markdown would decode to unsafe characters kept as it is written."""
    return defused(_encoded_address.sub(_unlinked, text))


def _unlinked(match: re.Match[str]) -> str:
    return f"&lt;{match[0][1:]}" if is_unsafe(unquote(match[0])) else match[0]


def _escaped(line: str, outside: list[tuple[int, int]]) -> str:
    if _may_be_code(line) or _link(line):
        raise _ReachesOut
    kept, at = [], 0
    for start, end in outside:
        piece = _tag.sub("&lt;", _kept_as_written(line[start:end]))
        if _suspicious(piece):
            raise _ReachesOut
        kept += [line[at:start], piece]
        at = end
    return "".join([*kept, line[at:]])


def _outside(line: str) -> list[tuple[int, int]] | None:
    """What of the line is not in code spans; None when a run of backticks does not find its end."""
    runs = [(run.start(), run.end()) for run in _backticks.finditer(line)]
    last: dict[int, int] = {}
    following = [0] * len(runs)
    for index in range(len(runs) - 1, -1, -1):
        length = runs[index][1] - runs[index][0]
        following[index] = last.get(length, -1)
        last[length] = index
    kept, at, index = [], 0, 0
    while index < len(runs):
        start, _ = runs[index]
        # A backslash takes a backtick's meaning, and with it the certainty.
        if following[index] < 0 or line[start - 1 : start] == "\\":
            return None
        kept.append((at, start))
        at = runs[following[index]][1]
        index = following[index] + 1
    return [*kept, (at, len(line))]
