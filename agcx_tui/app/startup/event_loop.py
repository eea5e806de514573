"""The event loop of the app, to which threads that search give way."""

from __future__ import annotations

import asyncio
import selectors

from agcx_tui.core.search.giving_way import Turns

__all__ = ["make_loop"]


class _Waiting(selectors.DefaultSelector):
    """Waits for what comes next; in `turns` it is the loop's turn at all other times."""

    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns
        turns.begin()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            # Something is to be done next.
            return super().select(timeout)
        self._turns.end()
        try:
            return super().select(timeout)
        finally:
            self._turns.begin()

    def close(self) -> None:
        self._turns.end()
        super().close()


def make_loop(turns: Turns) -> asyncio.AbstractEventLoop:
    return asyncio.SelectorEventLoop(_Waiting(turns))
