"""Clean up by rule: the sessions that match are listed while the rule is typed.

Strategy: the fields make a `PruneRule`; a thread selects by it, and starts over with every change.  What is
protected by default has a row of checkboxes, and a line says what was spared and why.  Pruning deletes the
sessions that are listed, if their files are unchanged: one act, which `u` undoes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import on, work
from textual.containers import Horizontal
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
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.sessions import SessionsScreen
from agcx_tui.app.services import Services
from agcx_tui.app.widgets.choices import Box
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.core.store import store_work
from agcx_tui.core.store.act_queue import ActQueue
from agcx_tui.core.words import format
from agcx_tui.core.words.spared import KINDS, spared
from agcx_tui.core.words.typed_values import BadValue, bytes_of, moment_before

_TEXTS = {
    "older": ("older than", "90d"),
    "larger": ("larger than", "10MB"),
    "keep": ("keep newest", "20"),
    "model": ("model", "gpt-5*"),
    "tag": ("tag", "done"),
    "directory": ("directory", "~/src/site"),
}
_CHECKS = {
    "empty": "empty",
    "duplicates": "duplicates",
    "imported": "imported, unchanged",
}
_TAKES = {f"take-{kind}": kind for kind in KINDS}
# Seconds from a key to the search for matching sessions.
_DELAY = 0.25

_HELP = Content.assemble(
    ("No conditions yet", "bold $foreground"),
    "\n\nSet one or more conditions; sessions must match all of them.\nNothing is deleted before ctrl+s.\n\n"
    "Protected: favorites, unreadable files, sessions with checkpoints,\n"
    "and sessions in use, unless you include them.",
)
_NOTHING = Content("No session matches.")
_ALL_SPARED = Content("All sessions that match are protected; include them with the boxes above.")


class PruneScreen(SessionsScreen):
    """A rule, and the sessions that match it."""

    BINDINGS = bindings("prune")
    AUTO_FOCUS = "#older"
    DEFAULT_CSS = """
    PruneScreen {
        .rule { height: 1; margin: 1 1 0 1; }
        .rule Input { height: 1; border: none; padding: 0; width: 1fr; background: $surface; }
        .rule Input:focus { border: none; background: $panel; }
        .rule Static { width: auto; padding: 0 1; color: $text-muted; }
        .rule Checkbox {
            height: 1; width: auto; border: none; padding: 0; margin-right: 1;
            background: $background;
        }
        .rule Checkbox:focus { border: none; background: $panel; }
        .rule Checkbox:first-child { margin-left: 1; }
        #spared { color: $text-muted; margin: 0 1 1 1; }
    }
    """

    @dataclass
    class Selected(Message):
        """What the rule with this number matches, or the error; `selection` None without a rule."""

        number: int
        selection: Selection | None
        error: str = ""

    def __init__(self, services: Services, acts: ActQueue) -> None:
        super().__init__(services, acts)
        self._timer: Timer | None = None
        self._number = 0
        self._selection: Selection | None = None

    def compose_above(self) -> Iterable[Widget]:
        from textual.widgets import Static

        names = list(_TEXTS)
        for part in (names[:3], names[3:]):
            yield Horizontal(
                *(
                    widget
                    for name in part
                    for widget in (
                        Static(_TEXTS[name][0], markup=False),
                        Input(placeholder=_TEXTS[name][1], id=name, select_on_focus=False),
                    )
                ),
                classes="rule",
            )
        yield Horizontal(
            *(Box(label, id=name) for name, label in _CHECKS.items()),
            Static("export to (before deleting)", markup=False),
            Input(placeholder="no", id="export", select_on_focus=False),
            classes="rule",
        )
        yield Horizontal(
            Static("include", markup=False),
            *(Box(KINDS[kind], id=name) for name, kind in _TAKES.items()),
            classes="rule",
        )
        yield EdgeLine(id="spared")

    def on_mount(self) -> None:
        self._show()

    # --- the rule

    def action_rule(self) -> None:
        self.query_one("#older").focus()

    def action_leave(self) -> None:
        if isinstance(self.focused, Input) and self.focused.value:
            self.focused.value = ""
        else:
            super().action_leave()

    @on(Input.Changed)
    @on(Checkbox.Changed)
    def _rule_changed(self, event: Message) -> None:
        if isinstance(event, Input.Changed) and event.input.id == "export":
            return
        self._number += 1
        self._selection = None
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_DELAY, self._begin)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.sessions.focus()

    def _rule(self) -> PruneRule:
        """The rule as it is typed.

        Raises:
            BadValue: A field cannot be understood.
        """
        text = {name: self.query_one(f"#{name}", Input).value.strip() for name in _TEXTS}
        checked = {box.id: box.value for box in self.query(Checkbox)}
        keep = text["keep"]
        if keep and not (keep.isascii() and keep.isdigit() and len(keep) < 10):
            raise BadValue(f"{keep!r} is not a number")
        return PruneRule(
            older_than=moment_before(text["older"], self.now()),
            larger_than=bytes_of(text["larger"]),
            empty=checked["empty"],
            duplicates=checked["duplicates"],
            imported_unchanged=checked["imported"],
            keep=int(keep) if keep else None,
            model=text["model"] or None,
            tag=text["tag"] or None,
            directory=os.path.expanduser(text["directory"]) or None,
            include=frozenset(kind for name, kind in _TAKES.items() if checked[name]),
        )

    def _begin(self) -> None:
        self._timer = None
        try:
            rule = self._rule()
        except BadValue as error:
            self._show_selected(self.Selected(self._number, None, str(error)))
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
            self.post_message(self.Selected(number, None, str(error)))
            return
        if found.complete:
            self.post_message(self.Selected(number, found if rule else None))

    @on(Selected)
    def _show_selected(self, message: Selected) -> None:
        if message.number != self._number:
            return
        self._selection = message.selection
        self._show(message.error)

    def _show(self, error: str = "") -> None:
        found = self._selection
        self.table.remove(
            [row for path in self.table.paths() if (row := self.table.row_of(path)) is not None]
        )
        if found is not None:
            self.table.put(found.entries)
        notice: Content | None = _HELP
        if found is not None:
            notice = None if found.chosen else _ALL_SPARED if found.spared else _NOTHING
        if error:
            notice = Content.styled(safe_line(error), "$warning")
        self.table_changed(notice)
        self.show_title(_heading(), _summary(found))
        self.query_one("#spared", EdgeLine).show("" if found is None else spared(found))

    # --- doing it

    @work
    async def action_prune(self) -> None:
        from agcx_tui.app.dialogs.delete import may_delete

        found = self._selection
        if found is None or not found.chosen:
            self.notify("No sessions are listed.", markup=False)
            return
        folder = self.query_one("#export", Input).value.strip()
        rows = list(self.table.order)
        if await may_delete(self.app, self.table, rows, self.now(), self.store):
            await self._prune(found.chosen, folder)

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
            self._number += 1
            self._begin()

    async def _prune(self, chosen: Sequence[Chosen], folder: str) -> None:
        failed = ""

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
            act_done = outcome.act
            what = f"{format.counted(act_done.count, 'session')}, {format.size(act_done.size)}"
            self.notify(f"Deleted {what}. u in the list to undo.", markup=False)
        if failed:
            self.notify(safe_line(failed), severity="error", timeout=10, markup=False)
        self._number += 1
        self._begin()


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
    return f"{format.counted(len(found.chosen), 'session')} · {format.size(found.size)}"
