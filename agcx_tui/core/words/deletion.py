"""What a person should know before deleting sessions, as lines.  Pure, no Textual.

Strategy: one function for each fact, so that the browser's dialog, which has rows of a table, and the
command line, which has scanned entries, say the same about the same sessions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from agcx_tui.core.words.format import counted, elapsed

if TYPE_CHECKING:
    from agcx_format import ScanEntry
    from agcx_format.store import TrashedSession

__all__ = [
    "age_line",
    "deletion_facts",
    "destroyed_sessions",
    "favorites_line",
    "in_use_line",
    "link_line",
]


def destroyed_sessions(sessions: Sequence[TrashedSession]) -> str:
    """How many sessions of the trash are meant: `2 deleted sessions and 26 earlier versions`."""
    versions = sum(session.is_version for session in sessions)
    deleted = len(sessions) - versions
    words = [counted(deleted, "deleted session")] if deleted or not versions else []
    return " and ".join([*words, *([counted(versions, "earlier version")] if versions else [])])


def deletion_facts(
    entries: Sequence[ScanEntry],
    in_use: int,
    now: int,
    links: int = 0,
    *,
    permanently: bool = False,
) -> list[str]:
    """The facts about these sessions, a line each.

    Args:
        entries: The sessions to delete.
        in_use: How many of them a running agent may be using.
        now: The time in microseconds since 1970.
        links: How many of the files are symbolic links.
        permanently: Whether they are destroyed.
    """
    from agcx_format.space import last_used

    count = len(entries)
    favorites = sum(bool(each.metadata and each.metadata.is_favorite) for each in entries)
    goes, them = ("It goes", "it") if count == 1 else ("They go", "them")
    lines = [
        age_line((last_used(entry) // 1000 for entry in entries), now),
        favorites_line(favorites, count),
        f"! {line}" if (line := in_use_line(in_use, count)) else "",
        link_line(links, count),
        f"Nothing can restore {them}."
        if permanently
        else f"{goes} to the trash; agcx undo restores {them}.",
    ]
    return [line for line in lines if line]


def age_line(last_used: Iterable[int], now: int) -> str:
    """`Last used 3 months ago.`, or the range of times, in microseconds since 1970."""
    spans = [max(0, now - moment) for moment in last_used]
    newest, oldest = elapsed(min(spans)), elapsed(max(spans))
    if newest == oldest:
        return f"Last used {newest} ago."
    return f"Last used between {oldest} and {newest} ago."


def favorites_line(favorites: int, count: int) -> str:
    """That `favorites` of `count` sessions are favorites; empty if none is."""
    if not favorites:
        return ""
    if favorites == 1:
        return "★ It is a favorite." if count == 1 else "★ One of them is a favorite."
    return f"★ {favorites:,} of them are favorites."


def in_use_line(in_use: int, count: int) -> str:
    """That an agent may be using `in_use` of `count` sessions; empty if none."""
    if not in_use:
        return ""
    which = "It" if count == 1 else "One of them" if in_use == 1 else f"{in_use:,} of them"
    return f"{which} changed in the last 5 minutes: an agent may be using it and save it again."


def link_line(links: int, count: int) -> str:
    """That `links` of `count` files are symbolic links; empty if none is."""
    if not links:
        return ""
    if count == 1:
        return "It is a link: the link is deleted, the file that it leads to stays."
    which = "One of them is a link" if links == 1 else f"{links:,} of them are links"
    return f"{which}: a link is deleted, the file that it leads to stays."
