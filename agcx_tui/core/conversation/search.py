"""Which messages of a source hold some words; for a thread, while the source is still being read.

Strategy: one message after the other, in short steps, so that the interface stays quick: text is
folded and looked through in pieces, because one search in 64 MB would hold the interpreter for a third of a
second.  Where messages are not at hand any more, the source is read once more from the beginning,
beside what is shown; those that cannot be decoded say nothing.
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
# White space within a match that lies on the border of two pieces.
_WHITE = 64
# How many characters a decomposed letter may have for one that is typed.
_GROWS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """What a step found: messages in order, how many were looked at in all, and whether all were."""

    indexes: tuple[int, ...]
    searched: int
    done: bool


def pattern_of(needle: Needle) -> re.Pattern[str]:
    """For a text that the needle prepared; a space stands for any white space, a line's end too."""
    words = needle.text
    pieces = words.split()
    return re.compile(r"\s+".join(map(re.escape, pieces)) if pieces else re.escape(words))


def search(
    source: MessageSource, words: str, stopped: Callable[[], bool] = lambda: False
) -> Iterator[Found]:
    """Steps of some hundredths of a second, until the source is complete or `stopped`."""
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
