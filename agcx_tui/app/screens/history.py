"""The history: every change, what it did to which sessions, and whether it can be undone.

Between the changes are the messages of this run that report a failure or were too long for their line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from textual import on, work
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from agcx_format import Act, ns_of
from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.app import from_threads
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.options_screen import PagedScreen
from agcx_tui.app.services import Services
from agcx_tui.app.themes import MUTED
from agcx_tui.app.toasts import Toast, Toasts
from agcx_tui.core.store.act_queue import ActQueue
from agcx_tui.core.words import format
from agcx_tui.core.words.acts import (
    describe,
    describe_undo,
    describe_with_undo,
    state_of,
    titles_of,
)

_EMPTY = Content.assemble(
    ("No changes yet", "bold $foreground"),
    "\n\nWhat you change, delete, or restore is listed here and can be undone.",
)

# What is said of a change begins below what is said of the others.
_INDENT = " " * (format.AGE_WIDTH + 2)


class HistoryScreen(PagedScreen[None]):
    """All changes and messages, the newest first."""

    BINDINGS = bindings("history")

    @dataclass
    class Loaded(Message):
        """The current changes, None if they cannot be read; and what was done, or why not."""

        changes: list[Act] | None
        report: str = ""
        error: str = ""

    def __init__(self, services: Services, acts: ActQueue) -> None:
        super().__init__()
        self._acts = acts
        self._services = services
        self._now = services.now
        self._toasts = services.toasts
        self._entries: list[Act | Toast] = []

    def on_mount(self) -> None:
        self.show_title("History", "reading…")
        self._load()

    @work(thread=True, exclusive=True, group="history")
    def _load(self, report: str = "", error: str = "") -> None:
        """Read the changes in a thread, and say what was done."""
        try:
            changes = self._acts.store.log()
        except (PersistenceError, OSError) as problem:
            from_threads.post(
                self, self.Loaded(None, report, error or f"The history cannot be read: {problem}")
            )
        else:
            from_threads.post(self, self.Loaded(changes, report, error))

    @on(Loaded)
    def _show(self, message: Loaded) -> None:
        if message.error:
            text = safe_line(message.error)
            self.notify(text, severity="error", timeout=10, markup=False)
        elif message.report:
            self.notify(message.report, markup=False)
        at, before = self.lines.highlighted, self._entries
        changes = message.changes or []
        entries: list[Act | Toast] = [*changes, *_worth_reading(self._toasts, changes)]
        self._entries = sorted(entries, key=_moment, reverse=True)
        self.lines.clear_options()
        self.lines.add_options([Option(self._line(each)) for each in self._entries])
        if self._entries:
            # The next key is about the same entry, whatever came above it.
            keys = [_key(each) for each in self._entries]
            here = None if at is None or at >= len(before) else _key(before[at])
            place = keys.index(here) if here in keys else min(at or 0, len(keys) - 1)
            self.lines.highlighted = place
        unread = Content.styled(safe_line(message.error), "$error")
        self.show_notice(unread if message.changes is None else None if self._entries else _EMPTY)
        counted = "" if message.changes is None else format.counted(len(changes), "change")
        self.show_title("History", counted)

    def _line(self, entry: Act | Toast) -> Content:
        when = Content.styled(
            f"{format.age(_moment(entry), self._now()):>{format.AGE_WIDTH}}  ", MUTED
        )
        if isinstance(entry, Toast):
            return when + self._wrapped(entry.text, "$error" if entry.failed else MUTED)
        state = f"   {words}" if (words := state_of(entry)) else ""
        first = self._wrapped(describe(entry), MUTED if state else "$foreground", len(state))
        line = Content.assemble(when, first, (state, "$accent"))
        titles = titles_of(entry) if entry.count > 1 else ""
        return line + (Content(f"\n{_INDENT}") + self._wrapped(titles, MUTED) if titles else "")

    def _wrapped(self, text: str, style: str, after: int = 0) -> Content:
        """Words beside the age, with room for this many cells after them."""
        room = max(20, self.size.width - len(_INDENT) - 6 - after)
        return Content.styled(f"\n{_INDENT}".join(wrap(text, room)), style)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_undo()

    def action_undo(self) -> None:
        at = self.lines.highlighted
        entry = None if at is None or at >= len(self._entries) else self._entries[at]
        if not isinstance(entry, Act):
            return
        if not entry.can_be_undone:
            state = state_of(entry)
            why = "its old versions were destroyed" if state == "no undo" else f"it was {state}"
            self.notify(f"This cannot be undone: {why}.", markup=False)
            return
        self._undo(entry)

    @work
    async def _undo(self, act: Act) -> None:
        from agcx_tui.app.dialogs.undo import undo

        try:
            outcome = await undo(self.app, self._services, self._acts, act.id)
        except PersistenceError as error:
            self._load(error=f"Nothing was undone: {error}")
        else:
            if outcome is not None:
                self._load(describe_undo(outcome.act))


def _worth_reading(toasts: Toasts, changes: Sequence[Act]) -> list[Toast]:
    """The messages that say more than the changes do."""
    worth = toasts.for_history()
    if all(each.failed for each in worth):
        return worth
    told = {describe_with_undo(act) for act in changes}
    return [each for each in worth if each.text not in told]


def _key(entry: Act | Toast) -> str | Toast:
    """What stays the same of an entry when it is read again."""
    return entry if isinstance(entry, Toast) else entry.id


def _moment(entry: Act | Toast) -> int:
    """When it was, in microseconds since 1970."""
    return entry.at if isinstance(entry, Toast) else ns_of(entry.created_at) // 1000
