"""The app's event loop says when it has something to do, so that threads give way."""

from __future__ import annotations

import asyncio
import sys

from agcx_tui.app.startup.event_loop import make_loop
from agcx_tui.core.local.giving_way import LoopActivity
from tests.support.waiting import wait_until


def test_it_is_busy_but_for_the_time_that_it_waits():
    activity = LoopActivity()

    async def work() -> None:
        for _ in range(3):
            assert activity.is_busy
            # Also if it goes round because there is more to do.
            await asyncio.sleep(0)
        # While a thread works, it waits.
        await asyncio.to_thread(wait_until, lambda: not activity.is_busy, "a loop that waits")
        assert activity.is_busy

    with asyncio.Runner(loop_factory=lambda: make_loop(activity)) as runner:
        runner.run(work())
    assert not activity.is_busy


def test_a_thread_that_works_leaves_the_interpreter_to_it_soon():
    """Python's five milliseconds are most of what a person may wait for a key."""
    before = sys.getswitchinterval()
    try:
        make_loop(LoopActivity()).close()
        assert sys.getswitchinterval() < 0.001
    finally:
        sys.setswitchinterval(before)
