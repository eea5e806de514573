"""What the browser says above its list: the title line, and what the filter found."""

from __future__ import annotations

from textual.content import Content

from agcx_format.transcript import safe_line
from agcx_tui.core.importing.background import SyncState
from agcx_tui.core.sessions.groups import Grouping
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.store.feed import FeedState
from agcx_tui.core.words import format

__all__ = ["filter_found", "title_line"]


def title_line(
    table: SessionTable, state: FeedState, path: str | None, grouping: Grouping, sync: SyncState
) -> tuple[Content, Content | str]:
    """What is on the left, and on the right."""
    shown = safe_line(format.short_path(path)) if path else "no store"
    left = Content.assemble(("agcx", "bold $primary"), "  ", shown)
    totals = _totals(table, state) if path else Content("")
    if grouping != "none":
        totals = Content(f"by {grouping} · ") + totals
    return left, _sync(sync) + totals


def _sync(sync: SyncState) -> Content:
    """What the import in the background does; nothing if it is done in a moment."""
    if sync.problem:
        return Content.styled("import failed, i shows why · ", "$text-warning")
    return Content(f"importing {sync.done:,} of {sync.found:,} · " if sync.found > 1 else "")


def _totals(table: SessionTable, state: FeedState) -> Content:
    totals = table.totals
    if state.vanished or state.error is not None:
        return Content.styled("gone" if state.vanished else "cannot be read", "$error")
    if state.reading and not state.table_is_known:
        of = f" of {state.files:,}" if state.files else ""
        return Content(f"reading… {totals.sessions:,}{of}")
    left_out = _left_out(table)
    parts = [format.counted(totals.sessions - left_out, "session")]
    if left_out:
        parts.append(format.counted(left_out, "subagent"))
    right = Content(" · ".join([*parts, format.size(totals.size)]))
    if totals.broken:
        right += Content.assemble(" · ", (f"{totals.broken:,} unreadable", "$error"))
    return right


def _left_out(table: SessionTable) -> int:
    """The subagents that are in the store and not in the list; not asked while rows still arrive."""
    return 0 if table.expected else table.subagents.left_out


def filter_found(table: SessionTable, listed_as: str, unread: int) -> tuple[str, str]:
    """What is on the left, and on the right; `listed_as` is what `is:listed` shows.

    `unread` sessions are still to be read before all is found.
    """
    if not table.query:
        return "", ""
    listed = any(term.value == "listed" and not term.negated for term in table.query.terms)
    more = f" · reading {unread:,} …" if unread else ""
    return (
        listed_as if listed else "",
        f"{len(table.order):,} of {len(table) - _left_out(table):,}{more}",
    )
