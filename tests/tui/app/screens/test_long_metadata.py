"""A title, a model or a tag without an end is shown by its beginning, on every screen."""

from __future__ import annotations

from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import Store, limits
from agcx_tui.app.dialogs.export import ExportDialog
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from tests.support.browsing import SIZE, browser, scanned, until
from tests.support.stores import golden_session

LONG = 300_000


@pytest.mark.parametrize("layout", [1, 2])
async def test_nothing_on_the_screens_is_longer_than_what_a_list_keeps(layout: int, tmp_path):
    metadata, conversation, state = golden_session("full")
    long = replace(
        metadata,
        id=UUID(int=1),
        title="T" * LONG,
        model="m" * LONG,
        tags=["t" * LONG, *map(str, range(500))],
    )
    store = Store(tmp_path / "history", layout=layout)
    store.save_session(long.id, long, replace(conversation, id=long.id), state)
    most = 4 * limits.LISTED_TITLE + limits.LISTED_TAGS * limits.LISTED_TEXT
    async with browser(store.path, follow=False).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot, 1)
        head = screen.query_one("#preview-head")
        await until(pilot, lambda: "messages" in str(head.render()))
        assert len(str(head.render())) < most
        assert "…" in str(head.render())
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
        opened = pilot.app.screen
        await until(pilot, lambda: opened.opened is not None)
        assert len(opened.opened.metadata.title) == limits.LISTED_TITLE
        assert len(opened.opened.metadata.tags) == limits.LISTED_TAGS
        await pilot.press("4")
        await pilot.pause()
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, ExportDialog))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
    # Whoever opens the file has all of it.
    assert store.load_session(long.id)[0].title == long.title
