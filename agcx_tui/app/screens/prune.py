"""Clean up by rule: the sessions that match are listed while the rule is typed.

Strategy: `PruneForm` makes a `PruneRule`; a thread selects by it, and starts over with every change.  What is
protected by default has a group of checkboxes, and a line says what was kept and why.  Pruning deletes the
sessions that are listed, if their files are unchanged: one act, which `u` undoes in the list, to which it
leads back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from textual import on, work
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Checkbox, Input
from textual.worker import get_current_worker

from agcx_format import ScanEntry, Store
from agcx_format.errors import PersistenceError
from agcx_format.space import Chosen, PruneRule, Selection, select
from agcx_format.transcript import safe_line
from agcx_tui.app import from_threads
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.prune_form import PruneForm
from agcx_tui.app.screens.sessions import SessionsScreen
from agcx_tui.app.services import Services
from agcx_tui.app.widgets.choices import Box
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.core.store import store_work
from agcx_tui.core.store.act_queue import ActQueue
from agcx_tui.core.words import format
from agcx_tui.core.words.spared import short_of, spared
from agcx_tui.core.words.typed_values import BadValue

# Seconds from a key to the search for matching sessions.
_DELAY = 0.25

_HELP = Content.assemble(
    ("No conditions yet", "bold $foreground"),
    "\n\nSet one or more conditions; sessions must match all of them. “Free up”\n"
    "takes the longest unused of these. Nothing is deleted before ctrl+s.\n\n"
    "Protected: favorites, unreadable files, sessions with checkpoints,\n"
    "and sessions in use, unless you include them.",
)
_NOTHING = Content("No session matches.")
_ALL_SPARED = Content("All sessions that match are protected; include them with the boxes above.")


class PruneScreen(SessionsScreen):
    """A rule, and the sessions that match it."""

    BINDINGS = bindings("prune")
    AUTO_FOCUS = "#free"
    DEFAULT_CSS = """
    PruneScreen {
        &.-roomy PruneForm { margin: 1 0; }
        &.-roomy PruneForm .boxes, &.-roomy PruneForm #export-line { margin-bottom: 1; }
    }
    """

    @dataclass
    class Selected(Message):
        """What the rule with this number matches, or the error; `selection` None without a rule.

        `beside`: the bytes that deleting moves to the trash with a file, by the id of its session, so that
        the sizes add up to what the title says.
        """

        number: int
        selection: Selection | None
        error: str = ""
        beside: Mapping[str, int] = field(default_factory=dict)

    def __init__(self, services: Services, acts: ActQueue) -> None:
        super().__init__(services, acts)
        self._form = PruneForm()
        self.sessions.choose_columns(("project", "size"))
        self._timer: Timer | None = None
        self._number = 0
        self._selection: Selection | None = None
        # The conditions that were looked for last; `_known` is set once it is listed what matches them.
        self._conditions: tuple[str | bool, ...] = ()
        self._known = asyncio.Event()

    def compose_above(self) -> Iterable[Widget]:
        yield self._form

    def on_mount(self) -> None:
        self._conditions = self._form.conditions
        self._known.set()
        self._show()

    # --- the rule

    def action_rule(self) -> None:
        self.set_focus(self.query_one("#free"))

    def action_leave(self) -> None:
        if isinstance(self.focused, Input) and self.focused.value:
            self.focused.value = ""
        else:
            super().action_leave()

    @on(Input.Changed)
    @on(Checkbox.Changed)
    def _rule_changed(self) -> None:
        """Look for what matches, unless that is done already."""
        if self._form.conditions == self._conditions:
            return
        self._conditions = self._form.conditions
        self._number += 1
        self._selection = None
        self._known.clear()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_DELAY, self._begin)

    @on(Input.Submitted)
    @on(Box.Entered)
    def _submitted(self) -> None:
        self.set_focus(self.sessions)

    def _look_again(self) -> None:
        """Look for what matches now, after something was deleted."""
        self._number += 1
        self._known.clear()
        self._begin()

    def _begin(self) -> None:
        self._timer = None
        try:
            rule = self._form.rule(self.now())
        except BadValue as error:
            self._list(self.Selected(self._number, None, str(error)))
            return
        if rule:
            self.show_title(_heading(), "looking…")
        self._select(rule, self._number)

    @work(thread=True, exclusive=True, group="select")
    def _select(self, rule: PruneRule, number: int) -> None:
        worker = get_current_worker()
        try:
            found = select(
                self.store, rule, self.now() * 1000, should_stop=lambda: worker.is_cancelled
            )
        except (PersistenceError, OSError) as error:
            from_threads.post(self, self.Selected(number, None, str(error)))
            return
        if found.complete:
            sizes = [(each.entry.id, each.size - each.entry.size) for each in found.chosen]
            beside = {str(name): size for name, size in sizes if size}
            selection = found if rule else None
            from_threads.post(self, self.Selected(number, selection, beside=beside))

    @on(Selected)
    def _selected(self, message: Selected) -> None:
        self._list(message)

    # Without a description, a worker is described by all that it is given, in seconds.
    @work(exclusive=True, group="list", description="list")
    async def _list(self, message: Selected) -> None:
        """Put what is new into the table, giving way to keys, and remove what matches no more."""
        found, rows = message.selection, set[int]()
        with closing(self.table.put_in_parts([] if found is None else found.entries)) as parts:
            for part in parts:
                rows.update(part)
                await asyncio.sleep(0)
                if message.number != self._number:
                    break
        if message.number != self._number:
            return
        self.table.remove(set(self.table.present()) - rows)
        self.table.count_checkpoints(message.beside)
        self._selection = found
        self._known.set()
        self._show(message.error)

    def _show(self, error: str = "") -> None:
        found = self._selection
        notice: Content | None = _HELP
        if found is not None:
            notice = None if found.chosen else _ALL_SPARED if found.spared else _NOTHING
        if error:
            notice = Content.styled(safe_line(error), "$warning")
        self.table_changed(notice)
        self.show_title(_heading(), _summary(found))
        self.query_one("#spared", EdgeLine).show("" if found is None else spared(found))

    # --- doing it

    @work(exclusive=True, group="ask")
    async def action_prune(self) -> None:
        from agcx_tui.app.dialogs.delete import may_delete

        # The key may come before the list that it is about; an answer typed ahead is for the question.
        with self.services.opening():
            self._rule_changed()
            await self._known.wait()
        found = self._selection
        if found is None or not found.chosen:
            self.notify("No sessions are listed.", markup=False)
            return
        folder = self._form.folder
        rows = list(self.table.order)
        if await may_delete(self.app, self.table, rows, self.now(), self.store):
            self._prune(found.chosen, folder)

    @work
    async def action_checkpoints(self) -> None:
        """Clean up checkpoints, which sessions keep."""
        from agcx_tui.app.dialogs.prune_checkpoints import PruneCheckpoints

        dialog = PruneCheckpoints(self.store, self.now())
        found = await self.app.push_screen_wait(dialog)
        if found is None:
            return
        try:
            outcome = await self.acts.run(
                lambda store: store_work.prune_checkpoints(store, found.checkpoints)
            )
        except PersistenceError as error:
            self.failed("Nothing was deleted", error)
            return
        if outcome is not None:
            what = f"{format.counted(len(found.chosen), 'checkpoint')}, {format.size(found.size)}"
            self.notify(f"Deleted {what}. u in the list to undo.", markup=False)
            self._look_again()

    @work(description="prune")
    async def _prune(self, chosen: Sequence[Chosen], folder: str) -> None:
        failed = ""
        # What is listed goes: there must be no second question about it.
        self._known.clear()

        def act(store: Store) -> store_work.Outcome | None:
            nonlocal failed
            entries = [each.entry for each in chosen]
            if folder:
                entries, failed = _exported(entries, Path(folder).expanduser())
            if not entries:
                return None
            gone = [entry.path for entry in entries]
            return store_work.Outcome(store.delete(entries, kind="prune"), [], gone)

        try:
            outcome = await self.acts.run(act)
        except PersistenceError as error:
            outcome, failed = None, f"Nothing was deleted: {error}"
        if outcome is not None:
            done = outcome.act
            what, size = format.counted(done.count, "session"), format.size(done.size)
            text = f"Deleted {what}; T, then E frees {size}. u to undo."
            self.notify(text, markup=False)
        if failed:
            self.notify(safe_line(failed), severity="error", timeout=10, markup=False)
        elif outcome is not None and self.is_current:
            # The keys that were just said are those of the list.
            self.dismiss()
            return
        self._look_again()


def _exported(entries: list[ScanEntry], folder: Path) -> tuple[list[ScanEntry], str]:
    """The entries that were exported, and what to say of the others."""
    from agcx_tui.core.export.keep_copies import keep_copies

    done = {result.source: result for result in keep_copies(entries, folder)}
    kept = [entry for entry in entries if entry.path not in done or done[entry.path].error]
    failed = ""
    if kept:
        first = done[kept[0].path]
        more = f" and {len(kept) - 1:,} more" if len(kept) > 1 else ""
        failed = f"Not exported, so not deleted: {first.target.name}{more}: {first.error}"
    gone = {entry.path for entry in kept}
    return [entry for entry in entries if entry.path not in gone], failed


def _heading() -> Content:
    return Content.assemble(("agcx", "bold $primary"), "  Clean up")


def _summary(found: Selection | None) -> str:
    if found is None:
        return ""
    words = f"{format.counted(len(found.chosen), 'session')} · {format.size(found.size)} to delete"
    return f"{words}, {short_of(found)}" if found.missing else words
