"""What the event loop has threads do is done, whatever happens to who waits for it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from agcx_tui.core.store.stream import close_in_thread


def test_what_waits_for_a_thread_is_closed_although_it_is_canceled():
    free, closed = threading.Event(), threading.Event()

    async def cancel_while_it_waits():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        busy = loop.run_in_executor(None, free.wait)
        closing = asyncio.create_task(close_in_thread(closed.set))
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait([closing])
        assert closing.cancelled()
        assert not closed.is_set()
        free.set()
        await busy

    # The loop ends after its threads.
    asyncio.run(cancel_while_it_waits())
    assert closed.is_set()
