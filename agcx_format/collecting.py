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
    """Messages and acts hold no cycles: looking through them again and again takes a tenth of the time.

    At the end, new objects are put among the old ones if they are many: they need no look then either.
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
        # The number of frozen objects is counted one by one: not where little was made.
        if gc.get_count()[0] - new > _MANY and not gc.get_freeze_count():
            # Puts all objects among the oldest without a look at them; what was frozen would be no longer.
            gc.freeze()
            gc.unfreeze()
        gc.set_threshold(*before)
