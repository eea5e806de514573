"""Which actions of the browser are of no use, or would do harm, while there is no store or no session."""

from __future__ import annotations

import os

from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.store.feed import FeedState

__all__ = ["useless"]

_ON_A_SESSION = frozenset(
    (
        "export",
        "delete",
        "duplicate",
        "verify",
        "favorite",
        "rename",
        "tags",
        "copy_id",
        "copy_path",
        "resume",
        "copy_resume",
        "preview",
        "view",
        "zoom",
    )
)  # fmt: skip
_ON_A_LIST = frozenset(
    ("filter", "search", "sort", "reverse", "group", "columns", "here", "subagents", "clear")
)
_IN_A_STORE = frozenset(("undo", "storage", "prune", "trash", "history"))


def useless(table: SessionTable, state: FeedState, path: str | None) -> frozenset[str]:
    """The names of actions that are not offered now; `path` is that of the store."""
    if state.vanished:
        # What was listed may come back, and is then listed as before.
        return _ON_A_SESSION | _IN_A_STORE | {"search", "import"}
    if table.order or table.marks or state.reading:
        return frozenset()
    if len(table):
        return _ON_A_SESSION
    # Without sessions there may still be a trash, if there is a store.
    is_there = path is not None and state.error is None and os.path.isdir(path)
    return _ON_A_SESSION | _ON_A_LIST | ({"prune"} if is_there else _IN_A_STORE)
