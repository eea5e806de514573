"""The half of the browser that changes things: open, copy, export, delete, undo.

Strategy: what is to be changed is asked for here and done by a thread (`store_work`), which posts what
came of it; the handlers then change the table.  The keys are bound in `browser.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import on, work
from textual.message import Message
from textual.screen import Screen

from agcx_format.acts import Act
from agcx_format.durable import Signature
from agcx_format.errors import NothingToUndo, PersistenceError, StaleSession
from agcx_format.store import ScanEntry, Store
from agcx_tui import store_work, wording
from agcx_tui.safe_text import safe_line
from agcx_tui.session_table import SessionTable
from agcx_tui.widgets.session_list import SessionList


class ActingScreen(Screen[None]):
    """A screen with a table of sessions, a list that shows it, and the store that they are from."""

    table: SessionTable
    sessions: SessionList
    store: Store | None = None
    now: Callable[[], int]

    class Deleted(Message):
        def __init__(self, act: Act, paths: list[str]) -> None:
            super().__init__()
            self.act = act
            self.paths = paths

    class Undone(Message):
        def __init__(self, act: Act, entries: list[ScanEntry]) -> None:
            super().__init__()
            self.act = act
            self.entries = entries

    class Failed(Message):
        """An act did not happen; nothing changed."""

        def __init__(self, what: str, error: PersistenceError) -> None:
            super().__init__()
            self.what = what
            self.error = error

    def table_changed(self) -> None:
        """Show the table as it is now."""
        raise NotImplementedError

    def action_rescan(self) -> None:
        """Read the store again."""
        raise NotImplementedError

    def _chosen(self) -> list[int]:
        """The marked sessions in the order shown, the hidden ones last; else the one at the cursor."""
        if self.table.marks:
            shown = [row for row in self.table.order if row in self.table.marks]
            return shown + sorted(self.table.marks - set(shown))
        return [] if self.sessions.cursor is None else [self.sessions.cursor]

    @on(SessionList.Opened)
    def _open(self, message: SessionList.Opened) -> None:
        from agcx_tui.screens.conversation import ConversationScreen

        row = message.row
        if row is None:
            return
        if self.table.broken(row):
            reason = wording.short_reason(self.table.error(row))
            self.notify(f"It cannot be opened: {reason}.", severity="warning", markup=False)
            return
        self.app.push_screen(ConversationScreen(self.table.path(row)))

    def action_copy_id(self) -> None:
        if self.sessions.cursor is not None:
            self._copy(self.table.id(self.sessions.cursor))

    def action_copy_path(self) -> None:
        if self.sessions.cursor is not None:
            self._copy(self.table.path(self.sessions.cursor))

    def _copy(self, text: str) -> None:
        self.app.copy_to_clipboard(text)
        self.notify(f"Copied {safe_line(text)}", markup=False)

    def action_export(self) -> None:
        from agcx_tui.screens.export import ExportItem, ask_for_export

        table = self.table
        rows = [row for row in self._chosen() if not table.broken(row)]
        if not rows:
            self.notify("There is nothing here that can be exported.", markup=False)
            return
        items = [ExportItem(table.path(row), table.id(row), table.title(row)) for row in rows]
        ask_for_export(self.app, items)

    def action_delete(self) -> None:
        from agcx_tui.screens.confirm import ConfirmDelete

        rows = self._chosen()
        if not rows or self.store is None:
            return
        question = ConfirmDelete.about(self.table, rows, self.now())
        files = [(self.table.path(row), self.table.signature(row)) for row in rows]

        def answered(yes: bool | None) -> None:
            if yes and self.store is not None:
                self._delete(self.store, files)

        self.app.push_screen(question, answered)

    @work(thread=True, group="acts")
    def _delete(self, store: Store, files: list[tuple[str, Signature | None]]) -> None:
        try:
            act = store_work.delete(store, files)
            self.post_message(self.Deleted(act, [path for path, _ in files]))
        except PersistenceError as error:
            self.post_message(self.Failed("Nothing was deleted", error))

    def on_acting_screen_deleted(self, message: Deleted) -> None:
        rows = [self.table.row_of(path) for path in message.paths]
        self.table.remove(row for row in rows if row is not None)
        self.table_changed()
        act = message.act
        them = "it" if act.count == 1 else "them"
        self.notify(f"Deleted {_named(act)}. u brings {them} back.", markup=False)

    def action_undo(self) -> None:
        if self.store is not None:
            self._undo(self.store)

    @work(thread=True, group="acts")
    def _undo(self, store: Store) -> None:
        try:
            self.post_message(self.Undone(*store_work.undo(store)))
        except PersistenceError as error:
            self.post_message(self.Failed("Nothing was undone", error))

    def on_acting_screen_undone(self, message: Undone) -> None:
        rows = self.table.put(message.entries)
        self.table_changed()
        if rows:
            self.sessions.go_to(rows[0])
        self.app.clear_notifications()
        self.notify(f"Brought back {_named(message.act)}.", markup=False)

    def on_acting_screen_failed(self, message: Failed) -> None:
        error = message.error
        if isinstance(error, NothingToUndo):
            self.notify("There is nothing to undo.", markup=False)
            return
        if isinstance(error, StaleSession):
            # What is shown is out of date: show what is there before it is asked for again.
            self.action_rescan()
        text = f"{message.what}: {safe_line(str(error))}"
        self.notify(text, severity="error", timeout=10, markup=False)


def _named(act: Act) -> str:
    """`“Fix the grid”, 1.2 MB`, or how many they are."""
    size = wording.size(act.size)
    if act.count == 1:
        title = safe_line(act.titles[0]).strip() or "(no title)"
        return f"“{title[:60]}”, {size}"
    return f"{wording.counted(act.count, 'session')}, {size}"
