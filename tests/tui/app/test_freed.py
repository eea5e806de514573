"""What was drawn is freed at once: left to the garbage collector, it makes every thread wait for that."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from textual.strip import Strip

from tests.support.browsing import browser, demo_copy, scanned, until
from tests.support.searching import answered, opened, previewed, typed


@contextmanager
def collected(kind: type) -> Iterator[list[object]]:
    """What of this kind only the collector would free, once that is left."""
    found: list[object] = []
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found += [each for each in gc.garbage if isinstance(each, kind)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def test_lines_of_the_list(tmp_path):
    async with browser(demo_copy(tmp_path / "history")).run_test(size=(120, 30)) as pilot:
        await scanned(pilot, 15)
        with collected(Strip) as left:
            for key in ("down", "down", "s", "down", "i", "r"):
                await pilot.press(key)
                await pilot.pause()
        assert not left


async def test_lines_of_results_and_of_the_conversation_beside_them(tmp_path):
    async with browser(demo_copy(tmp_path / "history")).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "queue")
        await previewed(pilot, screen)
        with collected(Strip) as left:
            await pilot.press("space", "l", "e")
            await answered(pilot, screen, "queue le")
            await until(pilot, lambda: screen.preview.matches is not None)
            await pilot.press("tab", "down", "n", "n")
            await pilot.pause()
        assert not left
