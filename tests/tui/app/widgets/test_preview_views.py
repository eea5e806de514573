"""What the preview shows first: the person's words, the last ones, or where a conversation was left."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from textual.widgets import Static

from agcx_format import new_session, open_store, write_session
from agcx_format.codec.zstd import seekable
from agcx_format.importing.draft import ImportDraft
from agcx_format.model.items import InputText, Message
from agcx_format.model.timestamps import Timestamp
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.widgets.preview import Preview
from agcx_tui.app.widgets.transcript.transcript import Transcript
from tests.support.browsing import SIZE, browser, demo_copy, line, scanned, until


@pytest.mark.parametrize("in_frames", [False, True])
async def test_v_shows_first_words_last_words_and_where_one_was(tmp_path, monkeypatch, in_frames):
    if in_frames:
        # As the messages of large sessions are.
        monkeypatch.setattr(seekable, "THRESHOLD", 50)
        monkeypatch.setattr(seekable, "FRAME", 50)
    store = demo_copy(tmp_path / "history")
    with_context(store)
    app = browser(store, state=tmp_path / "state")
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot, 16)
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
        # Context that an agent put before is out of view, also where all of it would fit.
        await pilot.press("end")
        await until(pilot, lambda: len(screen.query(Transcript)) and shown.source.known() == 2)
        seen = lambda: [shown.viewport.strip(place).text for place in shown.viewport.window]  # noqa: E731
        await until(pilot, lambda: seen() and "Hello" in seen()[0])


async def test_a_model_that_the_writer_did_not_know_is_not_named(tmp_path):
    store = open_store(tmp_path / "history")
    made = new_session(title="t", messages=[], id=UUID(int=7))
    assert made[0].model == "unknown"
    store.save_session(UUID(int=7), *made)
    app = browser(store.path)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot, 1)
        head = screen.query_one("#preview-head", Static)
        await until(pilot, lambda: "0 messages" in str(head.render()))
        assert "unknown" not in str(head.render())
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConversationScreen))
        await until(pilot, lambda: "0 messages" in line(app.screen, "#title"))
        assert "unknown" not in line(app.screen, "#title")


def with_context(store: Path) -> None:
    """Add a short session that begins with what an agent said in the name of the user: the oldest."""
    draft = ImportDraft(UUID(int=7 << 96), Timestamp("2019-08-26T04:12:50.123Z"))
    for at, text in enumerate(("<environment_context>\n</environment_context>", "Hello"), 1):
        draft.add(Message(None, "user", [InputText(text)]), at)
    made = draft.finish(source=None, agent="", title="t", model="m", tags=[], directory="/src")
    write_session(store / f"{draft.id}.agcx", made.metadata, made.conversation, made.state)
