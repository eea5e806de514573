"""Parses the code that a view has drawn plain, and reports when it can be drawn with colors.

Strategy: one thread at a time for all views, since there is one process to ask (`lexing.py`).  A view that
comes while another's thread is at work waits for its turn, and then finds that all is known.
"""

from __future__ import annotations

import threading

from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from agcx_tui.app import from_threads
from agcx_tui.app.blocks.code_spans import CODE_SPANS
from agcx_tui.core.local.lexing import Lexing

__all__ = ["CodeReader"]

_LEXING = Lexing()
_TURN = threading.Lock()
_WAIT = 0.05


class CodeReader:
    """For one widget, which calls `look` after each drawing and gets `Known`."""

    class Known(Message, bubble=False):
        """The code that was drawn plain is parsed."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._missed = 0
        self._running = False

    def look(self) -> None:
        """Parse what was drawn plain since the last call, if anything was."""
        if self._running or self._missed == CODE_SPANS.missed:
            return
        self._missed = CODE_SPANS.missed
        self._running = True
        self._widget.run_worker(
            self._read, name="read code", group="code", thread=True, exit_on_error=True
        )

    def done(self) -> None:
        """`Known` was received."""
        self._running = False

    def _read(self) -> None:
        worker = get_current_worker()

        def stopped() -> bool:
            return worker.is_cancelled

        while not _TURN.acquire(timeout=_WAIT):
            if stopped():
                return
        try:
            while not stopped() and (code := CODE_SPANS.take()) is not None:
                spans = _LEXING.spans(*code, stopped)
                if spans is not None:
                    CODE_SPANS.put(code, spans)
        finally:
            _TURN.release()
        from_threads.post(self._widget, self.Known())
