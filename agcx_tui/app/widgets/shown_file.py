"""The file that a preview shows: opened and read in a thread, closed once another takes its place.

Strategy: every request has a number, that of the last `cancel`.  A thread opens the file, reads as much as
fills a screen, and looks for what the preview asks of it; the answer to an older request is closed unseen.
The transcript is imported by that thread and mounted for the first file, so that nothing waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar

from textual.worker import get_current_worker

from agcx_format.disk import os_reason
from agcx_format.errors import PersistenceError
from agcx_format.subagents import parent_of
from agcx_tui.app import from_threads
from agcx_tui.core.local import collector
from agcx_tui.core.local.memory import give_back

if TYPE_CHECKING:
    from textual.widget import Widget

    from agcx_format import SessionFile
    from agcx_tui.app.widgets.transcript.transcript import Transcript

__all__ = ["ShownFile"]

# Most likely Enter comes after a preview.
_CONVERSATION = "agcx_tui.app.screens.conversation.conversation"
# Seconds that a thread reads before it shows what it has.
_PATIENCE = 0.1

Found = TypeVar("Found")


class ShownFile(Generic[Found]):
    """For the widget `preview`, which has a transcript once a file was shown.

    `arrived` is called with the file of the last request, what was found in it, and why it cannot be read:
    the file is None if it could not be opened, what was found is None if there is a reason.  It must
    `show` the file or close it.
    """

    def __init__(
        self,
        preview: Widget,
        arrived: Callable[[SessionFile | None, Found | None, str], Awaitable[None]],
    ) -> None:
        self.transcript: Transcript | None = None
        self.number = 0
        self._preview = preview
        self._arrived = arrived
        self._file: SessionFile | None = None

    def cancel(self) -> int:
        """Drop all earlier requests; returns the number of the next one."""
        self.number += 1
        return self.number

    def open(self, path: str, enough: int, look: Callable[[SessionFile], Found]) -> None:
        """Open a file and read this many messages, in a thread that then calls `look`."""
        read = partial(self.read, self.number, path, enough, look)
        self._preview.run_worker(
            read, thread=True, exclusive=True, group="preview", exit_on_error=False
        )

    def read(
        self, number: int, path: str, enough: int, look: Callable[[SessionFile], Found]
    ) -> None:
        """Open and read the file of request `number`.  In a thread."""
        worker = get_current_worker()
        if worker.is_cancelled:
            return
        # Slow the first time: better here than in a handler, or where it is drawn.
        from agcx_format import SessionFile
        from agcx_tui.app.blocks.markdown import warm_up

        import_module("agcx_tui.app.widgets.transcript.transcript")
        warm_up()
        file, found, error = None, None, ""
        try:
            file = SessionFile(path)
            deadline = time.monotonic() + _PATIENCE
            while file.known() < enough and time.monotonic() < deadline:
                if worker.is_cancelled or not file.read_more():
                    break
            found = look(file)
        except PersistenceError as cause:
            error = f"{cause.place}: {cause.reason}" if cause.place else cause.reason
        except OSError as cause:
            error = os_reason(cause)
        if not from_threads.call(self._preview, self._take, number, file, found, error):
            _close(file)
        # Then it opens at once.
        import_module(_CONVERSATION)
        if collector.keep_imported():
            give_back()

    async def show(self, file: SessionFile) -> Transcript:
        """Show a file in place of the one before; returns the transcript, which may be new."""
        transcript = self.transcript or await self._mount_transcript()
        before, self._file = self._file, file
        transcript.display = True
        transcript.blocks.parent = parent_of(file.metadata.tags)
        transcript.show(file)
        _close(before)
        return transcript

    def hide(self) -> None:
        """Show no file, until the next."""
        before, self._file = self._file, None
        if self.transcript is not None:
            self.transcript.display = False
            self.transcript.show(None)
        _close(before)

    def close(self) -> None:
        """Close the file; the preview is gone."""
        _close(self._file)

    async def _take(
        self, number: int, file: SessionFile | None, found: Found | None, error: str
    ) -> None:
        # The program may have been left meanwhile.
        if number == self.number and self._preview.is_attached:
            await self._arrived(file, found, error)
        else:
            _close(file)

    async def _mount_transcript(self) -> Transcript:
        from agcx_tui.app.widgets.transcript.transcript import Transcript

        self.transcript = transcript = Transcript(compact=True)
        # Tab goes there, to read on without opening it.
        transcript.can_focus = True
        await self._preview.mount(transcript)
        return transcript


def _close(file: SessionFile | None) -> None:
    if file is not None:
        file.close()
