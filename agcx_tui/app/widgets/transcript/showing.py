"""Which messages of a transcript are shown: all, only what was said, or only what failed.

Strategy: what a message is may be known only from another one, a call that fails from its output; so a thread
reads the outline of the conversation when this is first used.  The view changes as soon as the outline
reaches the reader.  Messages that come after that are shown once the outline says that they belong.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial

from textual.message import Message
from textual.worker import get_current_worker

from agcx_format.errors import PersistenceError
from agcx_tui.app import from_threads
from agcx_tui.app.blocks.heights import HeightIndex
from agcx_tui.app.widgets.transcript.blocks import NOTHING
from agcx_tui.app.widgets.transcript.view import ConversationView
from agcx_tui.core.conversation.outline import OutlineReader, OutlineSoFar

__all__ = ["Showing", "Shown"]

# Seconds between two looks at an outline that is being read.
_EVERY = 0.1


class Shown(Enum):
    """What is shown, by the words for it."""

    ALL = ""
    SAID = "only what was said"
    FAILED = "only what failed"

    @property
    def in_short(self) -> str:
        """The last of the words, which says it where there is little room."""
        return self.value.rpartition(" ")[2]


_ORDER = list(Shown)


class Showing:
    """For one transcript, which gets `Known`; `shown` is what it shows."""

    @dataclass
    class Known(Message, bubble=False):
        """More of an outline is known."""

        reader: OutlineReader
        outline: OutlineSoFar

    def __init__(self, transcript: ConversationView) -> None:
        self.shown = Shown.ALL
        self._transcript = transcript
        self._reader: OutlineReader | None = None
        self._outline: OutlineSoFar | None = None
        self._reading = False
        self._wanted = Shown.ALL

    @property
    def busy(self) -> bool:
        """Whether what is wanted waits for the outline."""
        return self._wanted is not self.shown

    def turn(self) -> None:
        """Show the next kind, as soon as its messages are known."""
        self._want(_ORDER[(_ORDER.index(self._wanted) + 1) % len(_ORDER)])

    def show_all(self) -> None:
        self._want(Shown.ALL)

    def stop(self) -> None:
        """Wait for nothing: what is shown stays."""
        self._wanted = self.shown

    def forget(self, *, but_wanted: bool = False) -> None:
        """Another source is shown, all of it; with `but_wanted` what is wanted is wanted of that one."""
        self.shown = Shown.ALL
        if not but_wanted:
            self._wanted = Shown.ALL
        if self._reader is not None:
            self._reader.stop()
        self._reader = self._outline = None
        self._reading = False

    def grew(self) -> None:
        """The source knows more messages."""
        if self.busy or self.shown is not Shown.ALL:
            self._read_on()

    def known(self, message: Known) -> None:
        """Use what is known of the outline."""
        if message.reader is not self._reader:
            return
        self._outline = message.outline
        self._reading = not message.outline.complete
        if self.shown is not Shown.ALL:
            self._show_more(self._messages(self.shown, message.outline))
        self._apply()
        self.grew()

    def _want(self, wanted: Shown) -> None:
        self._wanted = wanted
        if wanted is not Shown.ALL:
            self._read_on()
        self._apply()
        self._transcript.settled()

    def _read_on(self) -> None:
        """Read the outline in a thread, as far as there are messages."""
        source, outline = self._transcript.source, self._outline
        if source is NOTHING:
            # It is just being opened.
            return
        if self._reader is None:
            self._reader = OutlineReader(source)
        elif self._reading or (outline is not None and outline.count >= source.known()):
            return
        self._reading = True
        read = partial(self._read, self._reader)
        self._transcript.run_worker(read, thread=True, exclusive=True, group="outline")

    def _read(self, reader: OutlineReader) -> None:
        worker = get_current_worker()
        # Closed meanwhile: the result is no longer needed.
        with suppress(PersistenceError, OSError):
            for outline in reader.read_all(_EVERY):
                known = self.Known(reader, outline)
                if worker.is_cancelled or not from_threads.post(self._transcript, known):
                    return

    @staticmethod
    def _messages(shown: Shown, outline: OutlineSoFar) -> tuple[int, ...]:
        return outline.said if shown is Shown.SAID else outline.failed

    def _apply(self) -> None:
        """Show what is wanted, once enough is known."""
        outline, wanted = self._outline, self._wanted
        if wanted is self.shown:
            return
        if wanted is Shown.ALL:
            self._show(None)
        elif outline is not None and (only := self._messages(wanted, outline)):
            if outline.complete or outline.count > self._transcript.current:
                self._show(only)
        elif outline is not None and outline.complete:
            what = "failed" if wanted is Shown.FAILED else "was said"
            self._transcript.notify(f"Nothing {what} here.", markup=False)
            # There may be messages of the next kind: failed calls, where nothing was said.
            self.turn()

    def _show(self, only: tuple[int, ...] | None) -> None:
        """Show these messages and no others; the reader stays, or goes to the nearest one."""
        self.shown = self._wanted
        transcript, blocks = self._transcript, self._transcript.blocks
        blocks.only = only
        if blocks.leaves_out(transcript.current):
            after = blocks.following(transcript.current, 1)
            is_there = after < transcript.source.known()
            transcript.current = after if is_there else blocks.following(transcript.current, -1)

        def change() -> None:
            transcript.viewport.forget()
            transcript.viewport.heights = HeightIndex(blocks.estimated_heights())

        transcript.viewport.changed(change, transcript.current)
        transcript.go(transcript.current, transcript.viewport.height // 3)

    def _show_more(self, only: tuple[int, ...]) -> None:
        """Show these messages: those that are shown already, and others; the view stays."""
        transcript, blocks = self._transcript, self._transcript.blocks
        viewport, before = transcript.viewport, set(blocks.only or ())
        added = [index for index in only if index not in before]
        if not added:
            return
        blocks.only = only

        def change() -> None:
            for index in added:
                # The transcript itself adds what came this very moment.
                if index < len(viewport.heights) - 1:
                    viewport.heights.set(index, next(blocks.estimates(index, index + 1)))
                    viewport.forget(index)

        transcript.change(change)
        transcript.settled()
