"""What a person should know before deleting sessions, as lines.  Pure, no Textual.

Strategy: the same facts as in the browser's dialog, from scanned entries: when they were last used, how many
are favorites, and how many an agent may still be using.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agcx_tui.core.words.format import elapsed

if TYPE_CHECKING:
    from agcx_format.store.store import ScanEntry

__all__ = ["deletion_facts", "link_fact"]


def deletion_facts(
    entries: Sequence[ScanEntry], at_work: int, now: int, links: int = 0
) -> list[str]:
    """The facts about these sessions, a line each.

    Args:
        entries: The sessions to delete.
        at_work: How many of them a running agent may be using.
        now: The time in microseconds since 1970.
        links: How many of the files are symbolic links.
    """
    lines = [_age(entries, now)]
    if favorites := sum(bool(e.metadata and e.metadata.is_favorite) for e in entries):
        text = f"★ {favorites:,} of them are favorites."
        if favorites == 1:
            text = "★ It is a favorite." if len(entries) == 1 else "★ One of them is a favorite."
        lines.append(text)
    if at_work:
        which = (
            "It" if len(entries) == 1 else "One of them" if at_work == 1 else f"{at_work:,} of them"
        )
        lines.append(
            f"! {which} changed in the last 5 minutes: an agent may be using it and save it again."
        )
    if links:
        lines.append(link_fact(links, len(entries)))
    goes, them = ("It goes", "it") if len(entries) == 1 else ("They go", "them")
    lines.append(f"{goes} to the store's trash; agcx undo restores {them}.")
    return lines


def link_fact(links: int, count: int) -> str:
    """That `links` of `count` files are symbolic links."""
    if count == 1:
        return "It is a link: the link is deleted, the file that it leads to stays."
    which = "One of them is a link" if links == 1 else f"{links:,} of them are links"
    return f"{which}: a link is deleted, the file that it leads to stays."


def _age(entries: Sequence[ScanEntry], now: int) -> str:
    """`Last used 3 months ago.`, or the range of times."""
    from agcx_format.space.rules import last_used

    spans = [now - last_used(entry) // 1000 for entry in entries]
    newest, oldest = elapsed(max(0, min(spans))), elapsed(max(0, max(spans)))
    if newest == oldest:
        return f"Last used {newest} ago."
    return f"Last used between {oldest} ago and {newest} ago."
