"""Embeds untrusted text in a Markdown document without letting it affect the rest.

Strategy: Markdown has no way to quote Markdown that is both rendered and contained: an open fence, a
`<details>`, a comment, or a link definition in one message would swallow or change what follows. So
`embedded` keeps a text as Markdown only if a strict reading of its lines finds nothing that reaches beyond
it; otherwise, and in doubt, the text goes unchanged into a fenced block. A few frequent and harmless things
are adapted: headings go two levels down, below those of the document; a line of dashes below a paragraph
gets an empty line before it, so that it is a rule and not a heading; and where it is certain what is code
and what is not, the `<` of raw HTML becomes `&lt;`, as does that of an address that decodes to unsafe
characters, and references to unsafe characters are defused.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from agcx_format.transcript.escaping import defused, is_unsafe

__all__ = ["code_span", "embedded", "fenced", "one_line"]

_fence = re.compile(r"( *)(`{3,}|~{3,})(.*)\Z", re.DOTALL).match
# A fence on the same line as the start of a list item or quotation.
_fence_in_container = re.compile(r"[ \t]*(?:(?:[-*+>]|\d{1,9}[.)])[ \t]*)+(?:`{3}|~{3})").match
_heading = re.compile(r"( {0,3})(#{1,6})(?=[ \t]|\Z)").match
_underline = re.compile(r" {0,3}(?:=+|-+)[ \t]*\Z").match

# The start of a heading, or a line that makes a heading of the one above it.
_may_be_heading = re.compile(r"\n {0,3}(?:#{1,6}(?=[ \t\n]|\Z)|(?:=+|-+)[ \t]*(?=\n|\Z))").search
# What makes a line of text more than its words, below a line that is nothing else.
_means_more = re.compile(r"[`~<&\]]|\A {0,3}[#=-]").search
# Raw HTML, and definitions of links and footnotes, which affect the whole document.
_html = r"<(?!https?://[^\s<>]*>)(?=[A-Za-z/!?])"
_suspicious = re.compile(rf"{_html}|\]:").search
# A preceding backslash would change the meaning.
_tag = re.compile(rf"(?<!\\){_html}")
_encoded_address = re.compile(r"<https?://[^\s<>]*%[^\s<>]*>", re.IGNORECASE)
# Text indented this far may be code, in which nothing is escaped.
_may_be_code = re.compile(r" {0,3}\t| {4}|[ \t]*(?:(?:[-*+>]|\d{1,9}[.)])[ \t]*)+(?: {4}|\t)").match
# After these, a backtick may belong to a link target.
_link = re.compile(r"\]\(|\]\[").search
_backticks = re.compile(r"`+")


def fenced(text: str, info: str = "") -> str:
    """A fenced code block, its fence longer than any run of backticks in the text.

    `info` must come from the program, not from data.
    """
    fence = "`" * max(3, _longest_run(text) + 1)
    end = "" if text.endswith("\n") or not text else "\n"
    return f"{fence}{info}\n{text}{end}{fence}"


def _longest_run(text: str) -> int:
    """How many backticks follow each other at most."""
    # Finding one takes a fraction of the time of an expression.
    return max(map(len, _backticks.findall(text))) if "`" in text else 0


def code_span(text: str) -> str:
    """One line of text as inline code."""
    text = " ".join(text.split())
    ticks = "`" * (_longest_run(text) + 1)
    space = " " if text[:1] in ("`", "") or text[-1:] == "`" else ""
    return f"{ticks}{space}{text}{space}{ticks}"


# What may have a meaning; most lines have none, and a set alone is found in a fifth of the time.
_may_mean = re.compile(r"[\\`*{}\[\]<>()#!|~&$_]").search
# An underscore within a word, as in the names of tools, has no meaning.
_punctuation = re.compile(r"[\\`*{}\[\]<>()#!|~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def one_line(text: str) -> str:
    """One line of text with all Markdown escaped, for headings."""
    line = " ".join(text.split())
    return _punctuation.sub(r"\\\g<0>", line) if _may_mean(line) else line


def embedded(text: str) -> str:
    """The text as Markdown if that is safe, else as a fenced block."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    if _is_plain(lines):
        return lines
    try:
        return "\n".join(_Reading().adapted(lines.split("\n")))
    except _ReachesOut:
        return fenced(text, "text")


def _is_plain(lines: str) -> bool:
    """Whether these lines, each ended by `\\n`, hold nothing for which they have to be read one by one."""
    return not (
        _may_harm(lines) or "```" in lines or "~~~" in lines or _may_be_heading(f"\n{lines}")
    )


class _ReachesOut(Exception):
    """The text holds something that could affect what comes after it."""


class _Reading:
    """One pass over the lines of a text, which lowers its headings."""

    def __init__(self) -> None:
        # The open fence: its indentation and its marks.
        self._indent = 0
        self._marks = ""
        # Whether the backticks of this paragraph are paired so far within each line. Only then is it certain
        # what is code, wherever a list or quotation ends the paragraph.
        self._paired = True

    def adapted(self, lines: list[str]) -> list[str]:
        """The lines, adapted.

        Raises:
            _ReachesOut: the lines could affect what follows them.
        """
        adapted: list[str] = []
        for line in lines:
            if self._marks:
                self._in_fence(line)
            elif not line.strip(" \t"):
                self._paired = True
            elif _means_more(line) and not self._opens(line):
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
        if "```" not in line and "~~~" not in line:
            return False
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

    def _in_fence(self, line: str) -> None:
        closing = _fence(line)
        if closing and self._closes(closing):
            self._marks = ""
        elif self._indent and line.strip(" \t") and not line.startswith(" " * self._indent):
            # If the fence is in a list item, this line ends the item, and the fence with it.
            raise _ReachesOut
        else:
            self._check_if_code(line)

    def _check_if_code(self, line: str) -> None:
        """A fence indented by four or more may be the continuation of a paragraph instead."""
        if self._indent > 3 and _suspicious(line):
            raise _ReachesOut

    def _closes(self, closing: re.Match[str]) -> bool:
        """Whether `closing` ends the open fence.

        A fence without indentation can be closed with up to three spaces. An indented one may be nested in
        anything, so only the same indentation closes it.
        """
        indent, marks, rest = closing.groups()
        if rest.strip(" \t") or marks[0] != self._marks[0] or len(marks) < len(self._marks):
            return False
        return len(indent) <= 3 if self._indent == 0 else len(indent) == self._indent

    def _checked(self, line: str) -> str:
        """A line of text with raw HTML escaped."""
        if not _may_harm(line) and "``" not in line and "\\" not in line:
            # All that counts of it is whether it leaves code open.
            self._paired = self._paired and line.count("`") % 2 == 0 and not _link(line)
            return line
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


def _may_harm(text: str) -> bool:
    """Whether it has the least that all harmful text has."""
    return "<" in text or "&" in text or "]:" in text


def _is_harmful(text: str) -> bool:
    return _may_harm(text) and (bool(_suspicious(text)) or _kept_as_written(text) != text)


def _kept_as_written(text: str) -> str:
    """The text with everything escaped that a Markdown reader would decode to unsafe characters."""
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
    """The ranges of the line outside code spans; None if a run of backticks is unmatched."""
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
        # A backslash before a backtick makes it uncertain what is code.
        if following[index] < 0 or line[start - 1 : start] == "\\":
            return None
        kept.append((at, start))
        at = runs[following[index]][1]
        index = following[index] + 1
    return [*kept, (at, len(line))]
