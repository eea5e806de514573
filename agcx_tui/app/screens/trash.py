"""The trash: browse deleted sessions, read them, restore them, or destroy them permanently.

Strategy: a session in the trash is a file like any other, so list and preview are the browser's.  The list is
sorted by deletion.  A thread reads; the store's queue acts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterable
from dataclasses import dataclass
from typing import ClassVar

from msgspec.structs import replace
from textual import on, work
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from agcx_format import Act, ScanEntry, Store, ns_of
from agcx_format.errors import NothingToUndo, PersistenceError
from agcx_format.store import Emptied, TrashedSession
from agcx_format.transcript import safe_line
from agcx_tui.app import from_threads
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.browser.filter_bar import FilterBar
from agcx_tui.app.screens.sessions import SessionsScreen
from agcx_tui.app.services import Services
from agcx_tui.core.store import store_work
from agcx_tui.core.store.act_queue import ActQueue
from agcx_tui.core.store.store_work import Outcome
from agcx_tui.core.words import format
from agcx_tui.core.words.acts import kind_of, summary

_EMPTY = Content.assemble(
    ("The trash is empty", "bold $foreground"),
    "\n\nWhat you delete stays here until you empty the trash.",
)


class TrashScreen(SessionsScreen):
    """The deleted sessions; what is destroyed is also removed from every cache."""

    BINDINGS = bindings("trash")
    DEFAULT_CSS = "TrashScreen.-roomy > FilterBar { margin: 1 0; }"
    LABELS: ClassVar = {"accessed": "deleted"}
    FIXED: ClassVar = "It is in the trash: restore it first (r in the trash)."

    @dataclass
    class Loaded(Message):
        """Everything in the trash, and the log; or why they cannot be read."""

        found: list[tuple[TrashedSession, ScanEntry]]
        log: list[Act]
        error: str = ""

    def __init__(self, services: Services, acts: ActQueue) -> None:
        super().__init__(services, acts)
        self.sessions.choose_columns(("project", "tags", "model", "size"))
        self._found: dict[str, TrashedSession] = {}
        self._log: list[Act] = []
        self._is_read = False
        self._filter = FilterBar(
            self.sessions, self.now, self._filtered, can_search=False, id="filter-line"
        )
        self._filter.display = False

    def compose_above(self) -> Iterable[Widget]:
        yield self._filter

    def on_mount(self) -> None:
        self.show_title(_heading(), "reading…")
        self._load()

    # --- reading

    @work(thread=True, exclusive=True, group="trash")
    def _load(self) -> None:
        worker = get_current_worker()
        found: list[tuple[TrashedSession, ScanEntry]] = []
        log: list[Act] = []
        try:
            log = self.store.log()
            for session in self.store.trash(log):
                if worker.is_cancelled:
                    return
                entry = session.entry()
                if entry is not None:
                    found.append((session, _as_deleted(entry, session)))
        except (PersistenceError, OSError) as error:
            from_threads.post(self, self.Loaded([], [], f"The trash cannot be read: {error}"))
            return
        from_threads.post(self, self.Loaded(found, log))

    @on(Loaded)
    def _show(self, message: Loaded) -> None:
        self._log, self._is_read = message.log, not message.error
        self._found = {session.path: session for session, _ in message.found}
        gone = self.table.paths() - self._found.keys()
        rows = [self.table.row_of(path) for path in gone]
        self.table.remove(row for row in rows if row is not None)
        self.table.put(entry for _, entry in message.found)
        self.refresh_bindings()
        self._filter.display = bool(self._found)
        self._filter.show_status(0)
        unread = Content.styled(safe_line(message.error), "$error")
        self.table_changed(unread if message.error else self._notice())
        if message.error:
            self.show_title(_heading(), "cannot be read")
        else:
            self.cursor_moved()

    def _notice(self) -> Content | None:
        """Why no session is listed, if none is."""
        if not self._found:
            return _EMPTY
        return None if self.table.order else _no_match(self._filter.value)

    # --- finding

    def action_filter(self) -> None:
        # At once: what is typed next is for the field, and r would restore.
        self.set_focus(self._filter.input)

    def _filtered(self) -> None:
        self.table_changed(self._notice())
        self.refresh_bindings()
        self._filter.show_status(0)

    def action_leave(self) -> None:
        """Clear the filter, then leave."""
        if self._filter.value:
            self._filter.clear()
        else:
            super().action_leave()

    def cursor_moved(self) -> None:
        total = sum(session.size for session in self._found.values())
        right = f"{format.counted(len(self._found), 'session')} · {format.size(total)}"
        row = self.sessions.cursor
        session = None if row is None else self._found.get(self.table.path(row))
        if session is not None:
            act = session.act
            when = format.age_in_words(ns_of(act.created_at) // 1000, self.now())
            others = f", with {act.count - 1:,} more" if act.count > 1 else ""
            right = f"{kind_of(act).lower()} {when}{others} · {right}"
        self.show_title(_heading(), right)

    # --- acting

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """An empty trash offers only what works there, and the filter not the key that leads to it."""
        if action == "filter" and self.focused is self._filter.input:
            return False
        if self._is_read and action in ("restore", "filter"):
            return bool(self._found)
        if self._is_read and action == "empty":
            return any(act.emptied_at is None for act in self._log)
        return True

    @work
    async def action_restore(self) -> None:
        wanted = [self._found[self.table.path(row)] for row in self.chosen()]
        if wanted:
            act = self.acts.run(lambda store: store_work.restore(store, wanted))
            await self._say(act, "Restored {}.", "Nothing was restored")

    @work
    async def action_undo(self) -> None:
        from agcx_tui.app.dialogs.undo import undo

        undone = undo(self.app, self.services, self.acts)
        await self._say(undone, "Undone: {}.", "Nothing was undone")

    async def _say(self, act: Awaitable[Outcome | None], done: str, failed: str) -> None:
        from agcx_tui.app.dialogs.undo import say_nothing_to_undo

        try:
            outcome = await act
        except NothingToUndo as error:
            say_nothing_to_undo(self.app, error)
        except PersistenceError as error:
            self.failed(failed, error)
            self._load()
        else:
            if outcome is not None:
                self._changed(done.format(summary(outcome.act)))

    def _changed(self, report: str) -> None:
        self.notify(report, markup=False)
        self._load()

    @work
    async def action_empty(self) -> None:
        from agcx_tui.app.dialogs.empty_trash import EmptyDialog

        if not self._is_read:
            self.notify("The trash has not been read.", markup=False)
            return
        sessions = list(self._found.values())
        to_destroy = await self.app.push_screen_wait(EmptyDialog(self._log, sessions, self.now()))
        if to_destroy:
            await self._destroy(to_destroy)

    async def _destroy(self, acts: Collection[Act]) -> None:
        """Destroy what these acts moved to the trash, and forget it in every cache."""
        from agcx_tui.core.store.forget import destroy

        gone: list[Emptied] = []
        # Thousands of files take seconds.
        self.show_title(_heading(), "destroying…")

        def empty(store: Store) -> None:
            caches = {"state": self.services.state, "cache": self.services.cache}
            destroy(lambda: store.destroy(acts), store.path, report=gone.append, **caches)

        try:
            await self.acts.run(empty)
        except PersistenceError as error:
            self.failed("Not everything was destroyed", error)
            self._load()
        else:
            (what,) = gone
            sessions_gone = format.counted(what.count, "session")
            self._changed(f"Destroyed {sessions_gone}; {format.size(what.size)} freed.")


def _heading() -> Content:
    return Content.assemble(("agcx", "bold $primary"), "  Trash")


def _no_match(typed: str) -> Content:
    return Content.assemble(
        ("No session in the trash matches", "bold $foreground"),
        f"\n\n{safe_line(typed)}\n\n",
        ("Esc", "bold $primary"),
        " shows all again.",
    )


def _as_deleted(entry: ScanEntry, session: TrashedSession) -> ScanEntry:
    """The entry, with the time of its deletion where the list shows a time."""
    if entry.metadata is None:
        return entry
    metadata = replace(entry.metadata, last_accessed=session.act.created_at)
    return replace(entry, metadata=metadata)
