"""Reads the outline of a conversation part by part, and puts its turns into words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from agcx_format import MessageSnapshot, MessageSource
from agcx_format.transcript import Outline, OutlineTurn, safe_line
from agcx_tui.core.conversation.find_message import all_messages
from agcx_tui.core.words.durations import seconds_text
from agcx_tui.core.words.format import counted

__all__ = ["OutlineReader", "OutlineSoFar", "turn_columns", "turn_words"]


@dataclass(frozen=True, slots=True)
class OutlineSoFar:
    """An outline of the first messages of a conversation.

    Fields:
        turns, said, failed: As those of `Outline`.
        count: Of how many messages.
        complete: Whether these were all when it was read.
    """

    turns: tuple[OutlineTurn, ...]
    said: tuple[int, ...]
    failed: tuple[int, ...]
    count: int
    complete: bool


class OutlineReader:
    """Reads the outline of one source, which may still grow.  One thread at a time may read."""

    def __init__(self, source: MessageSource) -> None:
        self.source = source
        self._stopped = False
        self._outline = Outline()
        self._messages: Iterator[tuple[int, MessageSnapshot]] | None = None

    def read(self, seconds: float) -> OutlineSoFar:
        """Read on for some time, or as far as messages are in memory; returns all that was read.  Blocks.

        Raises:
            PersistenceError: The file was closed.
        """
        outline, source, end = self._outline, self.source, time.monotonic() + seconds
        # Those at the end that cannot be decoded are read, too.
        known = source.known()
        if self._messages is None:
            self._messages = all_messages(source, lambda: self._stopped, outline.count)
        for number, message in self._messages:
            outline.add(number - 1, message)
            is_waiting = number >= source.known() and not source.complete
            if is_waiting or time.monotonic() > end:
                return self._so_far(number, complete=False)
        self._messages = None
        return self._so_far(max(known, outline.count), complete=not self._stopped)

    def read_all(self, every: float) -> Iterator[OutlineSoFar]:
        """Read on to the end; yields what was read about every `every` seconds, and at the end.  Blocks.

        Raises:
            PersistenceError: The file was closed.
        """
        while not self._stopped:
            since = time.monotonic()
            outline = self.read(every)
            yield outline
            if outline.complete:
                return
            # It is here already if another thread is still reading the file.
            time.sleep(max(0.0, since + every - time.monotonic()))

    def stop(self) -> None:
        """Read no further; may be called by another thread."""
        self._stopped = True

    def _so_far(self, count: int, *, complete: bool) -> OutlineSoFar:
        outline = self._outline
        said, failed = tuple(outline.said), tuple(outline.failed)
        return OutlineSoFar(tuple(outline.turns), said, failed, count, complete)


def turn_words(turn: OutlineTurn) -> str:
    """The first words of a turn, safe for a screen."""
    return safe_line(turn.words) or "(an image)"


def turn_columns(turn: OutlineTurn) -> tuple[str, str, str]:
    """How long it took, its calls, and its failures, each empty where there is nothing to say."""
    return (
        seconds_text(turn.seconds),
        counted(turn.calls, "call") if turn.calls else "",
        f"{turn.failed:,} failed" if turn.failed else "",
    )
