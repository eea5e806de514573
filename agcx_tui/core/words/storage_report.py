"""Where the space goes, as lines with bars, for the command line and the screen.

Strategy: pure functions of `Stats`; a line knows its group and name, so that a screen can open the list
filtered by them.  Bars are drawn in eighths of a cell, and always with the number beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

from agcx_format.space import GROUPS, KINDS, Stats
from agcx_format.transcript import safe_line
from agcx_tui.core.words.durations import seconds_text
from agcx_tui.core.words.format import counted, short_path, size

__all__ = ["BAR", "Line", "Section", "activity_sections", "bar", "headline", "sections"]

BAR = 24
_SHOWN = 12
_EIGHTHS = " ▏▎▍▌▋▊▉"

_KIND_NAMES = {
    "user": "your words",
    "answers": "answers",
    "reasoning": "reasoning",
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
    """One line of a section.

    Fields:
        group: What it is grouped by, such as `model`; `session` for a session or a message.
        name: Which sessions it is about: the model, the tag, or the path of one session.
        label: The text before the bar.
        amount: Bytes, or what `shown` says.
        note: The text after the bar.
        index: The number of a message, from 0.
        shown: The amount in words, if it is not bytes.
    """

    group: str
    name: str
    label: str
    amount: int
    note: str = ""
    index: int | None = None
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a title.

    Fields:
        hidden: How many more there are.
        most: The amount that fills a bar; 0 for that of the largest line.
    """

    title: str
    lines: tuple[Line, ...]
    hidden: int = 0
    most: int = 0

    @property
    def largest(self) -> int:
        """The amount that fills a bar."""
        return self.most or max((line.amount for line in self.lines), default=0)


def bar(amount: int, largest: int, longest: int = BAR) -> str:
    """A bar of up to `longest` cells; any amount above 0 is visible."""
    if not amount or not largest:
        return ""
    eighths = max(1, round(amount / largest * longest * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def sections(stats: Stats, shown: int = _SHOWN) -> list[Section]:
    """All sections, kinds of content first; months in order, everything else the largest first."""
    found = [_kinds(stats)]
    for group in GROUPS:
        tallies = stats.groups[group]
        by_size = sorted(tallies.items(), key=lambda item: item[1].disk, reverse=True)
        order = [name for name, _ in by_size]
        if group == "month":
            order.sort(reverse=True)
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


def activity_sections(stats: Stats) -> list[Section]:
    """What happened in the sessions: in all, and tool by tool, the most used first."""
    found = stats.activity
    if not found.sessions:
        return []
    totals = {
        "active": seconds_text(found.active_seconds) or "no time",
        "turns": f"{found.turns:,}",
        "tool calls": f"{found.calls:,}",
        "failed calls": f"{found.failed:,}",
        "lines added": f"+{found.added:,}",
        "lines removed": f"−{found.removed:,}",
        "edited messages": f"{found.edited:,}",
    }
    tools = sorted(found.tools.items(), key=lambda each: each[1].calls, reverse=True)
    lines = [
        Line(
            "tool",
            name,
            safe_line(name) or "(no name)",
            tally.calls,
            " · ".join(
                filter(
                    None,
                    (
                        f"{tally.failed:,} failed" if tally.failed else "",
                        seconds_text(tally.seconds),
                        counted(tally.sessions, "session"),
                    ),
                )
            ),
            shown=f"{tally.calls:,}",
        )
        for name, tally in tools[:_SHOWN]
    ]
    return [
        Section("Activity", tuple(Line("", "", name, 0, shown=n) for name, n in totals.items())),
        Section("Tools, by calls", tuple(lines), max(0, len(tools) - _SHOWN)),
    ]


def headline(stats: Stats, in_trash: int = 0, room: int | None = None) -> str:
    """The totals in a line; `in_trash` is the bytes of deleted sessions, which still take space.

    If they do not fit into `room` cells the messages are left out, then the size decompressed, then how many
    of the sessions are subagents.
    """
    total = stats.total
    sessions = counted(total.sessions, "session")
    if stats.subagents.sessions:
        sessions += f" ({counted(stats.subagents.sessions, 'subagent')})"
    optional = [counted(stats.messages, "message"), f"{size(total.plain)} decompressed"]
    words = [sessions, optional[0], f"{size(total.disk)} on disk", optional[1]]
    if stats.incomplete:
        words.append(f"{stats.incomplete:,} partly unreadable")
    if in_trash:
        words.append(f"{size(in_trash)} in the trash")
    for each in optional:
        if room is not None and len(" · ".join(words)) > room:
            words.remove(each)
    if room is not None and len(" · ".join(words)) > room:
        words[0] = counted(total.sessions, "session")
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
