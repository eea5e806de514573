"""The earlier versions of an edited message, each as a word diff against the version that replaced it.

Strategy: lines are compared first; the words of lines that changed second.  Lines that are the same and not
next to a change are left out.  Words are marked as `git diff --word-diff` marks them, `[-old-]{+new+}`, so
that the diff can be read without colors.  Long texts, which take long to compare, are shown unmarked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from rich.text import Text
from textual.strip import Strip

from agcx_format import MessageSnapshot
from agcx_format.transcript import text_of, tool_call_of_item
from agcx_tui.app.blocks.block import Part
from agcx_tui.app.blocks.lines import EMPTY, indent, line, wrap
from agcx_tui.app.blocks.look import Fold, Look
from agcx_tui.app.blocks.palette import Palette
from agcx_tui.app.blocks.rows import text_parts, tidy
from agcx_tui.app.blocks.times import when

__all__ = ["edit_parts", "word_diff"]

# Characters and lines of both texts together that are compared, and words of one change.
_LONGEST = 64 * 1024
_MOST_LINES = 1_000
_MOST_WORDS = 1_000

_word = re.compile(r"\s+|\w+|[^\w\s]")


def edit_parts(message: MessageSnapshot, look: Look, by: int) -> list[Part]:
    """How a message was edited, the last edit first, moved right by `by` cells."""
    palette = look.palette
    parts: list[Part] = []
    newer = _text_of(message.item)
    for moment, item in reversed(message.metadata.edit_history):
        older = _text_of(item)
        title = line((f"until {when(moment)}:", palette.muted))
        parts.append(Part.of([EMPTY, *indent([title], by)]))
        rows = word_diff(older, newer, palette)
        if not older:
            parts.append(Part.of(indent([line(("(nothing said)", palette.muted))], by + 2)))
        elif older == newer:
            parts.append(Part.of(indent([line(("(the same text)", palette.muted))], by + 2)))
        elif rows is None:
            muted = palette.muted
            parts += text_parts(older, look.width, by + 2, palette.text, muted, Fold.FULL)
        else:
            parts.append(Part.of(_laid_out(rows, look.width, by + 2)))
        newer = older
    return parts


def _laid_out(rows: list[Text], width: int, by: int) -> list[Strip]:
    room = max(8, width - by)
    return indent([strip for row in rows for strip in wrap(row, room)], by)


def _text_of(item: object) -> str:
    """A version as text: a command as one would type it, an output without its wrapping."""
    call = tool_call_of_item(item)
    if call is None or call.call is None:
        return text_of(item)
    return call.call.command or call.call.text or call.call.arguments


def word_diff(older: str, newer: str, palette: Palette) -> list[Text] | None:
    """The lines of the newer text near a change, with the words of both; None if both are too long."""
    if len(older) + len(newer) > _LONGEST:
        return None
    before, after = tidy(older).split("\n"), tidy(newer).split("\n")
    if len(before) + len(after) > _MOST_LINES:
        return None
    rows: list[Text] = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, before, after, False).get_opcodes():
        if kind == "equal":
            last = j2 == len(after)
            rows += _unchanged(after[j1:j2], first=j1 == 0, last=last, palette=palette)
        else:
            rows += _changed("\n".join(before[i1:i2]), "\n".join(after[j1:j2]), palette)
    return rows


def _unchanged(lines: list[str], *, first: bool, last: bool, palette: Palette) -> Iterator[Text]:
    """A line next to each change, and how many are left out in between."""
    head = [] if first else lines[:1]
    tail = [] if last else lines[max(len(head), len(lines) - 1) :]
    left_out = len(lines) - len(head) - len(tail)
    if left_out == 1:
        head, left_out = lines[: len(head) + 1], 0
    yield from (Text(each, palette.muted) for each in head)
    if left_out:
        yield Text(f"… {left_out:,} unchanged lines", palette.muted)
    yield from (Text(each, palette.muted) for each in tail)


def _changed(older: str, newer: str, palette: Palette) -> list[Text]:
    before, after = _word.findall(older), _word.findall(newer)
    changes = (
        SequenceMatcher(None, before, after, False).get_opcodes() if _few(before, after) else []
    )
    same = sum(
        not word.isspace()
        for kind, i1, i2, *_ in changes
        if kind == "equal"
        for word in before[i1:i2]
    )
    if 2 * same < max(_count(before), _count(after)):
        # Hardly any word is the same: one change is read more easily than many.
        before, after = [older], [newer]
        changes = SequenceMatcher(None, before, after, False).get_opcodes()
    text = Text()
    for kind, i1, i2, j1, j2 in changes:
        if kind == "equal":
            text.append("".join(after[j1:j2]), palette.text)
            continue
        if removed := "".join(before[i1:i2]):
            text.append(f"[-{removed}-]", palette.removed)
        if added := "".join(after[j1:j2]):
            text.append(f"{{+{added}+}}", palette.added)
    return list(text.split("\n", allow_blank=True))


def _few(before: list[str], after: list[str]) -> bool:
    return len(before) + len(after) <= _MOST_WORDS


def _count(words: list[str]) -> int:
    return sum(not word.isspace() for word in words)
