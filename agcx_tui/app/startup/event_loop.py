"""The event loop of the app, which has priority over threads that work long."""

from __future__ import annotations

import asyncio
import selectors

from agcx_tui.core.local.giving_way import LOOP, LoopActivity, take_short_turns

__all__ = ["make_loop"]


class _Waiting(selectors.DefaultSelector):
    """Waits for what comes next; the loop is busy at all other times."""

    def __init__(self, activity: LoopActivity) -> None:
        super().__init__()
        self._activity = activity
        activity.becomes_busy()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            # Something is to be done next.
            return super().select(timeout)
        self._activity.becomes_idle()
        try:
            return super().select(timeout)
        finally:
            self._activity.becomes_busy()

    def close(self) -> None:
        self._activity.becomes_idle()
        super().close()


def make_loop(activity: LoopActivity = LOOP) -> asyncio.AbstractEventLoop:
    """The loop of the app; from now on every thread leaves it the interpreter soon."""
    take_short_turns()
    return asyncio.SelectorEventLoop(_Waiting(activity))
