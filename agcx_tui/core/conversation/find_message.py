"""Find the next message of some kind in a source, or go through all; blocks, so call it in a thread.

Strategy: messages are tested one by one from the reader's position, in either direction.  Messages whose text
was dropped from memory are fetched, and unknown ones are read; every step checks for cancellation, and gives
way to the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agcx_format import PENDING, MessageSnapshot, MessageSource
from agcx_format.errors import PersistenceError
from agcx_tui.core.local.giving_way import give_way

__all__ = ["all_messages", "at_hand", "find_message"]


def at_hand(
    source: MessageSource, index: int, stopped: Callable[[], bool] = lambda: False
) -> MessageSnapshot | None:
    """A known message, fetched if necessary; None if it cannot be decoded, or if `stopped`.  May block."""
    message = source.get(index)
    if message is PENDING and hasattr(source, "fetch"):
        try:
            source.fetch(index, stopped)
        except (PersistenceError, OSError):
            return None
        message = source.get(index)
    return message if isinstance(message, MessageSnapshot) else None


def find_message(
    source: MessageSource,
    start: int,
    direction: int,
    wanted: Callable[[MessageSnapshot], bool],
    stopped: Callable[[], bool] = lambda: False,
) -> int | None:
    """The number of the nearest `wanted` message from `start`, forward (1) or backward (-1).

    Reads further if the source is not complete.  Returns None if there is no such message, or if `stopped`.
    """
    if direction > 0 and start == 0 and hasattr(source, "again"):
        # From the beginning, reading again is faster than fetching one by one.
        source = source.again()
    index = start
    while index >= 0 and not stopped():
        give_way()
        if index >= source.known():
            ended = source.complete or not source.read_more()
            # A message may have become known in between.
            if ended and index >= source.known():
                return None
        else:
            message = at_hand(source, index, stopped)
            if message is not None and wanted(message):
                return index
            index += direction
    return None


def all_messages(
    source: MessageSource, stopped: Callable[[], bool] = lambda: False, start: int = 0
) -> Iterator[tuple[int, MessageSnapshot]]:
    """The messages that can be decoded, with their numbers from 1; ends if `stopped`.  Reads on as it goes.

    `start` is the number of the first, from 0.

    Raises:
        PersistenceError: The file was closed.
    """
    index = start
    again: Callable[[], MessageSource] | None = getattr(source, "again", None)
    while not stopped():
        give_way()
        if index >= source.known():
            ended = source.complete or not source.read_more()
            # Messages may have become known in between.
            if ended and index >= source.known():
                return
        else:
            if again is not None and source.get(index) is PENDING:
                # To read them again in order is faster than to fetch each.
                source, again = again(), None
                continue
            message = at_hand(source, index, stopped)
            index += 1
            if message is not None:
                yield index, message
