"""The columns of the session list: which fit into a width, and how text is fitted into one.

Strategy: pure arithmetic on cells.  Mark, age, star, and title are always shown; of the others those that a
person chose, the most useful first, as long as the title keeps a readable width.  The project gives some of
its own to a title that has little.

We and the terminal must agree on the width of a text, or the columns after it shift.  Terminals agree on
single characters, but not on sequences that some of them join into one glyph; `plain_cells` reduces these
to their parts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final, Literal, get_args

import msgspec
from rich.cells import cell_len, set_cell_size

from agcx_format.transcript import Needle, safe_line
from agcx_tui.core.words.format import AGE_WIDTH

GAP = 2
# The mark and the age, each with a space before it, and the column of the star.
_LEAD = 3 + AGE_WIDTH + 1
_STAR = 2

ColumnName = Literal[
    "project",
    "tags",
    "agent",
    "model",
    "mode",
    "messages",
    "turns",
    "tokens",
    "cost",
    "size",
    "ratio",
]
# Those that can be chosen, in the order in which they are shown; the title comes after the project.
COLUMNS: Final[tuple[ColumnName, ...]] = get_args(ColumnName)
DEFAULT_COLUMNS: Final[tuple[ColumnName, ...]] = ("project", "tags", "model", "messages", "size")

# A title narrower than this takes cells from the project that the names do not need, but for those of its
# header, `project ↓`; one that is wider gives it some.
_ROOMY_TITLE = 40
_NARROWEST_PROJECT, _PROJECT, _WIDEST_PROJECT = 9, 12, 24

# Name, width, and the least width of the title beside it; the most useful first.
_RANKED: tuple[tuple[ColumnName, int, int], ...] = (
    ("project", _PROJECT, 18),
    ("messages", 6, 20),
    ("size", 6, 22),
    ("cost", 7, 22),
    ("tokens", 7, 22),
    ("turns", 6, 22),
    ("ratio", 6, 22),
    ("agent", 11, 26),
    ("mode", 6, 26),
    ("model", 16, 44),
    ("tags", 14, 52),
)
_RIGHT_ALIGNED = {"messages", "turns", "tokens", "cost", "size", "ratio"}

# Joiners, variation selectors, and skin tones change the width of a sequence.
_joining = re.compile("[\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]")
_flag_letter = re.compile("[\U0001f1e6-\U0001f1ff]")
_right_to_left = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff]").search
LEFT_TO_RIGHT_MARK = "\u200e"


class Column(msgspec.Struct, frozen=True):
    """`start` and `width` in cells from the left edge of the list."""

    name: str
    start: int
    width: int

    @property
    def right_aligned(self) -> bool:
        return self.name in _RIGHT_ALIGNED


def lay_out(
    width: int, chosen: Collection[str] = DEFAULT_COLUMNS, names: int = 0
) -> tuple[Column, ...]:
    """The columns of a list `width` cells wide, from left to right: age, title, and of the chosen ones those
    that fit.  `names` is the width of the longest name of a project.
    """
    title = width - _LEAD - _STAR - 1
    fitting: dict[str, int] = {}
    for name, cells, least in _RANKED:
        gap = 1 if name == "project" else GAP
        if name not in chosen:
            continue
        if title - cells - gap < least:
            break
        fitting[name] = cells
        title -= cells + gap
    if "project" in fitting:
        least = max(_NARROWEST_PROJECT, min(names, _PROJECT))
        most = max(_PROJECT, min(names, _WIDEST_PROJECT))
        project = min(max(_PROJECT + title - _ROOMY_TITLE, least), most)
        title += _PROJECT - project
        fitting["project"] = project
    columns = [Column("age", 3, AGE_WIDTH)]
    start = _LEAD
    if project := fitting.pop("project", 0):
        columns.append(Column("project", start, project))
        start += project + 1
    columns.append(Column("title", start + _STAR, max(title, 0)))
    for name in COLUMNS:
        if name in fitting:
            end = columns[-1].start + columns[-1].width
            columns.append(Column(name, end + GAP, fitting[name]))
    return tuple(columns)


def _places(text: str, needle: Needle) -> Iterator[tuple[int, int]]:
    folded = needle.folded(text)
    at = folded.text.find(needle.text)
    while at >= 0:
        end = at + len(needle.text)
        yield folded.span(at, end)
        at = folded.text.find(needle.text, end)


def plain_cells(text: str) -> str:
    """The text in one line, made safe, and with the same width on every terminal."""
    text = safe_line(text)
    if text.isascii():
        return text
    text = _joining.sub("", text)
    return _flag_letter.sub(lambda match: chr(ord(match[0]) - 0x1F1E6 + ord("A")), text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """A text from `plain_cells` in exactly `width` cells, with `…` if it was cut."""
    if width <= 0:
        return ""
    cells = cell_len(text)
    if cells > width:
        text, cells = set_cell_size(text, width - 1) + "…", width
    padding = " " * (width - cells)
    if right:
        return padding + text
    if not text.isascii() and _right_to_left(text):
        # Otherwise a terminal with bidirectional text would move the next column's digits into this one.
        text += LEFT_TO_RIGHT_MARK
    return text + padding


def fit_middle(text: str, width: int) -> str:
    """Like `fit`, but what does not fit is cut from the middle: of a path, before the last part."""
    cells = cell_len(text)
    if cells <= width or width < 5:
        return fit(text, width)
    above, slash, name = text.rpartition("/")
    room = width - cell_len(name) - 2
    if slash and room > 0:
        return fit(set_cell_size(above, room).rstrip() + "…/" + name, width)
    end = set_cell_size(text[::-1], (width - 1) // 2)[::-1]
    return fit(set_cell_size(text, width - 1 - cell_len(end)) + "…" + end, width)


def find_words(
    text: str, words: tuple[str, ...], patterns: tuple[str, ...] = ()
) -> list[tuple[int, int]]:
    """The spans of a filter's words and expressions in `text`, in order and without overlaps."""
    spans = sorted(span for word in words if word for span in _places(text, Needle.of(word)))
    if patterns:
        from agcx_format.search import compiled

        spans = sorted([*spans, *(s for each in patterns for s in compiled(each).spans_in(text))])
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
