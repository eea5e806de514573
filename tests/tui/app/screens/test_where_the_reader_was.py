"""Where the reader was in a session stays, whatever is read beside it."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from agcx_tui.app.screens.conversation.checkpoint import CheckpointScreen
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.widgets.preview import Preview
from agcx_tui.core.local.reading_positions import Position, ReadingPositions
from tests.support.browsing import SIZE, browser, demo_copy, scanned, until
from tests.support.golden_files import GOLDEN


async def test_reading_a_checkpoint_does_not_move_the_place_in_its_session(tmp_path):
    store = Path(shutil.copytree(GOLDEN / "manager-store", tmp_path / "history"))
    app = browser(store, state=tmp_path / "state")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.services.store.store is not None)
        screen = app.screen
        await until(pilot, lambda: screen.table.order and not screen.feed.state.reading)
        row = next(
            row for row in screen.table.order
            if (store / "checkpoints").is_dir()
            and any(screen.table.id(row) in path.name for path in (store / "checkpoints").iterdir())
        )  # fmt: skip
        session, path = screen.table.id(row), screen.table.path(row)
        ReadingPositions(tmp_path / "state").save(session, path, Position(3))
        screen.sessions.go_to(row)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConversationScreen))
        conversation = app.screen
        await until(pilot, lambda: conversation.opened and conversation.transcript.source.complete)
        await pilot.press("3")
        await until(pilot, lambda: conversation.panes.facts is not None)
        await until(
            pilot, lambda: getattr(conversation.panes.facts.fact, "target", None) is not None
        )
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CheckpointScreen))
        await until(pilot, lambda: app.screen.opened and app.screen.transcript.source.complete)
        await pilot.press("G")
        await pilot.press("q")
        await until(pilot, lambda: app.screen is conversation)
        await pilot.pause()
        kept = ReadingPositions(tmp_path / "state").load(session, path)
        assert kept is not None
        assert kept.message == 3


async def test_a_preview_that_comes_late_is_not_shown(tmp_path):
    async with browser(demo_copy(tmp_path / "history")).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        preview, head = screen.query_one(Preview), screen.query_one("#preview-head")
        first, second = screen.table.order[:2]
        before = preview._shown.number
        await pilot.press("down")
        title = screen.table.title(second)
        await until(pilot, lambda: title in str(head.render()))
        # The answer about the first, which was asked for before, comes only now.
        path, look = screen.table.path(first), partial(preview._look, "first")
        late = partial(preview._shown.read, before, path, 60, look)
        await preview.run_worker(late, thread=True).wait()
        await pilot.pause()
        assert title in str(head.render())
        assert screen.table.title(first) not in str(head.render())
