"""An app that is a list of sessions and nothing else."""

from __future__ import annotations

from textual.app import App, ComposeResult

from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.core.sessions.table import SessionTable
from tests.support.entries import NOW, session


class ListApp(App[None]):
    """The list alone."""

    def __init__(self, table: SessionTable) -> None:
        super().__init__()
        self.sessions = SessionList(table, lambda: NOW)
        self.opened: list[int | None] = []

    def compose(self) -> ComposeResult:
        yield self.sessions

    def on_session_list_opened(self, message: SessionList.Opened) -> None:
        self.opened.append(message.row)

    @property
    def at(self) -> str:
        row = self.sessions.cursor
        return "" if row is None else self.sessions.table.title(row)

    @property
    def marked(self) -> list[str]:
        table = self.sessions.table
        return [table.title(row) for row in table.order if row in table.marks]


def many(count: int) -> SessionTable:
    """Sessions `t000`, `t001`, … of which the first is the newest."""
    table = SessionTable()
    table.put(
        session(n + 1, f"t{n:03}", accessed=f"2024-10-{30 - n // 24:02}T{23 - n % 24:02}:00:00Z")
        for n in range(count)
    )
    return table
