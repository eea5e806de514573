"""How far a long piece of work is, and a way to stop it; what is done in no time shows nothing.

Strategy: the work is a thread that counts in a `Progress`; the dialog looks at it a few times a second,
and comes up only when the work takes longer than a moment.  No button has the focus: a key
that was meant for the list stops nothing.  Put aside, the work goes on, and its outcome is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual import on
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static
from textual.worker import get_current_worker

from agcx_tui.app.dialogs.dialog import Dialog
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.core.export.write_files import Progress
from agcx_tui.core.words import format
from agcx_tui.core.words.storage_report import bar

__all__ = ["ProgressDialog", "Stopped", "run_with_progress"]

T = TypeVar("T")
Stopped = Callable[[], bool]

# Seconds before the dialog comes up, and between two looks at the numbers.
_PATIENCE = 0.4
_EVERY = 0.2
_WIDTH = 48


class ProgressDialog(Dialog[bool]):
    """True to stop the work."""

    BINDINGS = bindings("progress")
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    ProgressDialog {
        & #bar { color: $primary; }
        & #hint { color: $text-muted; margin-top: 1; }
    }
    """

    def __init__(self, what: str, progress: Progress) -> None:
        super().__init__()
        self._what = what
        self._progress = progress
        self._over = False

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(Content(self._what), id="question", markup=False)
            yield Static(id="bar", markup=False)
            yield Static(id="facts", markup=False)
            yield Static("esc stops it; put aside, it goes on", id="hint", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Put aside", id="aside")
                yield Button("Stop", id="stop")

    def on_mount(self) -> None:
        self._show()
        self.set_interval(_EVERY, self._show)

    def _show(self) -> None:
        share = self._progress.share
        drawn = bar(round(share * 1000), 1000, _WIDTH)
        self.query_one("#bar", Static).update(Content(f"{drawn:{_WIDTH}}  {share:4.0%}"))
        self.query_one("#facts", Static).update(Content(_facts(self._progress)))

    def end(self) -> None:
        """The work is over: leave as soon as nothing lies over this."""
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


def run_with_progress(
    app: App[object],
    what: str,
    progress: Progress,
    work: Callable[[Stopped], T],
    done: Callable[[T, bool], None],
) -> None:
    """Have `work` done by a thread; `done` gets what it gives, and whether it was to stop.

    This and `done` run on the main thread.  The work is also to stop when the program ends; then
    nobody is told.
    """
    dialog = ProgressDialog(what, progress)
    stopped = False

    def run() -> None:
        worker = get_current_worker()
        result = work(lambda: stopped or worker.is_cancelled)
        if not worker.is_cancelled:
            app.call_from_thread(ended, result)

    def answered(stop: bool | None) -> None:
        nonlocal stopped
        stopped = bool(stop)

    def ended(result: T) -> None:
        timer.stop()
        dialog.end()
        done(result, stopped)

    timer = app.set_timer(_PATIENCE, lambda: app.push_screen(dialog, answered))
    app.run_worker(run, thread=True, group="export")
