"""Waiting until a condition holds, with one limit for all tests.

The limit is generous: a test that passes ends sooner, and on a busy machine everything takes long.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

__all__ = ["LIMIT", "soon", "wait_until"]

# Seconds.
LIMIT = 120.0


def wait_until(holds: Callable[[], object], what: str = "the condition") -> None:
    """Block until `holds()` is true; an AssertionError that names `what` if it never is."""
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end, f"{what} never came"
        time.sleep(0.005)


async def soon(holds: Callable[[], object], what: str = "the condition") -> None:
    """The same in an event loop, which goes on meanwhile."""
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end, f"{what} never came"
        await asyncio.sleep(0.005)
