"""Python's garbage collector in the app: it never stops the interface for long.

Strategy: what is imported lives as long as the program, so the collector need not look through it. Without
that a full collection, which stops all threads, takes some 30 ms once a conversation was opened.
"""

from __future__ import annotations

import gc
import sys

__all__ = ["begin", "keep_imported"]

# New objects after which the collector looks at them, such collections before one of the middle generation,
# and of these before a full one. Whatever is drawn makes thousands of objects, and the key of that moment
# waits: with five times as many for up to 25 ms, with these for 3. Python's 10 and 10 make collections of the
# middle generation take 20 ms.
_THRESHOLDS = (2_000, 4, 25)
# Modules that are worth it.
_MANY = 20

# How many there were the last time.
_modules = sys.maxsize


def begin() -> None:
    """Let the collector run, if it was disabled for the start."""
    if not gc.isenabled():
        _keep()
        gc.set_threshold(*_THRESHOLDS)
        gc.enable()


def keep_imported() -> bool:
    """Let the collector ignore existing objects, if many modules were imported since the last time.

    Does nothing before `begin`. What else is there and becomes garbage in a cycle is never freed; so this is
    called before a screen makes its widgets, and happens a few times in all: then it is true.
    """
    if len(sys.modules) - _modules < _MANY:
        return False
    gc.collect(1)
    _keep()
    return True


def _keep() -> None:
    global _modules
    gc.freeze()
    _modules = len(sys.modules)
