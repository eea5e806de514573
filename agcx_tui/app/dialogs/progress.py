"""How far a long piece of work is, and a way to stop it; short work shows nothing.

Strategy: a thread does the work and counts in a `Progress`; the dialog looks at it a few times a second, and
is shown only if the work takes longer than a moment.  No button has the focus, so a key that was meant for
the list stops nothing.  If the dialog is hidden, the work continues.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from textual import on
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, ProgressBar, Static

from agcx_tui.app.dialogs.dialog import Body, Dialog, DialogBox
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.core.export.write_files import Progress
from agcx_tui.core.words import format

__all__ = ["ProgressDialog", "Stopped", "run_with_progress"]

T = TypeVar("T")
Stopped = Callable[[], bool]

# Seconds before the dialog comes up, and between two looks at the numbers.
_PATIENCE = 0.4
_EVERY = 0.2


class ProgressDialog(Dialog[bool]):
    """True to stop the work."""

    BINDINGS = bindings("progress")
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    ProgressDialog {
        & ProgressBar, & Bar { width: 1fr; }
        & Bar > .bar--bar, & Bar > .bar--complete { color: $primary; }
        & #hint { color: $text-muted; margin-top: 1; }
    }
    """

    def __init__(self, what: str, progress: Progress) -> None:
        super().__init__()
        self._what = what
        self._progress = progress
        self._over = False

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static(Content(self._what), id="question", markup=False)
            with Body():
                yield ProgressBar(total=1, show_eta=False)
                yield Static(id="facts", markup=False)
                yield Static(
                    "esc to stop; hide to continue in the background", id="hint", markup=False
                )
            with Horizontal(id="buttons"):
                yield Button("Hide", id="aside")
                yield Button("Stop", id="stop")

    def on_mount(self) -> None:
        self._show()
        self.set_interval(_EVERY, self._show)

    def _show(self) -> None:
        if self._over:
            # It may be left before it is mounted.
            return
        self.query_one(ProgressBar).update(progress=self._progress.share)
        self.query_one("#facts", Static).update(Content(_facts(self._progress)))

    def end(self) -> None:
        """The work is over: leave as soon as nothing covers this."""
        self._over = True
        if self.is_active:
            self.dismiss(False)

    def on_screen_resume(self) -> None:
        if self._over:
            self.dismiss(False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "stop")


def _facts(progress: Progress) -> str:
    facts = []
    if progress.total > 1:
        facts.append(f"{progress.sessions:,} of {format.counted(progress.total, 'session')}")
    elif progress.expected:
        facts.append(f"{progress.messages:,} of {format.counted(progress.expected, 'message')}")
    if progress.written:
        facts.append(f"{format.size(progress.written)} written")
    return " · ".join(facts)


async def run_with_progress(
    app: App[object], what: str, progress: Progress, work: Callable[[Stopped], T]
) -> tuple[T, bool]:
    """Have a thread do `work`, which is to end early once what it gets returns true.

    That is when the person stops it, or when the coroutine is cancelled because the program ends.

    Returns:
        What the work returned, and whether the person stopped it.
    """
    stop = threading.Event()

    def answered(stopped: bool | None) -> None:
        if stopped:
            stop.set()

    dialog = ProgressDialog(what, progress)
    timer = app.set_timer(_PATIENCE, lambda: app.push_screen(dialog, answered))
    try:
        result = await asyncio.to_thread(work, stop.is_set)
        return result, stop.is_set()
    finally:
        stop.set()
        timer.stop()
        dialog.end()
