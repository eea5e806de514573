"""The questions before sessions are deleted: the numbers that matter, and Cancel first.

Strategy: whoever wants to delete calls `ask_to_delete`, so that favourites are asked about twice
everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from agcx_tui import wording
from agcx_tui.safe_text import safe_line
from agcx_tui.screens.dialog import Dialog
from agcx_tui.session_table import SessionTable

# A file that changed since then may belong to an agent that is still at it.
_RUNNING = 5 * wording.MINUTE
_LISTED = 3


def ask_to_delete(
    app: App, table: SessionTable, rows: Sequence[int], now: int, delete: Callable[[], None]
) -> None:
    """Ask about these rows, and again when favourites are among them; `delete` follows the last yes."""

    def answered_again(yes: bool | None) -> None:
        if yes:
            delete()

    def answered(yes: bool | None) -> None:
        if yes and any(map(table.favorite, rows)):
            app.push_screen(ConfirmFavorites.among(table, rows), answered_again)
        else:
            answered_again(yes)

    app.push_screen(ConfirmDelete.about(table, rows, now), answered)


class ConfirmDelete(Dialog[bool]):
    """True to delete; False or None not to."""

    DEFAULT_CSS = """
    ConfirmDelete #delete {
        color: $error;
        &:focus, &:hover { background: $error; color: $background; }
    }
    """

    def __init__(self, question: str, lines: Sequence[Content]) -> None:
        super().__init__()
        self._question = question
        self._lines = lines

    @classmethod
    def about(cls, table: SessionTable, rows: Sequence[int], now: int) -> Self:
        """The question for these rows of a table, at `now` (microseconds since 1970)."""
        totals = table.totals_of(rows)
        what = "this session" if len(rows) == 1 else wording.counted(len(rows), "session")
        return cls(f"Delete {what}, {wording.size(totals.size)}?", _facts(table, rows, now))

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(Content(self._question), id="question", markup=False)
            yield Static(Content("\n").join(self._lines), id="facts", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Delete", id="delete")

    def on_mount(self) -> None:
        self.query_one("#cancel").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "delete")


class ConfirmFavorites(ConfirmDelete):
    """The second question, which names the favourites."""

    @classmethod
    def among(cls, table: SessionTable, rows: Sequence[int]) -> Self:
        """The question for the favourites among these rows of a table."""
        favorites = [row for row in rows if table.favorite(row)]
        them = "this favourite" if len(favorites) == 1 else f"these {len(favorites):,} favourites"
        lines = _titles(table, favorites)
        if len(favorites) == len(rows):
            return cls(f"Really delete {them}?", lines)
        everything = "both" if len(rows) == 2 else f"all {len(rows):,}"
        lines += [Content(""), Content(f"Cancel keeps {everything} sessions.")]
        return cls(f"Delete {them}, too?", lines)


def _titles(table: SessionTable, rows: Sequence[int]) -> list[Content]:
    lines = [_title(table, row) for row in rows[:_LISTED]]
    if len(rows) > _LISTED:
        lines.append(Content.styled(f"and {len(rows) - _LISTED:,} more", "$text-muted"))
    return lines


def _facts(table: SessionTable, rows: Sequence[int], now: int) -> list[Content]:
    lines = [*_titles(table, rows), Content("")]
    if age := _age(table, rows, now):
        lines.append(Content(age))
    if favorites := sum(map(table.favorite, rows)):
        text = f"★ {favorites:,} of them are favourites."
        if favorites == 1:
            text = "★ It is a favourite." if len(rows) == 1 else "★ One of them is a favourite."
        lines.append(Content.styled(text, "$accent"))
    shown = set(table.order)
    if hidden := sum(row not in shown for row in rows):
        lines.append(Content.styled(f"The filter hides {hidden:,} of them now.", "$warning"))
    if running := sum(now - table.changed(row) < _RUNNING for row in rows):
        which = "It" if len(rows) == 1 else f"{running:,} of them"
        text = f"{which} changed in the last 5 minutes: an agent may be at work on it and save it again."
        lines.append(Content.styled(text, "$warning"))
    them = "It goes" if len(rows) == 1 else "They go"
    lines.append(Content(f"{them} to the store's trash; u undoes this."))
    return lines


def _title(table: SessionTable, row: int) -> Content:
    title = table.title(row) or table.id(row)
    flag = "!" if table.broken(row) else "★" if table.favorite(row) else " "
    return Content(f"{flag} {safe_line(title).strip()}").truncate(54, ellipsis=True)


def _age(table: SessionTable, rows: Sequence[int], now: int) -> str:
    """`Last used 3 months ago`, or between when and when."""
    dates = [now - table.date(row, "accessed") for row in rows]
    newest, oldest = wording.elapsed(max(0, min(dates))), wording.elapsed(max(0, max(dates)))
    if newest == oldest:
        return f"Last used {newest} ago."
    return f"Last used between {oldest} ago and {newest} ago."
