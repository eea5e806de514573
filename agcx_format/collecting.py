"""Fewer runs of the garbage collector while very many values are made that cannot form cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collecting_seldom"]

# Objects after which the garbage collector looks at new ones: more than the messages of most sessions have.
_NEW_OBJECTS = 1_000_000
# New objects that the garbage collector would look through as soon as it runs as often as before.
_MANY = 10_000


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Messages and acts form no cycles, and collecting them repeatedly would take a tenth of the time.

    At the end, many new objects join the oldest generation at once and are not looked through either.
    This is for the whole process. Of two threads, the first one to leave takes it back for both.
    """
    before = gc.get_threshold()
    if not 0 < before[0] < _NEW_OBJECTS:
        yield
        return
    new = gc.get_count()[0]
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        # Counting the frozen objects takes time: not worth it where little was made.
        if gc.get_count()[0] - new > _MANY and not gc.get_freeze_count():
            # Moves all objects to the oldest generation; objects frozen before would be unfrozen.
            gc.freeze()
            gc.unfreeze()
        gc.set_threshold(*before)
