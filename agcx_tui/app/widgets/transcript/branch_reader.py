"""Reads where a conversation branches, once a message that says so is in view."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from agcx_format import MessageSource
from agcx_format.errors import PersistenceError
from agcx_format.transcript import Branches
from agcx_tui.app import from_threads
from agcx_tui.core.conversation.branches import read_branches

__all__ = ["BranchReader"]


class BranchReader:
    """For one widget, which gets `Known`."""

    @dataclass
    class Known(Message, bubble=False):
        """The branches of a source are known."""

        source: MessageSource
        branches: Branches

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._source: MessageSource | None = None

    def read(self, source: MessageSource) -> None:
        """Read the branches of a complete source in a thread; does nothing the second time."""
        if source is self._source:
            return
        self._source = source

        def read() -> None:
            worker = get_current_worker()
            branches = None
            # Closed meanwhile: the result is no longer needed.
            with suppress(PersistenceError, OSError):
                branches = read_branches(
                    source, lambda: worker.is_cancelled or source is not self._source
                )
            if branches is not None:
                from_threads.post(self._widget, self.Known(source, branches))

        self._widget.run_worker(read, thread=True, exclusive=True, group="branches")

    def stop(self) -> None:
        """Another source is shown, or none."""
        self._source = None
