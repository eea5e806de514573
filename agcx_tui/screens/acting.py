"""The half of the browser that changes things: open, copy, export, delete, undo.

Strategy: what is to be changed is asked for here and done by a thread (`store_work`), which posts what
came of it; the handlers then change the table.  The keys are bound in `browser.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import count
from typing import TYPE_CHECKING

from textual import on, work
from textual.message import Message

from agcx_format.errors import NothingToUndo, PersistenceError, SessionNotFound, StaleSession
from agcx_tui import wording
from agcx_tui.copying import copy
from agcx_tui.safe_text import safe_line
from agcx_tui.screens.listing import ListingScreen
from agcx_tui.widgets.session_list import SessionList

if TYPE_CHECKING:
    from agcx_format.durable import Signature
    from agcx_format.store import Store
    from agcx_tui import store_work


class ActingScreen(ListingScreen[None]):
    """A listing screen, and the store that its sessions are from."""

    # None until somebody has opened it, some tenths of a second after the first rows.
    store: Store | None = None
    now: Callable[[], int]

    class Acted(Message):
        """An act was done, or undone; `said` tells the person, unless somebody else does."""

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

    def with_store(self, act: Callable[[Store], object]) -> None:
        """Do something with the store, as soon as there is one: no key is lost that comes before."""
        if self.store is not None:
            act(self.store)
        else:
            self._waiting_for_store.append(act)

    @property
    def _waiting_for_store(self) -> list[Callable[[Store], object]]:
        return self.__dict__.setdefault("_waiting", [])

    def use_store(self, store: Store) -> None:
        """Here it is."""
        self.store = store
        waiting = self._waiting_for_store[:]
        self._waiting_for_store.clear()
        for act in waiting:
            act(store)

    def action_rescan(self) -> None:
        """Read the store again."""
        raise NotImplementedError

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
        copy(self.app, text, safe_line(text))

    def action_export(self) -> None:
        from agcx_tui.screens.export import ExportItem
        from agcx_tui.screens.export_run import ask_for_export

        table = self.table
        rows = [row for row in self.chosen() if table.readable(row)]
        if not rows:
            self.notify("There is nothing here that can be exported.", markup=False)
            return
        items = [ExportItem(table.path(row), table.id(row), table.title(row)) for row in rows]
        ask_for_export(self.app, items)

    def action_delete(self) -> None:
        from agcx_tui.screens.confirm import ask_to_delete

        rows = self.chosen()
        if not rows:
            return
        # As they are shown now, whatever becomes of them while one thinks.
        files = self._files(rows)

        def confirmed() -> None:
            self.with_store(lambda store: self._delete(store, files))

        ask_to_delete(self.app, self.table, rows, self.now(), confirmed)

    @work(thread=True, group="acts")
    def _delete(self, store: Store, files: list[tuple[str, Signature | None]]) -> None:
        from agcx_tui import store_work
        from agcx_tui.act_words import named

        try:
            outcome = store_work.delete(store, files)
        except PersistenceError as error:
            self.post_message(self.Failed("Nothing was deleted", error))
            return
        them = "it" if outcome.act.count == 1 else "them"
        said = f"Deleted {named(outcome.act)}. u brings {them} back."
        self.post_message(self.Acted(outcome, said, go_there=False))

    def action_duplicate(self) -> None:
        row = self.sessions.cursor
        if row is None:
            return
        if not self.table.readable(row):
            self.notify("What cannot be read cannot be duplicated.", markup=False)
            return
        taken = {self.table.title(other) for other in self.table.in_order()}
        title = title_of_copy(self.table.title(row), taken)
        file = self._files([row])[0]
        self.with_store(lambda store: self._duplicate(store, file, title))

    @work(thread=True, group="acts")
    def _duplicate(self, store: Store, file: store_work.File, title: str) -> None:
        from agcx_tui import store_work
        from agcx_tui.act_words import named

        try:
            outcome = store_work.duplicate(store, file, title)
        except PersistenceError as error:
            self.post_message(self.Failed("Nothing was duplicated", error))
            return
        said = f"Duplicated: {named(outcome.act)}. u takes it back."
        self.post_message(self.Acted(outcome, said, go_there=True))

    def action_favorite(self) -> None:
        """Star what is chosen; when all of it has a star, take the stars."""
        rows = [row for row in self.chosen() if not self.table.broken(row)]
        if rows:
            favorite, files = not all(map(self.table.favorite, rows)), self._files(rows)
            self.with_store(lambda store: self._set_favorite(store, files, favorite))

    @work(thread=True, group="acts")
    def _set_favorite(
        self, store: Store, files: list[tuple[str, Signature | None]], favorite: bool
    ) -> None:
        from agcx_tui import store_work
        from agcx_tui.act_words import told

        try:
            outcome = store_work.set_favorite(store, files, favorite)
        except PersistenceError as error:
            self.post_message(self.Failed("Nothing was changed", error))
            return
        said = f"{'★ ' if favorite else ''}{told(outcome.act)}."
        self.post_message(self.Acted(outcome, said, go_there=False))

    def action_undo(self) -> None:
        self.with_store(self._undo)

    @work(thread=True, group="acts")
    def _undo(self, store: Store) -> None:
        from agcx_tui import store_work
        from agcx_tui.act_words import undone

        try:
            outcome = store_work.undo(store)
        except PersistenceError as error:
            self.post_message(self.Failed("Nothing was undone", error))
            return
        self.post_message(self.Acted(outcome, undone(outcome.act), go_there=True))

    def follow_act(self, outcome: store_work.Outcome) -> None:
        """An act was done in a conversation above, which told the person, who comes back to it."""
        self.post_message(self.Acted(outcome, "", go_there=False))

    def on_acting_screen_acted(self, message: Acted) -> None:
        outcome, said = message.outcome, message.said
        gone = map(self.table.row_of, outcome.gone)
        self.table.remove(row for row in gone if row is not None)
        rows = self.table.put(outcome.entries)
        self.table_changed()
        if rows and message.go_there and not self.sessions.go_to(rows[0]):
            said = f"{said} The filter hides it."
        if said:
            # What was said of the act before is out of date.
            self.app.clear_notifications()
            self.notify(said, markup=False)

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


def title_of_copy(title: str, taken: Collection[str]) -> str:
    """`Fix the grid (copy)`, or with a number where that is taken."""
    wanted = f"{title} (copy)"
    numbers = count(2)
    while wanted in taken:
        wanted = f"{title} (copy {next(numbers)})"
    return wanted
