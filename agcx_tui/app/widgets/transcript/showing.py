"""Which messages of a transcript are shown: all, only what was said, or only what failed.

Strategy: what a message is may be known only from another one, a call that fails from its output; so a thread
reads the outline of the whole conversation when this is first asked for, and then the view changes.  What
comes after that is shown.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from textual.message import Message
from textual.worker import get_current_worker

from agcx_format import MessageSource
from agcx_format.errors import PersistenceError
from agcx_format.transcript import Outline
from agcx_tui.app.blocks.heights import HeightIndex
from agcx_tui.core.conversation.outline import read_outline

if TYPE_CHECKING:
    from agcx_tui.app.widgets.transcript.transcript import Transcript

__all__ = ["Showing", "Shown"]


class Shown(Enum):
    """What is shown, by the words for it."""

    ALL = ""
    SAID = "only what was said"
    FAILED = "only what failed"


_ORDER = list(Shown)


class Showing:
    """For one transcript, which gets `Known`; `shown` is what it shows."""

    @dataclass
    class Known(Message, bubble=False):
        """The outline of a source is known."""

        source: MessageSource
        outline: Outline

    def __init__(self, transcript: Transcript) -> None:
        self.shown = Shown.ALL
        self._transcript = transcript
        self._source: MessageSource | None = None
        self._outline: Outline | None = None
        self._wanted = Shown.ALL

    @property
    def busy(self) -> bool:
        """Whether what is asked for waits for the outline."""
        return self._wanted is not self.shown

    def turn(self) -> None:
        """Show the next kind, as soon as it is known which messages are of it."""
        self._want(_ORDER[(_ORDER.index(self._wanted) + 1) % len(_ORDER)])

    def show_all(self) -> None:
        self._want(Shown.ALL)

    def stop(self) -> None:
        """Wait for nothing: what is shown stays."""
        self._wanted = self.shown

    def forget(self) -> None:
        """Another source is shown, all of it."""
        self.shown = self._wanted = Shown.ALL
        self._source = self._outline = None

    def known(self, message: Known) -> None:
        """Use the outline of the source that is shown."""
        if message.source is self._transcript.source:
            self._outline = message.outline
            self._apply()

    def _want(self, wanted: Shown) -> None:
        self._wanted = wanted
        source = self._transcript.source
        is_newer = self._outline is not None and self._outline.count < source.known()
        if wanted is Shown.ALL or (self._outline is not None and not is_newer):
            self._apply()
        elif source is not self._source or is_newer:
            self._source, self._outline = source, None
            self._transcript.run_worker(self._read, thread=True, exclusive=True, group="outline")
        self._transcript.settled()

    def _read(self) -> None:
        worker, source = get_current_worker(), self._source
        outline = None
        # Closed meanwhile: the result is no longer needed.
        if source is not None:
            with suppress(PersistenceError, OSError):
                outline = read_outline(source, lambda: worker.is_cancelled)
        if source is not None and outline is not None:
            self._transcript.post_message(self.Known(source, outline))

    def _apply(self) -> None:
        transcript, outline = self._transcript, self._outline
        only = None
        if outline is not None and self._wanted is not Shown.ALL:
            only = outline.said if self._wanted is Shown.SAID else outline.failed
            if not only:
                what = "failed" if self._wanted is Shown.FAILED else "was said"
                transcript.notify(f"Nothing {what} here.", markup=False)
                return self.show_all()
        if self._wanted is self.shown:
            return None
        self.shown = self._wanted
        blocks = transcript.blocks
        blocks.show_only(only, outline.count if outline is not None else 0)
        if blocks.leaves_out(transcript.current):
            after = blocks.following(transcript.current, 1)
            is_there = after < transcript.source.known()
            transcript.current = after if is_there else blocks.following(transcript.current, -1)

        def change() -> None:
            transcript.viewport.forget()
            transcript.viewport.heights = HeightIndex(blocks.estimated_heights())

        transcript.viewport.changed(change, transcript.current)
        transcript.go(transcript.current, transcript.viewport.height // 3)
        return None
