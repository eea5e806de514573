"""What keys do to the sessions of the list: delete, duplicate, favorite, rename, tag, undo.

Strategy: each act is one coroutine, from the question to the report of its outcome; the store's queue
(`act_queue`) does it.  An act is about the files that were pointed at when its key was pressed, as they
were shown then.  The table follows by itself (`StoreFeed`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from agcx_format.errors import NothingToUndo, PersistenceError, SessionNotFound, StaleSession
from agcx_format.transcript import safe_line
from agcx_tui.app.widgets.copying import copy
from agcx_tui.core.sessions.query import INCOMPLETE
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from textual.app import App
    from textual.geometry import Region

    from agcx_format import Store
    from agcx_format.doctor import FileReport
    from agcx_tui.app.services import Services
    from agcx_tui.app.widgets.list.session_list import SessionList
    from agcx_tui.core.store.act_queue import ActQueue
    from agcx_tui.core.store.feed import StoreFeed
    from agcx_tui.core.store.store_work import Change, Outcome, ShownFiles

__all__ = ["SessionActs", "title_of_copy"]


class SessionActs:
    """Acts on rows of the list, those of `chosen` or the one under the cursor.

    Call `perform` in a worker of the screen that shows it.
    """

    def __init__(
        self,
        app: App[object],
        services: Services,
        feed: StoreFeed,
        sessions: SessionList,
        chosen: Callable[[], list[int]],
    ) -> None:
        self._app = app
        self._services = services
        self._feed = feed
        self._sessions = sessions
        self._table = feed.table
        self._chosen = chosen
        self._named: Mapping[str, Callable[[], Awaitable[None]]] = {
            "delete": self.delete,
            "duplicate": self.duplicate,
            "favorite": self.toggle_favorite,
            "rename": self.rename,
            "tags": self.change_tags,
            "export": self.export,
            "copy_id": partial(self.copy, SessionTable.id),
            "copy_path": partial(self.copy, SessionTable.path),
            "verify": self.verify,
            "undo": self.undo,
            "resume": partial(self.resume, only_copy=False),
            "copy_resume": partial(self.resume, only_copy=True),
        }

    async def perform(self, name: str) -> None:
        """Do what the table of actions calls `act(name)`.

        Raises:
            KeyError: There is no such act.
        """
        await self._named[name]()

    def _row(self) -> int | None:
        """The row under the cursor; None on a heading, which is said."""
        row = self._sessions.cursor
        if row is None:
            self._app.notify("Choose a session.", markup=False)
        return row

    async def copy(self, what: Callable[[SessionTable, int], str]) -> None:
        """Copy the id or the path of the session under the cursor."""
        row = self._row()
        if row is not None:
            text = what(self._table, row)
            copy(self._app, text, safe_line(text))

    async def resume(self, *, only_copy: bool) -> None:
        """Resume the session under the cursor in its agent, or copy the command that does."""
        from agcx_tui.app.screens.resuming import resume_file

        row = self._row()
        if row is not None:
            await resume_file(self._app, self._table.path(row), only_copy=only_copy)

    async def export(self) -> None:
        from agcx_tui.app.dialogs.export import ExportItem
        from agcx_tui.app.dialogs.run_export import ask_for_export

        table = self._table
        rows = [row for row in self._chosen() if table.readable(row)]
        if not rows:
            self._app.notify("Nothing here can be exported.", markup=False)
            return
        items = [
            ExportItem(table.path(row), table.id(row), table.title(row), table.has_checkpoints(row))
            for row in rows
        ]
        ask_for_export(self._app, items)

    async def delete(self) -> None:
        from agcx_tui.app.dialogs.delete import may_delete
        from agcx_tui.core.store import store_work
        from agcx_tui.core.words.acts import summary

        rows = self._chosen()
        if not rows:
            return
        rows = [*rows, *self._table.subagents.started_by(rows)]
        files = self._feed.shown(rows)
        store = self._services.store.store
        if not await may_delete(self._app, self._table, rows, self._services.now(), store):
            return
        outcome = await self._run(lambda store: store_work.delete(store, files), "deleted")
        if outcome is not None:
            self._say(f"Deleted {summary(outcome.act)}. u to undo.")

    async def duplicate(self) -> None:
        from agcx_tui.core.store import store_work
        from agcx_tui.core.words.acts import summary

        row = self._row()
        if row is None:
            return
        if not self._table.readable(row):
            self._app.notify("An unreadable session cannot be duplicated.", markup=False)
            return
        files, proposed = self._feed.shown([row]), self._title_of_copy(row)
        title = await self._ask_to_duplicate(row, proposed)
        if title is None:
            return

        def act(store: Store) -> Outcome:
            # The queue's thread may read columns.  An act before may have made another copy.
            wanted = self._title_of_copy(row) if title == proposed else title
            return store_work.duplicate(store, next(iter(files)), wanted)

        outcome = await self._run(act, "duplicated")
        if outcome is not None:
            done = f"Duplicated: {summary(outcome.act)}."
            self._say(done, go_to=outcome, key="u to undo.")

    def _title_of_copy(self, row: int) -> str:
        taken = {self._table.title(other) for other in range(len(self._table.columns))}
        return title_of_copy(self._table.title(row), taken)

    async def _ask_to_duplicate(self, row: int, proposed: str) -> str | None:
        """The title of the copy; None for no copy."""
        from textual.content import Content

        from agcx_tui.app.dialogs.naming import NewSessionDialog

        checkpoints = "; checkpoints are not" if self._table.has_checkpoints(row) else ""
        lines = [Content(f"All messages are copied{checkpoints}."), Content("u to undo.")]
        dialog = NewSessionDialog("Duplicate this session?", lines, proposed, "Duplicate")
        return await self._app.push_screen_wait(dialog)

    async def verify(self) -> None:
        """Show what is wrong with the session under the cursor; if the person wants it, repair it."""
        from agcx_format.doctor import verify_file
        from agcx_tui.app.dialogs.verify import VerifyDialog
        from agcx_tui.core.store import store_work
        from agcx_tui.core.words.acts import summary
        from agcx_tui.core.words.verification import first_damage

        row = self._row()
        if row is None:
            return
        path = self._table.path(row)
        files, lost = self._feed.shown([row]), ""
        report: FileReport | None = None

        def check(should_stop: Callable[[], bool]) -> FileReport:
            nonlocal report
            report = verify_file(path, should_stop)
            return report

        name = self._table.title(row).strip() or self._table.id(row)
        dialog = VerifyDialog(
            f"Verify “{name}”",
            check,
            incomplete=INCOMPLETE in self._table.tags(row),
        )
        wanted = await self._app.push_screen_wait(dialog)
        if report is not None and (damage := first_damage(report)) is not None:
            self._feed.found_damage(path, damage)
        if not wanted:
            return

        def act(store: Store) -> Outcome:
            nonlocal lost
            outcome, done = store_work.repair(store, next(iter(files)))
            # Without the reasons, which were to be read a moment ago.
            lost = ", ".join(sentence.partition(": ")[0] for sentence in done.lost)
            return outcome

        outcome = await self._run(act, "repaired")
        if outcome is not None:
            # The title was to be read, too; what is lost is not to be cut.
            done = f"Lost: {safe_line(lost)}" if lost else summary(outcome.act)
            self._say(f"Repaired. {done}.", go_to=outcome, key="u to undo.")

    async def toggle_favorite(self) -> None:
        """Make them favorites; if all of them are, no more."""
        from agcx_tui.core.store import store_work
        from agcx_tui.core.words.acts import describe

        rows = [row for row in self._chosen() if not self._table.broken(row)]
        if not rows:
            return
        files = self._feed.shown(rows)
        outcome = await self._run(lambda store: store_work.toggle_favorite(store, files), "changed")
        if outcome is not None:
            starred = outcome.act.edit is not None and outcome.act.edit.favorite
            self._say(f"{'★ ' if starred else ''}{describe(outcome.act)}.")

    async def rename(self) -> None:
        """Ask for a new title where the old one is."""
        from agcx_tui.app.dialogs.naming import RenameScreen

        row, sessions = self._row(), self._sessions
        if row is None or not self._table.readable(row):
            return
        # Whatever comes meanwhile, the cursor stays on it.
        sessions.go_to(row)

        def place() -> Region | None:
            return sessions.title_region if sessions.cursor == row else None

        files = self._feed.shown([row])
        title = await self._app.push_screen_wait(RenameScreen(self._table.title(row), place))
        if title:
            await self._edit(files, lambda metadata: {"title": title})

    async def change_tags(self) -> None:
        from agcx_tui.app.dialogs.naming import TagsDialog, tags_after

        rows = [row for row in self._chosen() if self._table.readable(row)]
        if not rows:
            return
        files = self._feed.shown(rows)
        tagged = [self._table.tags(row) for row in rows]
        known = {tag for row in self._table.order for tag in self._table.tags(row)}
        change = await self._app.push_screen_wait(TagsDialog(tagged, known))
        if change is not None:
            await self._edit(files, lambda metadata: {"tags": tags_after(metadata.tags, *change)})

    async def undo(self) -> None:
        """Undo the last act, even while it waits or runs; ask first if it is from an earlier run."""
        from agcx_tui.app.dialogs.undo import undo
        from agcx_tui.core.words.acts import describe_undo

        outcome = await self._finish(lambda acts: undo(self._app, self._services, acts), "undone")
        if outcome is not None:
            self._say(describe_undo(outcome.act), go_to=outcome)

    async def _edit(self, files: ShownFiles, change: Change) -> None:
        """Ask first if an agent may be at work on one of them when the turn of the edit comes."""
        from agcx_tui.core.store import store_work
        from agcx_tui.core.words.acts import describe_with_undo

        at_work = 0

        def act(store: Store) -> Outcome | None:
            nonlocal at_work
            at_work = store_work.at_work(store, files, self._services.now())
            return None if at_work else store_work.edit(store, files, change)

        outcome = await self._run(act, "changed")
        if at_work and await self._is_wanted_all_the_same(at_work):
            outcome = await self._run(
                lambda store: store_work.edit(store, files, change), "changed"
            )
        if outcome is not None:
            self._say(describe_with_undo(outcome.act))

    async def _is_wanted_all_the_same(self, at_work: int) -> bool | None:
        from agcx_tui.app.dialogs.naming import AskDialog

        warning = (
            f"{format.counted(at_work, 'session')} changed in the last 5 minutes: an agent may be"
            " using it, and would save over the change."
        )
        self._services.hold_keys()
        question = AskDialog("Change it anyway?", warning, "Change")
        return await self._app.push_screen_wait(question)

    # --- doing it

    async def _run(self, act: Callable[[Store], Outcome | None], what: str) -> Outcome | None:
        return await self._finish(lambda acts: acts.run(act), what)

    async def _finish(
        self, ask: Callable[[ActQueue], Awaitable[Outcome | None]], what: str
    ) -> Outcome | None:
        """The outcome of an act; None if it failed, which is reported here."""
        try:
            return await ask(await self._services.store.opened())
        except PersistenceError as error:
            self._say_failure(f"Nothing was {what}", error)
            return None

    def _say(self, words: str, *, go_to: Outcome | None = None, key: str = "") -> None:
        """Say it, and where it is; `key`, a sentence, comes last: it is never cut."""
        if go_to is not None and go_to.entries:
            row = self._table.row_of(go_to.entries[0].path)
            if row is not None and not self._sessions.go_to(row):
                words = f"{words} The filter hides it."
        self._app.notify(f"{words} {key}".rstrip(), markup=False)

    def _say_failure(self, what: str, error: PersistenceError) -> None:
        from agcx_tui.core.store.act_queue import StoreReplaced
        from agcx_tui.core.store.store_work import NothingToChange

        notify = self._app.notify
        if isinstance(error, NothingToUndo):
            from agcx_tui.app.dialogs.undo import say_nothing_to_undo

            say_nothing_to_undo(self._app, error)
            return
        if isinstance(error, NothingToChange):
            notify("Nothing to change.", markup=False)
            return
        if isinstance(error, StaleSession | SessionNotFound | StoreReplaced):
            # What is shown is out of date: show the current state before asking again.
            self._feed.read()
        if isinstance(error, SessionNotFound):
            notify(f"{what}: it no longer exists.", severity="warning", markup=False)
            return
        notify(f"{what}: {safe_line(str(error))}", severity="error", timeout=10, markup=False)


def title_of_copy(title: str, taken: Collection[str]) -> str:
    """`Fix the grid (copy)`, or with a number where that is taken."""
    wanted = f"{title} (copy)"
    numbers = count(2)
    while wanted in taken:
        wanted = f"{title} (copy {next(numbers)})"
    return wanted
