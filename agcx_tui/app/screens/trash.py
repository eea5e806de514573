"""The trash: browse what was deleted, read it, bring it back, or destroy it for good.

Strategy: a session in the trash is a file like any other, so list and preview are the browser's.  The
list is by when a session was deleted.  Threads read and act; what they found is posted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from msgspec.structs import replace
from textual import work
from textual.content import Content
from textual.message import Message
from textual.worker import get_current_worker

from agcx_format import Act, ScanEntry, Store, ns_of
from agcx_format.errors import NothingToUndo, PersistenceError
from agcx_format.store import Emptied, TrashedSession
from agcx_format.transcript import safe_line
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.sessions import SessionsScreen
from agcx_tui.core.store import store_work
from agcx_tui.core.store.act_queue import ActQueue
from agcx_tui.core.store.store_work import Outcome
from agcx_tui.core.words import format
from agcx_tui.core.words.acts import kind_of, summary

_EMPTY = Content.assemble(
    ("The trash is empty", "bold $foreground"),
    "\n\nWhat you delete comes here, and stays until you empty the trash.\nEsc goes back.",
)


class TrashScreen(SessionsScreen):
    """`forget` takes what was destroyed out of every cache; a thread calls it."""

    BINDINGS = bindings("trash")
    LABELS: ClassVar = {"accessed": "deleted"}
    FIXED: ClassVar = "It is in the trash: bring it back for that (b in the trash)."

    class Loaded(Message):
        """All that lies in the trash, and the log."""

        def __init__(
            self, found: list[tuple[TrashedSession, ScanEntry]], log: list[Act], error: str = ""
        ) -> None:
            super().__init__()
            self.found = found
            self.log = log
            self.error = error

    class Done(Message):
        """The store is another now; `said` tells the person."""

        def __init__(self, said: str) -> None:
            super().__init__()
            self.said = said

    class Failed(Message):
        """Nothing changed."""

        def __init__(self, what: str, error: PersistenceError) -> None:
            super().__init__()
            self.what = what
            self.error = error

    def __init__(
        self, acts: ActQueue, now: Callable[[], int], forget: Callable[[Emptied], None]
    ) -> None:
        super().__init__(acts, now)
        self._forget = forget
        self._found: dict[str, TrashedSession] = {}
        self._log: list[Act] = []

    def on_mount(self) -> None:
        self.show_title(_heading(), "reading…")
        self._load()

    # --- reading

    @work(thread=True, exclusive=True, group="trash")
    def _load(self) -> None:
        worker = get_current_worker()
        found, log = [], []
        try:
            log = self.store.log()
            for session in self.store.trash():
                if worker.is_cancelled:
                    return
                entry = session.entry()
                if entry is not None:
                    found.append((session, _as_deleted(entry, session)))
        except (PersistenceError, OSError) as error:
            self.post_message(self.Loaded([], [], f"The trash cannot be read: {error}"))
            return
        self.post_message(self.Loaded(found, log))

    def on_trash_screen_loaded(self, message: Loaded) -> None:
        self._log = message.log
        self._found = {session.path: session for session, _ in message.found}
        gone = self.table.paths() - self._found.keys()
        rows = [self.table.row_of(path) for path in gone]
        self.table.remove(row for row in rows if row is not None)
        self.table.put(entry for _, entry in message.found)
        unread = Content.styled(safe_line(message.error), "$error")
        self.table_changed(unread if message.error else None if message.found else _EMPTY)
        if message.error:
            self.show_title(_heading(), "cannot be read")
        else:
            self.cursor_moved()

    def cursor_moved(self) -> None:
        total = sum(session.size for session in self._found.values())
        right = f"{format.counted(len(self._found), 'session')} · {format.size(total)}"
        row = self.sessions.cursor
        session = None if row is None else self._found.get(self.table.path(row))
        if session is not None:
            act = session.act
            when = format.age(ns_of(act.created_at) // 1000, self.now())
            others = f", with {act.count - 1:,} more" if act.count > 1 else ""
            right = f"{kind_of(act).lower()} {when}{others} · {right}"
        self.show_title(_heading(), right)

    # --- acting

    def action_restore(self) -> None:
        wanted = [self._found[self.table.path(row)] for row in self.chosen()]
        if wanted:
            self.acts.run(
                lambda store: store_work.restore(store, wanted),
                self._done("Restored {}."),
                self._not_done("Nothing was brought back"),
            )

    def action_undo(self) -> None:
        self.acts.undo(self._done("Undone: {}."), self._not_done("Nothing was undone"))

    def _done(self, said: str) -> Callable[[Outcome], object]:
        return lambda outcome: self.post_message(self.Done(said.format(summary(outcome.act))))

    def _not_done(self, what: str) -> Callable[[PersistenceError], object]:
        return lambda error: self.post_message(self.Failed(what, error))

    def action_empty(self) -> None:
        from agcx_tui.app.dialogs.empty_trash import EmptyDialog

        def answered(acts: list[Act] | None) -> None:
            if acts:
                self._destroy(acts)

        sessions = list(self._found.values())
        if not any(act.emptied_at is None for act in self._log):
            self.notify("There is nothing to destroy.", markup=False)
            return
        self.app.push_screen(EmptyDialog(self._log, sessions, self.now()), answered)

    def _destroy(self, acts: list[Act]) -> None:
        def destroy(store: Store) -> None:
            try:
                gone = store.destroy(acts)
            except BaseException:
                # Some of it may be gone.
                self._forget(Emptied((), (), 0))
                raise
            self._forget(gone)
            sessions = format.counted(len(gone.sessions), "session")
            said = f"Destroyed {sessions}; {format.size(gone.size)} freed."
            self.post_message(self.Done(said))

        self.acts.run(destroy, failed=self._not_done("Not everything was destroyed"))

    def on_trash_screen_done(self, message: Done) -> None:
        self.changed = True
        self.app.clear_notifications()
        self.notify(message.said, markup=False)
        self._load()

    def on_trash_screen_failed(self, message: Failed) -> None:
        if isinstance(message.error, NothingToUndo):
            self.notify("There is nothing to undo.", markup=False)
            return
        self.failed(message.what, message.error)
        self._load()


def _heading() -> Content:
    return Content.assemble(("agcx", "bold $primary"), "  Trash")


def _as_deleted(entry: ScanEntry, session: TrashedSession) -> ScanEntry:
    """The entry with the time of its deletion where the list shows a time."""
    if entry.metadata is None:
        return entry
    metadata = replace(entry.metadata, last_accessed=session.act.created_at)
    return replace(entry, metadata=metadata)
