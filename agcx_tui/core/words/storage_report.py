"""Where the space goes, as lines with bars: what the command line and the screen show alike.

Strategy: pure functions of `Stats`; a line knows which group and name it stands for, so that a
screen can open the list by it.  Bars have eighths of a cell, and nothing is told by them alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from agcx_format.space.measure import GROUPS, KINDS, Stats
from agcx_format.transcript.safe_text import safe_line
from agcx_tui.core.words.format import counted, short_path, size

__all__ = ["BAR", "Line", "Section", "bar", "sections"]

BAR = 24
_SHOWN = 12
_EIGHTHS = " ▏▎▍▌▋▊▉"

_KIND_NAMES = {
    "user": "your words",
    "answers": "answers",
    "reasoning": "thoughts",
    "calls": "tool calls",
    "output": "tool output",
    "images": "images",
    "snippets": "snippets of files",
    "other": "instructions, edits",
    "frame": "ids, times, context",
}
_NOTHING = {
    "directory": "(no directory)",
    "model": "(no model)",
    "month": "(no date)",
    "tag": "(no tag)",
}


@dataclass(frozen=True, slots=True)
class Line:
    """`group` and `name` say which sessions it is about; `index` of a message; `amount` in bytes."""

    group: str
    name: str
    label: str
    amount: int
    note: str = ""
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    lines: tuple[Line, ...]
    hidden: int = 0

    @property
    def largest(self) -> int:
        return max((line.amount for line in self.lines), default=0)


def bar(amount: int, largest: int, width: int = BAR) -> str:
    """Up to `width` cells; what is not nothing shows at least a sliver."""
    if not amount or not largest:
        return ""
    eighths = max(1, round(amount / largest * width * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def sections(stats: Stats, shown: int = _SHOWN) -> list[Section]:
    """Every group, kinds of content first; months in their order, all else the largest first."""
    found = [_kinds(stats)]
    for group in GROUPS:
        tallies = stats.groups[group]
        order = sorted(tallies, key=lambda name, t=tallies: t[name].disk, reverse=True)
        if group == "month":
            order = sorted(tallies, reverse=True)
        lines = tuple(
            Line(
                group,
                name,
                _label(group, name),
                tallies[name].disk,
                counted(tallies[name].sessions, "session"),
            )
            for name in order[:shown]
        )
        found.append(Section(f"By {group}", lines, max(0, len(order) - shown)))
    found.append(_sessions(stats, shown))
    found.append(_messages(stats, shown))
    return found


def headline(stats: Stats, in_trash: int = 0) -> str:
    """The totals in a line; `in_trash` are the bytes of deleted sessions, which still take their space."""
    total = stats.total
    words = [
        counted(total.sessions, "session"),
        counted(stats.messages, "message"),
        f"{size(total.disk)} on disk",
        f"{size(total.plain)} decompressed",
    ]
    if stats.incomplete:
        words.append(f"{stats.incomplete:,} not wholly readable")
    if in_trash:
        words.append(f"{size(in_trash)} in the trash")
    return " · ".join(words)


def _kinds(stats: Stats) -> Section:
    whole = sum(stats.kinds.values()) or 1
    lines = [
        Line("kind", kind, _KIND_NAMES[kind], stats.kinds[kind], _share(stats.kinds[kind], whole))
        for kind in KINDS
        if stats.kinds[kind]
    ]
    lines.sort(key=lambda line: line.amount, reverse=True)
    return Section("By kind of content, decompressed", tuple(lines))


def _share(amount: int, whole: int) -> str:
    percent = amount * 100 / whole
    return f"{percent:.0f} %" if percent >= 0.5 else "< 1 %"


def _sessions(stats: Stats, shown: int) -> Section:
    lines = tuple(
        Line("session", path, safe_line(title).strip() or "(no title)", disk)
        for disk, path, title in stats.largest_sessions[:shown]
    )
    return Section("The largest sessions", lines)


def _messages(stats: Stats, shown: int) -> Section:
    lines = tuple(
        Line(
            "session",
            each.path,
            f"{safe_line(each.title).strip() or '(no title)'}",
            each.size,
            f"message {each.index + 1:,}, {_KIND_NAMES[each.kind]}",
            each.index,
        )
        for each in stats.largest_messages[:shown]
    )
    return Section("The largest messages, decompressed", lines)


def _label(group: str, name: str) -> str:
    if not name:
        return _NOTHING[group]
    return safe_line(short_path(name) if group == "directory" else name)
