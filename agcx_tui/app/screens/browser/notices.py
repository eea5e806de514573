"""The pages shown in place of the list, or of a conversation, when there is nothing to show: why, and what to
do.
"""

from __future__ import annotations

import os

from textual.content import Content

from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.core.sessions import query
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.store.feed import StoreFeed
from agcx_tui.core.words import format

_Part = str | tuple[str, str]


def instead_of_list(table: SessionTable, feed: StoreFeed, typed: str) -> Content | None:
    """The page to show in place of the list; None if there is a list.  `typed` is the filter."""
    state, path = feed.state, feed.path
    if state.vanished:
        return vanished(path or "")
    if table.order:
        return None
    if state.error is not None:
        return unreadable(state.error)
    if len(table):
        return no_match(typed, len(table))
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
            "It was looked for in\n",
            *[f"  {safe_line(format.short_path(p))}\n" for p in places],
            "\n",
        ]
    parts += [
        "To get conversations in:\n",
        ("  agcx import codex", "bold $primary"), "    those of Codex, where it keeps them\n",
        ("  agcx import claude", "bold $primary"), "   those of Claude Code\n",
        ("  agcx demo        ", "bold $primary"), "    try all of this on a small store of its own\n",
        ("  agcx --store PATH", "bold $primary"), "    another store\n\n",
        "F5 looks again, q quits.",
    ]  # fmt: skip
    title = "No sessions yet" if store_path else "No store was found"
    return _page(f"{title}: the directory is not there" if missing else title, *parts)


def no_match(typed: str, sessions: int) -> Content:
    keys = "  ".join(f"{key}:" for key in query.KEYS)
    none = (
        "The only session does not fit" if sessions == 1 else f"None of {sessions:,} sessions fits"
    )
    return _page(
        "Nothing matches",
        f"{none}  {safe_line(typed)}\n\n",
        ("Tab", "bold $primary"), " in the line, or ", ("f", "bold $primary"),
        " in the list, searches inside all conversations.\n",
        ("Esc", "bold $primary"), " shows all of them again.\n\n",
        "Words are looked for in title, tags, model, id and the first words said.\n",
        f"Keys: {keys}\n",
        "Tab completes them. A - before a word or key means not, as in -tag:done.",
    )  # fmt: skip


def unreadable(error: PersistenceError) -> Content:
    return _page(
        "The store cannot be read",
        f"{safe_line(format.short_path(error.path or ''))}\n",
        (f"{safe_line(error.reason)}\n\n", "$error"),
        "F5 tries again, ", ("agcx --store PATH", "bold $primary"), " opens another one.",
    )  # fmt: skip


def vanished(path: str) -> Content:
    return _page(
        "The store is gone",
        f"{safe_line(format.short_path(path))}\n",
        ("It was there, and is not any more: removed, renamed, or its disk is unmounted.\n\n", "$error"),
        "It is looked for again every second. When it is back, so is the list, as you left it.\n",
        "F5 looks at once, ", ("agcx --store PATH", "bold $primary"), " opens another one, q quits.",
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
    reason = "It was removed, renamed, or its disk is unmounted." if gone else error.reason
    return Content.assemble(
        ("This session is gone" if gone else "This conversation cannot be read", "bold $text-error"),
        "\n\n",
        (safe_line(reason), "$foreground"),
        "\n\n",
        *(f"{name:<9}{safe_line(value)}\n" for name, value in facts),
        "\n" if gone else "\nThe file was left as it is.  ",
        ("F5", "bold $primary"), " tries again,  ", ("esc", "bold $primary"), " goes back.",
    )  # fmt: skip


def filter_help() -> Content:
    rows = [
        ('grid  "two words"', "in title, tags, model, id, first words"),
        ("model:gpt  tag:ui  id:5af4", "in that column"),
        ("mode:build", "or plan, review"),
        ("is:favorite", "or broken, empty, imported, marked"),
        ("is:listed", "what a bar of the storage screen is about"),
        ("after:2024-11  before:3d", "by the date that the list shows"),
        ("larger:1MB  smaller:20k", "on disk"),
        ("messages:>100  turns:>5", "or <, >=, <=, a number"),
        ("is:failed", "a call failed; or edited, branched"),
        ("file:a.py  tool:shell", "named or used in it"),
        ("duration:>1h", "without breaks"),
        ("checkpoint:release", "has one of that name"),
        ("-tag:done", "a - before any of them: not"),
        ("tab", "completes keys and values"),
    ]
    lines = [Content.styled("The filter", "bold $primary")]
    lines += [Content.assemble((f"  {left:<28} ", "bold"), right) for left, right in rows]
    return Content("\n").join(lines)


def _page(title: str, *parts: _Part) -> Content:
    return Content.assemble((title, "bold $foreground"), "\n\n", *parts)
