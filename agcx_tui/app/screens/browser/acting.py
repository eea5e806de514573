"""The half of the browser that changes things: open, copy, export, delete, undo.

Strategy: what is to be changed is asked for here and done in the store's queue of acts (`act_queue`), which
posts what came of it and waits until the handler here has changed the table: the next act sees a list that
is up to date.  An act is about the files that were pointed at when its key was pressed, as they were shown
then.  The keys are bound in `browser.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import count
from threading import Event
from typing import TYPE_CHECKING
from weakref import WeakSet

from textual import on
from textual.message import Message

from agcx_format.errors import NothingToUndo, PersistenceError, SessionNotFound, StaleSession
from agcx_format.transcript import safe_line
from agcx_tui.app.screens.browser.listing import ListingScreen
from agcx_tui.app.widgets.copying import copy
from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from agcx_format import ScanEntry, Store
    from agcx_tui.core.store import store_work
    from agcx_tui.core.store.act_queue import ActQueue
    from agcx_tui.core.store.watch import Directory

# Seconds that the queue waits until what came of an act is shown; a screen that closes shows nothing.
_PATIENCE = 5.0


class ActingScreen(ListingScreen[None]):
    """A listing screen, and the store that its sessions are from."""

    # None until somebody has opened it, some tenths of a second after the first rows.
    acts: ActQueue | None = None
    now: Callable[[], int]

    class Acted(Message):
        """An act was done, or undone; `said` tells the person, unless somebody else does."""

        def __init__(self, outcome: store_work.Outcome, said: str, go_there: bool) -> None:
            super().__init__()
            self.outcome = outcome
            self.said = said
            self.go_there = go_there
            # Set when the table is up to date.
            self.taken = Event()

    class Failed(Message):
        """An act did not happen; nothing changed."""

        def __init__(self, what: str, error: PersistenceError) -> None:
            super().__init__()
            self.what = what
            self.error = error
            self.taken = Event()

    def table_changed(self) -> None:
        """Show the table as it is now."""
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[Callable[[ActQueue], object]] = []
        # What is asked about, and what waits for its turn.
        self._shown: WeakSet[store_work.ShownFiles] = WeakSet()

    @property
    def store(self) -> Store | None:
        return None if self.acts is None else self.acts.store

    def with_acts(self, act: Callable[[ActQueue], object]) -> None:
        """Do something with the store's acts, once it is open: no key is lost that comes before."""
        if self.acts is not None:
            act(self.acts)
        else:
            self._waiting.append(act)

    def with_store(self, act: Callable[[Store], object]) -> None:
        """As `with_acts`, with what only reads."""
        self.with_acts(lambda acts: act(acts.store))

    def use_store(self, store: Store, place: Directory | None) -> None:
        """Set the opened store, and the directory that it was opened in; run what waited for it."""
        from agcx_tui.core.store.act_queue import ActQueue

        before = self.acts
        if before is None or before.store is not store or before.place is None:
            self.acts = ActQueue(store, place)
        if before is not None and place is not None and before.place not in (place, None):
            self.store_replaced()
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            self.with_acts(act)

    def store_replaced(self) -> None:
        """Another store lies where the one was that is shown."""
        raise NotImplementedError

    def action_rescan(self) -> None:
        """Read the store again."""
        raise NotImplementedError

    def files_of(self, rows: Iterable[int]) -> store_work.ShownFiles:
        """The files of these rows as they are shown now, whatever becomes of them while one thinks."""
        from agcx_tui.core.store.store_work import ShownFiles

        shown = ShownFiles((self.table.path(row), self.table.signature(row)) for row in rows)
        self._shown.add(shown)
        return shown

    def done(self, said: Callable[[store_work.Outcome], str], *, go_there: bool = False):
        """For the queue: has the table follow what was done, which `said` tells."""
        return lambda outcome: self._report(self.Acted(outcome, said(outcome), go_there))

    def not_done(self, what: str):
        """For the queue: tells that nothing happened."""
        return lambda error: self._report(self.Failed(what, error))

    def _report(self, message: Acted | Failed) -> None:
        if self.post_message(message):
            message.taken.wait(_PATIENCE)

    @on(SessionList.Opened)
    def _open(self, message: SessionList.Opened) -> None:
        row = message.row
        if row is None:
            return
        if not self.table.readable(row):
            reason = format.short_reason(self.table.error(row))
            self.notify(f"It cannot be opened: {reason}.", severity="warning", markup=False)
            return
        self.app.push_screen(self.app.conversation(self.table.path(row), self.acts))

    def action_copy_id(self) -> None:
        if self.sessions.cursor is not None:
            self._copy(self.table.id(self.sessions.cursor))

    def action_copy_path(self) -> None:
        if self.sessions.cursor is not None:
            self._copy(self.table.path(self.sessions.cursor))

    def _copy(self, text: str) -> None:
        copy(self.app, text, safe_line(text))

    def action_export(self) -> None:
        from agcx_tui.app.dialogs.export import ExportItem
        from agcx_tui.app.dialogs.run_export import ask_for_export

        table = self.table
        rows = [row for row in self.chosen() if table.readable(row)]
        if not rows:
            self.notify("There is nothing here that can be exported.", markup=False)
            return
        items = [ExportItem(table.path(row), table.id(row), table.title(row)) for row in rows]
        ask_for_export(self.app, items)

    def action_delete(self) -> None:
        from agcx_tui.app.dialogs.delete import ask_to_delete

        rows = self.chosen()
        if not rows:
            return
        files = self.files_of(rows)

        def confirmed() -> None:
            self.with_acts(lambda acts: self._delete(acts, files))

        ask_to_delete(self.app, self.table, rows, self.now(), confirmed, self.store)

    def _delete(self, acts: ActQueue, files: store_work.ShownFiles) -> None:
        from agcx_tui.core.store import store_work
        from agcx_tui.core.words.acts import summary

        def said(outcome: store_work.Outcome) -> str:
            them = "it" if outcome.act.count == 1 else "them"
            return f"Deleted {summary(outcome.act)}. u brings {them} back."

        acts.run(
            lambda store: store_work.delete(store, files),
            self.done(said),
            self.not_done("Nothing was deleted"),
        )

    def action_duplicate(self) -> None:
        row = self.sessions.cursor
        if row is None:
            return
        if not self.table.readable(row):
            self.notify("What cannot be read cannot be duplicated.", markup=False)
            return
        files = self.files_of([row])
        self.with_acts(lambda acts: self._duplicate(acts, files, row))

    def _duplicate(self, acts: ActQueue, files: store_work.ShownFiles, row: int) -> None:
        from agcx_tui.core.store import store_work
        from agcx_tui.core.words.acts import summary

        def act(store: Store) -> store_work.Outcome:
            title = self._title_of_copy(row)
            return store_work.duplicate(store, next(iter(files)), title)

        acts.run(
            act,
            self.done(
                lambda outcome: f"Duplicated: {summary(outcome.act)}. u takes it back.",
                go_there=True,
            ),
            self.not_done("Nothing was duplicated"),
        )

    def _title_of_copy(self, row: int) -> str:
        """In the queue's thread, which may read columns."""
        taken = {self.table.title(other) for other in range(len(self.table.columns))}
        return title_of_copy(self.table.title(row), taken)

    def action_favorite(self) -> None:
        """Star what is chosen; when all of it has a star, take the stars."""
        rows = [row for row in self.chosen() if not self.table.broken(row)]
        if rows:
            files = self.files_of(rows)
            self.with_acts(lambda acts: self._toggle_favorite(acts, files))

    def _toggle_favorite(self, acts: ActQueue, files: store_work.ShownFiles) -> None:
        from agcx_tui.core.store import store_work
        from agcx_tui.core.words.acts import describe

        def said(outcome: store_work.Outcome) -> str:
            starred = outcome.act.edit is not None and outcome.act.edit.favorite
            return f"{'★ ' if starred else ''}{describe(outcome.act)}."

        acts.run(
            lambda store: store_work.toggle_favorite(store, files),
            self.done(said),
            self.not_done("Nothing was changed"),
        )

    def action_undo(self) -> None:
        self.with_acts(self._undo)

    def _undo(self, acts: ActQueue) -> None:
        from agcx_tui.core.words.acts import describe_undo

        acts.undo(
            self.done(lambda outcome: describe_undo(outcome.act), go_there=True),
            self.not_done("Nothing was undone"),
        )

    def follow_act(self, outcome: store_work.Outcome) -> None:
        """An act was done in a conversation above, which told the person, who comes back to it."""
        self.post_message(self.Acted(outcome, "", go_there=False))

    def on_acting_screen_acted(self, message: Acted) -> None:
        outcome, said = message.outcome, message.said
        self._renew(outcome.entries)
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
        message.taken.set()

    def _renew(self, entries: Iterable[ScanEntry]) -> None:
        """What an act of ours made of a file is no surprise to what waits behind it."""
        for entry in entries:
            row = self.table.row_of(entry.path)
            if row is not None:
                for shown in self._shown:
                    shown.renew(entry.path, self.table.signature(row), entry.signature)

    def on_acting_screen_failed(self, message: Failed) -> None:
        self._tell_failure(message)
        message.taken.set()

    def _tell_failure(self, message: Failed) -> None:
        from agcx_tui.core.store.act_queue import StoreReplaced
        from agcx_tui.core.store.store_work import NothingToChange

        error = message.error
        if isinstance(error, NothingToUndo):
            self.notify("There is nothing to undo.", markup=False)
            return
        if isinstance(error, NothingToChange):
            self.notify("They are so already.", markup=False)
            return
        if isinstance(error, StaleSession | SessionNotFound | StoreReplaced):
            # What is shown is out of date: show what is there before it is asked for again.
            self.action_rescan()
        if isinstance(error, SessionNotFound):
            text = f"{message.what}: it is gone already."
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
