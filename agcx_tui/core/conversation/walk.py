"""All messages of a source in order, beside what is shown; blocks, so use it in a thread.

Strategy: the source that is shown keeps as much text as memory may hold.  Once a message has been dropped
from it, the rest is read again from a source of its own, which is faster than to fetch each message and
disturbs nothing.  Between short steps the thread sleeps, since it would otherwise hold the interpreter lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from agcx_format import PENDING, MessageSnapshot, MessageSource
from agcx_tui.core.conversation.find_message import at_hand

__all__ = ["walk"]

_STEP_SECONDS = 0.02
_BREATH = 0.001
# While somebody else reads the source further.
_WAIT = 0.05


def walk(
    source: MessageSource, stopped: Callable[[], bool] = lambda: False
) -> Iterator[tuple[int, MessageSnapshot | None]]:
    """Every message with its number from 0, or None if it cannot be decoded; ends when `stopped`.

    A source that is not complete is waited for: whoever shows it reads it further.

    Raises:
        PersistenceError: The file was closed or cannot be read.
    """
    index, since, own = 0, time.monotonic(), False
    again: Callable[[], MessageSource] | None = getattr(source, "again", None)
    while not stopped():
        if index < source.known():
            if not own and again is not None and source.get(index) is PENDING:
                source, own = again(), True
                continue
            yield index, at_hand(source, index, stopped)
            index += 1
        elif source.complete:
            # A message may have become known in between.
            if index >= source.known():
                return
        elif own:
            source.read_more()
        else:
            time.sleep(_WAIT)
        if time.monotonic() - since > _STEP_SECONDS:
            time.sleep(_BREATH)
            since = time.monotonic()
