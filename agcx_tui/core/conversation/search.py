"""Find the messages of a source that contain some words; blocks, so call it in a thread.

Strategy: messages are searched one by one in short steps, so that the interface stays responsive: text is
folded and searched in pieces, because one search in 64 MB would hold the interpreter lock for a third of a
second.  If messages have been dropped from memory, the source is read again from the beginning, without
disturbing what is shown.  Messages that cannot be decoded never match.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agcx_format import PENDING, MessageSource
from agcx_format.transcript import Needle, text_of
from agcx_tui.core.conversation.find_message import at_hand

__all__ = ["Found", "pattern_of", "search"]

_PIECE = 512 * 1024
_STEP_SECONDS = 0.05
_BREATH = 0.0005
_WAIT = 0.05
# White space within a match that crosses the border of two pieces.
_WHITE = 64
# A composed letter may be decomposed into this many characters.
_GROWS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a step.

    Fields:
        indexes: The messages found in this step, in order.
        searched: How many messages have been searched in all.
        done: Whether those are all messages.
    """

    indexes: tuple[int, ...]
    searched: int
    done: bool


def pattern_of(needle: Needle) -> re.Pattern[str]:
    """A pattern for texts that the needle prepared; a space matches any white space."""
    words = needle.text
    pieces = words.split()
    return re.compile(r"\s+".join(map(re.escape, pieces)) if pieces else re.escape(words))


def search(
    source: MessageSource, words: str, stopped: Callable[[], bool] = lambda: False
) -> Iterator[Found]:
    """Search in steps of some hundredths of a second, until all is searched or `stopped`."""
    needle = Needle.of(words)
    pattern, overlap = pattern_of(needle), _GROWS * len(words) + _WHITE
    found: list[int] = []
    index, since = 0, time.monotonic()
    own = False
    while not stopped():
        if index < source.known():
            if not own and source.get(index) is PENDING and hasattr(source, "again"):
                source, own = source.again(), True
                continue
            if _holds(source, index, needle, pattern, overlap, stopped):
                found.append(index)
            index += 1
        elif source.complete and index >= source.known():
            yield Found(tuple(found), index, True)
            return
        elif own:
            source.read_more()
        else:
            time.sleep(_WAIT)
        if time.monotonic() - since > _STEP_SECONDS:
            yield Found(tuple(found), index, False)
            found = []
            time.sleep(_BREATH)
            since = time.monotonic()


def _holds(
    source: MessageSource,
    index: int,
    needle: Needle,
    pattern: re.Pattern[str],
    overlap: int,
    stopped: Callable[[], bool],
) -> bool:
    message = at_hand(source, index, stopped)
    if message is None:
        return False
    text = text_of(message.item)
    for start in range(0, len(text), _PIECE):
        if stopped():
            return False
        if pattern.search(needle.prepare(text[start : start + _PIECE + overlap])):
            return True
    return False
