"""The log: every act, what it did to which sessions, and whether it can be undone."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on, work
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from agcx_format import Act, ns_of
from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.options_screen import PagedScreen
from agcx_tui.app.services import Services
from agcx_tui.core.store import store_work
from agcx_tui.core.store.act_queue import ActQueue
from agcx_tui.core.words import format
from agcx_tui.core.words.acts import describe, describe_undo, state_of, titles_of

_EMPTY = Content.assemble(
    ("No changes yet", "bold $foreground"),
    "\n\nWhat you change, delete, or restore is listed here and can be undone.",
)


class LogScreen(PagedScreen[None]):
    """All acts, the newest first."""

    BINDINGS = bindings("history")

    @dataclass
    class Loaded(Message):
        """The log as it is now, None if it cannot be read; and what was done, or why not."""

        log: list[Act] | None
        report: str = ""
        error: str = ""

    def __init__(self, services: Services, acts: ActQueue) -> None:
        super().__init__()
        self._acts = acts
        self._now = services.now
        self._log: list[Act] = []

    def on_mount(self) -> None:
        self.show_title("History", "reading…")
        self._load()

    @work(thread=True, exclusive=True, group="log")
    def _load(self, report: str = "", error: str = "") -> None:
        """Read the log in a thread, and say what was done."""
        try:
            log = self._acts.store.log()
        except (PersistenceError, OSError) as problem:
            self.post_message(
                self.Loaded(None, report, error or f"The history cannot be read: {problem}")
            )
        else:
            self.post_message(self.Loaded(log, report, error))

    @on(Loaded)
    def _show(self, message: Loaded) -> None:
        if message.error:
            text = safe_line(message.error)
            self.notify(text, severity="error", timeout=10, markup=False)
        elif message.report:
            self.app.clear_notifications()
            self.notify(message.report, markup=False)
        at = self.lines.highlighted
        self._log = message.log or []
        self.lines.clear_options()
        self.lines.add_options([Option(self._line(act), id=act.id) for act in self._log])
        if self._log:
            self.lines.highlighted = min(at or 0, len(self._log) - 1)
        unread = Content.styled(safe_line(message.error), "$error")
        self.show_notice(unread if message.log is None else None if self._log else _EMPTY)
        self.show_title(
            "History", "" if message.log is None else format.counted(len(self._log), "change")
        )

    def _line(self, act: Act) -> Content:
        when = format.age(ns_of(act.created_at) // 1000, self._now())
        state = state_of(act)
        style = "$text-muted" if state else "$foreground"
        first = Content.assemble(
            (f"{when:>{format.AGE_WIDTH}}  ", "$text-muted"),
            (describe(act), style),
            (f"   {state}" if state else "", "$accent"),
        )
        titles = titles_of(act) if act.count > 1 else ""
        if not titles:
            return first
        indent = " " * (format.AGE_WIDTH + 2)
        return first + Content("\n") + Content.styled(f"{indent}{titles}", "$text-muted")

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_undo()

    def action_undo(self) -> None:
        at = self.lines.highlighted
        if at is None or at >= len(self._log):
            return
        act = self._log[at]
        if not act.can_be_undone:
            self.notify(f"This cannot be undone: it was {state_of(act)}.", markup=False)
            return
        self._undo(act)

    @work
    async def _undo(self, act: Act) -> None:
        try:
            outcome = await self._acts.run(lambda store: store_work.undo(store, act.id))
        except PersistenceError as error:
            self._load(error=f"Nothing was undone: {error}")
        else:
            if outcome is not None:
                self._load(describe_undo(outcome.act))
