"""The to-do list that Copilot CLI keeps beside a session: the table `todos` of `session.db`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agcx_format.errors import ConversionError
from agcx_format.importing.fields import as_text
from agcx_format.importing.formats.sqlite import opened_read_only

__all__ = ["todo_list"]

# A longer list, or a longer entry of it, is cut.
_MOST, _LONGEST = 500, 2000
_DONE: Final = ("done", "completed")
_QUERY = "select substr(title, 1, ?), status from todos order by created_at, rowid limit ?"


def todo_list(events: Path) -> str:
    """The current list as a Markdown task list; empty if it is missing or unreadable."""
    path = events.with_name("session.db")
    if path.is_symlink() or not path.is_file():
        return ""
    try:
        with opened_read_only(path) as db:
            rows = db.execute(_QUERY, (_LONGEST, _MOST)).fetchall()
    except ConversionError:
        return ""
    return "\n".join(_entry(as_text(title), as_text(status)) for title, status in rows if title)


def _entry(title: str, status: str) -> str:
    words = " ".join(title.split())
    if status in _DONE:
        return f"- [x] {words}"
    unusual = "" if status in ("", "pending") else f" ({status.replace('_', ' ')})"
    return f"- [ ] {words}{unusual}"
