"""What the event loop has threads do: run a generator that it reads, and close what may block.

No Textual.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["close_in_thread", "in_own_thread", "stream"]

T = TypeVar("T")


async def close_in_thread(close: Callable[[], None]) -> None:
    """Call it in a thread, also when this is canceled: `to_thread` would then drop a call that waits."""
    await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, close))


async def in_own_thread(call: Callable[[], T]) -> T:
    """What the call returns; unlike with `to_thread` it does not wait until one of few threads is free.

    Raises:
        Exception: What the call raised.
    """
    thread = ThreadPoolExecutor(1)
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, call)
    finally:
        thread.shutdown(wait=False)


class _End:
    """Comes after the last item."""


async def stream(
    generate: Callable[[threading.Event], Iterator[T]], *, ahead: int = 1
) -> AsyncGenerator[T, None]:
    """What `generate(stop)` yields in a thread, at most `ahead` items before they are taken.

    `stop` is set once the reader stops: close the stream with `contextlib.aclosing`.  Between two
    items the loop goes round, so a key that was pressed meanwhile is obeyed first.

    Raises:
        Exception: What the generator raised.
    """
    loop = asyncio.get_running_loop()
    items: asyncio.Queue[T | _End] = asyncio.Queue()
    stop, room = threading.Event(), threading.Semaphore(ahead)

    def hand_over(item: T | _End) -> None:
        try:
            loop.call_soon_threadsafe(items.put_nowait, item)
        except RuntimeError:
            # The loop is closed: the program has ended.
            stop.set()

    def run() -> None:
        try:
            for item in generate(stop):
                if stop.is_set():
                    return
                hand_over(item)
                room.acquire()
        finally:
            hand_over(_End())

    thread = loop.run_in_executor(None, run)
    try:
        while not isinstance(item := await items.get(), _End):
            yield item
            room.release()
            await asyncio.sleep(0)
        await thread
    finally:
        stop.set()
        room.release()
