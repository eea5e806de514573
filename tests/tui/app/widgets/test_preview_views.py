"""What the preview shows first: the person's words, the last ones, or where a conversation was left."""

from __future__ import annotations

from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.widgets.preview import Preview
from agcx_tui.app.widgets.transcript.transcript import Transcript
from tests.support.browsing import SIZE, browser, demo_copy, scanned, until


async def test_v_shows_first_words_last_words_and_where_one_was(tmp_path):
    app = browser(demo_copy(tmp_path / "history"), state=tmp_path / "state")
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConversationScreen))
        reading = app.screen.query_one(Transcript)
        await until(pilot, lambda: reading.source.complete and reading.viewport.window)
        await pilot.press("right_curly_bracket", "escape")
        left_at = reading.current
        assert left_at > 0
        await until(pilot, lambda: app.screen is screen and screen.query(Transcript))
        preview, shown = screen.query_one(Preview), screen.query_one(Transcript)
        await until(pilot, lambda: shown.source.known() == 24)
        first = shown.current
        head = lambda: str(preview.query_one("#preview-head").render())  # noqa: E731
        assert len(head().splitlines()) == 2
        for said, at in (("last words", 23), ("where you were", left_at), ("24 messages", first)):
            await pilot.press("v")
            await until(pilot, lambda said=said: said in head().splitlines()[1][:20])
            await until(pilot, lambda at=at: shown.current == at)
