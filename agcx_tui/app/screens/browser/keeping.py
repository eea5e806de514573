"""The third of the browser that keeps order: new titles and tags, and the screens beside it.

Strategy: an edit says what is to become of files as they were shown; when its turn comes, it is looked
whether an agent may be at work on one of them, and then it is asked first.  Screens are imported
when they are opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.geometry import Region
from textual.message import Message

from agcx_tui.app.screens.browser.arranging import ArrangingScreen
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from pathlib import Path

    from agcx_format import Store
    from agcx_format.store import Emptied
    from agcx_tui.app.screens.storage import Opened
    from agcx_tui.core.store import store_work
    from agcx_tui.core.store.act_queue import ActQueue


class KeepingScreen(ArrangingScreen):
    """Bound here, so that the browser's own keys stay its own."""

    class AtWork(Message):
        """An agent may be at work on `count` of the files: ask before they are changed."""

        def __init__(
            self, files: store_work.ShownFiles, change: store_work.Change, count: int
        ) -> None:
            super().__init__()
            self.files = files
            self.change = change
            self.count = count

    def show_only(self, label: str, paths: Sequence[str]) -> None:
        """Show these sessions and no others; `label` is what they are."""
        raise NotImplementedError

    # --- editing

    def action_rename(self) -> None:
        from agcx_tui.app.dialogs.naming import RenameScreen

        row = self.sessions.cursor
        if row is None or not self.table.readable(row):
            return
        files = self.files_of([row])

        def answered(title: str | None) -> None:
            if title:
                self._edit(files, lambda metadata: {"title": title})

        self.app.push_screen(RenameScreen(self.table.title(row), self._title_region()), answered)

    def _title_region(self) -> Region:
        """Where the title under the cursor stands on the screen."""
        line = self.sessions.cursor_region
        columns = {column.name: column for column in self.sessions.columns}
        title = columns.get("title")
        if title is None:
            return line
        return Region(line.x + title.start, line.y, title.width, 1)

    def action_tags(self) -> None:
        from agcx_tui.app.dialogs.naming import TagsDialog, tags_after

        rows = [row for row in self.chosen() if self.table.readable(row)]
        if not rows:
            return
        files = self.files_of(rows)
        tagged = [self.table.tags(row) for row in rows]
        known = {tag for row in self.table.order for tag in self.table.tags(row)}

        def answered(change: tuple[list[str], list[str]] | None) -> None:
            if change is not None:
                self._edit(files, lambda metadata: {"tags": tags_after(metadata.tags, *change)})

        self.app.push_screen(TagsDialog(tagged, known), answered)

    def _edit(
        self, files: store_work.ShownFiles, change: store_work.Change, *, force: bool = False
    ) -> None:
        """When its turn comes; asks first where an agent may be at work, unless told to `force` it."""
        from agcx_tui.core.store import store_work
        from agcx_tui.core.words.acts import describe_with_undo

        def act(store: Store) -> store_work.Outcome | None:
            at_work = 0 if force else store_work.at_work(store, files, self.now())
            if at_work:
                self.post_message(self.AtWork(files, change, at_work))
                return None
            return store_work.edit(store, files, change)

        self.with_acts(
            lambda acts: acts.run(
                act,
                self.done(lambda outcome: describe_with_undo(outcome.act)),
                self.not_done("Nothing was changed"),
            )
        )

    def on_keeping_screen_at_work(self, message: AtWork) -> None:
        from agcx_tui.app.dialogs.naming import AskDialog

        def answered(yes: bool | None) -> None:
            if yes:
                self._edit(message.files, message.change, force=True)

        which = format.counted(message.count, "session")
        warning = (
            f"{which} changed in the last 5 minutes: an agent may be at work there, and would"
            " save over the change."
        )
        self.app.ask_unbidden(AskDialog("Change it all the same?", warning, "Change"), answered)

    # --- the screens beside

    def action_storage(self) -> None:
        from agcx_format.space import StatsCache
        from agcx_tui.app.screens.storage import StorageScreen
        from agcx_tui.core.local.paths import measures

        def answered(opened: Opened | None) -> None:
            if opened is not None:
                self.show_only(opened.label, opened.paths)

        def show(acts: ActQueue) -> None:
            directory = self._directories[1]
            cache = StatsCache(measures(directory), acts.store.path) if directory else None
            self.app.push_screen(StorageScreen(acts, cache), answered)

        self._open_beside(show)

    def _open_beside(self, show: Callable[[ActQueue], object]) -> None:
        """Once the store is open, unless something else was opened meanwhile."""
        self.with_acts(lambda acts: show(acts) if self.is_active else None)

    @property
    def _directories(self) -> tuple[Path | None, Path | None]:
        """Where the app keeps its state and its caches, if it does."""
        state, cache = (
            getattr(self.app, name, None) for name in ("state_directory", "cache_directory")
        )
        return state, cache

    def action_prune(self) -> None:
        from agcx_tui.app.screens.prune import PruneScreen

        self._open_beside(
            lambda acts: self.app.push_screen(PruneScreen(acts, self.now), self._left)
        )

    def action_trash(self) -> None:
        from agcx_tui.app.screens.trash import TrashScreen

        self._open_beside(
            lambda acts: self.app.push_screen(TrashScreen(acts, self.now, self._forget), self._left)
        )

    def action_log(self) -> None:
        from agcx_tui.app.screens.history import LogScreen

        self._open_beside(lambda acts: self.app.push_screen(LogScreen(acts, self.now), self._left))

    def _left(self, changed: bool | None) -> None:
        if changed:
            self.action_rescan()

    def _forget(self, gone: Emptied) -> None:
        """In a thread: no cache of ours keeps a word of what was destroyed."""
        from agcx_tui.core.store.forget import forget

        state, cache = self._directories
        if self.store is not None:
            forget(gone, self.store.path, state=state, cache=cache)
