"""The log: every act, what it did to which sessions, and whether it can be taken back."""

from __future__ import annotations

from collections.abc import Callable

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
from agcx_tui.core.store import store_work
from agcx_tui.core.store.act_queue import ActQueue
from agcx_tui.core.words import format
from agcx_tui.core.words.acts import describe, describe_undo, state_of, titles_of

_EMPTY = Content.assemble(
    ("Nothing was done yet", "bold $foreground"),
    "\n\nWhatever you change, delete or bring back is listed here, and can be undone.\nEsc goes back.",
)


class LogScreen(PagedScreen[bool]):
    """Leaves with whether something was undone.  `now` gives microseconds since 1970."""

    BINDINGS = bindings("history")

    class Loaded(Message):
        """The log as it is now, None when it cannot be read; what was done, or why it was not."""

        def __init__(self, log: list[Act] | None, said: str = "", error: str = "") -> None:
            super().__init__()
            self.log = log
            self.said = said
            self.error = error

    def __init__(self, acts: ActQueue, now: Callable[[], int]) -> None:
        super().__init__()
        self._acts = acts
        self._now = now
        self._log: list[Act] = []
        self._changed = False

    def on_mount(self) -> None:
        self.show_title("Log", "reading…")
        self._load()

    @work(thread=True, exclusive=True, group="log")
    def _load(self) -> None:
        self._report()

    def _report(self, said: str = "", error: str = "") -> None:
        """In a thread: show the log as it is now."""
        try:
            log = self._acts.store.log()
        except (PersistenceError, OSError) as problem:
            self.post_message(
                self.Loaded(None, said, error or f"The log cannot be read: {problem}")
            )
        else:
            self.post_message(self.Loaded(log, said, error))

    def on_log_screen_loaded(self, message: Loaded) -> None:
        if message.error:
            text = safe_line(message.error)
            self.notify(text, severity="error", timeout=10, markup=False)
        elif message.said:
            self._changed = True
            self.app.clear_notifications()
            self.notify(message.said, markup=False)
        at = self.lines.highlighted
        self._log = message.log or []
        self.lines.clear_options()
        self.lines.add_options([Option(self._line(act), id=act.id) for act in self._log])
        if self._log:
            self.lines.highlighted = min(at or 0, len(self._log) - 1)
        unread = Content.styled(safe_line(message.error), "$error")
        self.show_notice(unread if message.log is None else None if self._log else _EMPTY)
        self.show_title("Log", "" if message.log is None else format.counted(len(self._log), "act"))

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
            self.notify(f"It cannot be undone: it was {state_of(act)}.", markup=False)
            return
        self._undo(act)

    def _undo(self, act: Act) -> None:
        self._acts.run(
            lambda store: store_work.undo(store, act.id),
            lambda outcome: self._report(describe_undo(outcome.act)),
            lambda error: self._report(error=f"Nothing was undone: {error}"),
        )

    def action_leave(self) -> None:
        self.dismiss(self._changed)
