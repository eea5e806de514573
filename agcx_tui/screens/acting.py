"""The half of the browser that changes things: open, copy, export, delete, undo.

Strategy: what is to be changed is asked for here and done by a thread (`store_work`), which posts what
came of it; the handlers then change the table.  The keys are bound in `browser.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on, work
from textual.message import Message
from textual.screen import Screen

from agcx_format.errors import NothingToUndo, PersistenceError, SessionNotFound, StaleSession
from agcx_tui import wording
from agcx_tui.safe_text import safe_line
from agcx_tui.session_table import SessionTable
from agcx_tui.widgets.session_list import SessionList

if TYPE_CHECKING:
    from agcx_format.acts import Act
    from agcx_format.durable import Signature
    from agcx_format.store import Store
    from agcx_tui import store_work


class ActingScreen(Screen[None]):
    """A screen with a table of sessions, a list that shows it, and the store that they are from."""

    table: SessionTable
    sessions: SessionList
    store: Store | None = None
    now: Callable[[], int]

    class Acted(Message):
        """An act was done, or undone; `said` tells the person."""

        def __init__(self, outcome: store_work.Outcome, said: str, go_there: bool) -> None:
            super().__init__()
            self.outcome = outcome
            self.said = said
            self.go_there = go_there

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

    def _files(self, rows: list[int]) -> list[tuple[str, Signature | None]]:
        return [(self.table.path(row), self.table.signature(row)) for row in rows]

    @on(SessionList.Opened)
    def _open(self, message: SessionList.Opened) -> None:
        row = message.row
        if row is None:
            return
        if not self.table.readable(row):
            reason = wording.short_reason(self.table.error(row))
            self.notify(f"It cannot be opened: {reason}.", severity="warning", markup=False)
            return
        self.app.push_screen(self.app.conversation(self.table.path(row), self.store))

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
        from agcx_tui.screens.export import ExportItem
        from agcx_tui.screens.export_run import ask_for_export

        table = self.table
        rows = [row for row in self._chosen() if table.readable(row)]
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
        files = self._files(rows)

        def answered(yes: bool | None) -> None:
            if yes and self.store is not None:
                self._delete(self.store, files)

        self.app.push_screen(question, answered)

    @work(thread=True, group="acts")
    def _delete(self, store: Store, files: list[tuple[str, Signature | None]]) -> None:
        from agcx_tui import store_work

        try:
            outcome = store_work.delete(store, files)
        except PersistenceError as error:
            self.post_message(self.Failed("Nothing was deleted", error))
            return
        them = "it" if outcome.act.count == 1 else "them"
        said = f"Deleted {_named(outcome.act)}. u brings {them} back."
        self.post_message(self.Acted(outcome, said, go_there=False))

    def action_favorite(self) -> None:
        """Star what is chosen; when all of it has a star, take the stars."""
        rows = [row for row in self._chosen() if not self.table.broken(row)]
        if rows and self.store is not None:
            favorite = not all(map(self.table.favorite, rows))
            self._set_favorite(self.store, self._files(rows), favorite)

    @work(thread=True, group="acts")
    def _set_favorite(
        self, store: Store, files: list[tuple[str, Signature | None]], favorite: bool
    ) -> None:
        from agcx_tui import store_work

        try:
            outcome = store_work.set_favorite(store, files, favorite)
        except PersistenceError as error:
            self.post_message(self.Failed("Nothing was changed", error))
            return
        said = f"{'★ ' if favorite else 'No star: '}{_named(outcome.act)}"
        self.post_message(self.Acted(outcome, said, go_there=False))

    def action_undo(self) -> None:
        if self.store is not None:
            self._undo(self.store)

    @work(thread=True, group="acts")
    def _undo(self, store: Store) -> None:
        from agcx_tui import store_work

        try:
            outcome = store_work.undo(store)
        except PersistenceError as error:
            self.post_message(self.Failed("Nothing was undone", error))
            return
        verb = "Brought back" if outcome.act.kind == "delete" else f"Undone, {outcome.act.kind} of"
        self.post_message(self.Acted(outcome, f"{verb} {_named(outcome.act)}.", go_there=True))

    def on_acting_screen_acted(self, message: Acted) -> None:
        outcome = message.outcome
        gone = map(self.table.row_of, outcome.gone)
        self.table.remove(row for row in gone if row is not None)
        rows = self.table.put(outcome.entries)
        self.table_changed()
        if rows and message.go_there:
            self.sessions.go_to(rows[0])
        # What was said of the act before is out of date.
        self.app.clear_notifications()
        self.notify(message.said, markup=False)

    def on_acting_screen_failed(self, message: Failed) -> None:
        error = message.error
        if isinstance(error, NothingToUndo):
            self.notify("There is nothing to undo.", markup=False)
            return
        if isinstance(error, StaleSession | SessionNotFound):
            # What is shown is out of date: show what is there before it is asked for again.
            self.action_rescan()
        if isinstance(error, SessionNotFound):
            text = f"{message.what}: it is gone already, by another program."
            self.notify(text, severity="warning", markup=False)
            return
        text = f"{message.what}: {safe_line(str(error))}"
        self.notify(text, severity="error", timeout=10, markup=False)


def _named(act: Act) -> str:
    """`“Fix the grid”, 1.2 MB`, or how many they are."""
    size = wording.size(act.size)
    if act.count == 1:
        title = safe_line(act.titles[0]).strip() or "(no title)"
        return f"“{title[:60]}”, {size}"
    return f"{wording.counted(act.count, 'session')}, {size}"
