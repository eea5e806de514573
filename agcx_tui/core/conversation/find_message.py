"""The next message of some kind in a source of any size; for a thread.

Strategy: messages are looked at one by one from where the reader is, in either direction.  Those
whose text was dropped are fetched, those not known yet are read; every step asks whether it
is still wanted.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from agcx_format import PENDING, MessageSnapshot, MessageSource
from agcx_format.errors import PersistenceError

__all__ = ["at_hand", "find_message"]

# A thread that never sleeps would hold the interpreter.
_STEP_SECONDS = 0.02
_BREATH = 0.001


def at_hand(
    source: MessageSource, index: int, stopped: Callable[[], bool] = lambda: False
) -> MessageSnapshot | None:
    """A known message, fetched if need be; None when it cannot be decoded, or stopped.  May block."""
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
    """The nearest message that is `wanted`, from `start` on (1) or back (-1); None when there is none.

    Reads on where the source is not complete.
    """
    if direction > 0 and start == 0 and hasattr(source, "again"):
        # From the beginning: rather once more than fetched one by one.
        source = source.again()
    index, since = start, time.monotonic()
    while index >= 0 and not stopped():
        if index >= source.known():
            ended = source.complete or not source.read_more()
            # One that became known in between counts.
            if ended and index >= source.known():
                return None
        else:
            message = at_hand(source, index, stopped)
            if message is not None and wanted(message):
                return index
            index += direction
        if time.monotonic() - since > _STEP_SECONDS:
            time.sleep(_BREATH)
            since = time.monotonic()
    return None
