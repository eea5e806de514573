"""A wait that cannot be fulfilled any more fails at once, and not after minutes."""

from __future__ import annotations

import pytest
from textual.app import App

from tests.support import browsing
from tests.support.browsing import until


async def test_an_app_that_has_ended_makes_nothing_hold():
    app: App[None] = App()
    async with app.run_test() as pilot:
        app.exit()
        with pytest.raises(AssertionError, match="ended"):
            await until(pilot, lambda: False)


async def test_an_app_with_nothing_to_do_is_waited_for_only_so_long(monkeypatch):
    monkeypatch.setattr(browsing, "IDLE_LOOKS", 5)
    async with App[None]().run_test() as pilot:
        with pytest.raises(AssertionError, match="nothing more to do"):
            await until(pilot, lambda: False)
