"""The pages shown in place of the list, or of a conversation, when there is nothing to show: why, and what to
do.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from textual.content import Content

from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.core.sessions import query
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.store.feed import StoreFeed
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from agcx_tui.core.words.help_pages import HelpSection

_Part = str | tuple[str, str]


def instead_of_list(
    table: SessionTable, feed: StoreFeed, typed: str, unread: int = 0
) -> Content | None:
    """The page to show in place of the list; None if there is a list.

    `typed` is the filter, for which `unread` sessions are still to be read.
    """
    state, path = feed.state, feed.path
    if state.vanished:
        return vanished(path or "")
    if table.order:
        return None
    if state.error is not None:
        return unreadable(state.error)
    if len(table):
        if typed.split() == ["is:here"] and not (state.reading or unread):
            return nothing_here(table.here)
        return no_match(typed, reading=not state.table_is_known or unread > 0)
    if state.reading:
        return loading() if state.slow else None
    missing = path is not None and not os.path.isdir(path)
    return empty(path, feed.looked, missing=missing)


def loading() -> Content:
    return _page("Reading the store…")


def empty(store_path: str | None, looked: list[str], *, missing: bool = False) -> Content:
    """There are no sessions; `missing` if the directory does not exist."""
    places = looked or ([store_path] if store_path else [])
    parts: list[_Part] = []
    if places:
        parts += [
            "Looked in\n",
            *[f"  {safe_line(format.short_path(p))}\n" for p in places],
            "\n",
        ]
    parts += [
        ("  i                ", "bold $primary"), "   import conversations of the agents found here\n",
        ("  agcx import PATH ", "bold $primary"), "   import files from elsewhere\n",
        ("  agcx demo        ", "bold $primary"), "   a small demo store\n",
        ("  agcx --store PATH", "bold $primary"), "   open another store\n\n",
        "F5 reload · q quit",
    ]  # fmt: skip
    title = "No sessions yet" if store_path else "No store found"
    return _page(f"{title}: the directory does not exist" if missing else title, *parts)


def nothing_here(directory: str) -> Content:
    """No session is of the project that the program was started in."""
    return _page(
        "No session was in this directory",
        f"{safe_line(format.short_path(directory))}\n\n",
        (".", "bold $primary"), " shows all sessions again.",
    )  # fmt: skip


def no_match(typed: str, *, reading: bool = False) -> Content:
    """The page for a filter that matches nothing, or nothing so far while sessions are being read."""
    keys = "  ".join(f"{key}:" for key in query.KEYS)
    return _page(
        "No session matches so far; reading…" if reading else "No session matches",
        f"{safe_line(typed)}\n\n",
        ("Enter", "bold $primary"), " searches inside all conversations.\n",
        ("Esc", "bold $primary"), " shows all sessions again.\n\n",
        "Words and /regex/ match the title, tags, model, id, project, and first words.\n",
        f"Keys: {keys}\n",
        "Tab completes them. - excludes, as in -tag:done.",
    )  # fmt: skip


def unreadable(error: PersistenceError) -> Content:
    return _page(
        "The store cannot be read",
        f"{safe_line(format.short_path(error.path or ''))}\n",
        (f"{safe_line(error.reason)}\n\n", "$error"),
        "F5 to reload, ", ("agcx --store PATH", "bold $primary"), " to open another.",
    )  # fmt: skip


def vanished(path: str) -> Content:
    return _page(
        "The store is gone",
        f"{safe_line(format.short_path(path))}\n",
        ("It was removed or renamed, or its disk was unmounted.\n\n", "$error"),
        "agcx looks for it every second; the list returns as you left it.\n",
        "F5 to look now, ", ("agcx --store PATH", "bold $primary"), " to open another, q to quit.",
    )  # fmt: skip


def no_conversation(error: PersistenceError, path: str, *, gone: bool) -> Content:
    """A conversation cannot be opened; `path` stands in if the error names no file, `gone` if it was
    removed.
    """
    facts = [("file", format.short_path(error.path or path))]
    if error.section:
        facts.append(("section", error.section))
    if error.offset is not None:
        unit = "decompressed byte" if error.decompressed else "byte"
        facts.append(("offset", f"{unit} {error.offset:,}"))
    reason = "It was removed or renamed, or its disk was unmounted." if gone else error.reason
    return Content.assemble(
        ("This session is gone" if gone else "This conversation cannot be read", "bold $text-error"),
        "\n\n",
        (safe_line(reason), "$foreground"),
        "\n\n",
        *(f"{name:<9}{safe_line(value)}\n" for name, value in facts),
        "\n" if gone else "\nThe file was not changed.  ",
        ("F5", "bold $primary"), " reload   ", ("esc", "bold $primary"), " back",
    )  # fmt: skip


def filter_help() -> HelpSection:
    from agcx_tui.core.words.help_pages import HelpSection

    rows = (
        ('grid  "two words"', "in title, tags, model, id, first words"),
        ("/gri[dt]/", "a regular expression"),
        ("project:site  branch:main", "or dir:, agent:"),
        ("model:gpt  tag:ui  id:5af4", "in that field"),
        ("mode:build", "or plan, review"),
        ("is:favorite", "or empty, imported, marked"),
        ("is:broken", "seen to be damaged; V reads all of it"),
        ("is:listed", "chosen on the storage screen"),
        ("after:2024-11  before:3d", "by the date shown in the list"),
        ("larger:1MB  smaller:20k", "on disk"),
        ("messages:>100  turns:>5", "or <, >=, <=, a number"),
        ("is:failed", "a call failed; or edited, branched"),
        ("file:a.py  tool:shell", "touched or used in it"),
        ("duration:>1h", "not counting breaks"),
        ("checkpoint:release", "has a checkpoint of that name"),
        ("-tag:done", "- excludes"),
        ("tab", "completes keys and values"),
    )
    return HelpSection("The filter", rows)


def _page(title: str, *parts: _Part) -> Content:
    return Content.assemble((title, "bold $foreground"), "\n\n", *parts)
