"""A disk with a bad sector, seen on the screens: one row says so, or one page, and all else goes on.

A person walks through every screen that reads a file, once for each place of a file that is read on the way.
"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input

from agcx_format import Store, Timestamp
from agcx_format.layout import v1_sections
from agcx_format.model.session import Checkpoint, CheckpointMetadata
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.history import HistoryScreen
from agcx_tui.app.screens.prune import PruneScreen
from agcx_tui.app.screens.storage import StorageScreen
from agcx_tui.app.screens.trash import TrashScreen
from tests.support.bad_sectors import BadSectors, needs_proc
from tests.support.browsing import SIZE, at_cursor, browser, notices, scanned, titles, until
from tests.support.stores import golden_session

pytestmark = needs_proc

BAD, OTHER, GONE = (UUID(int=number * 0x1111 << 96) for number in range(1, 4))


def build(root: Path, layout: int) -> Path:
    """Two sessions of one layout with all that lies beside them; gives the file that will be hard to read."""
    metadata, conversation, state = golden_session("full")
    store = Store(root, layout=layout)
    for session_id, title in ((GONE, "In the trash"), (OTHER, "Easy"), (BAD, "Hard")):
        now = Timestamp("2025-10-14T07:08:09Z" if session_id == BAD else "2025-10-13T07:08:09Z")
        note = CheckpointMetadata(UUID(int=7), "before", now, 1, None)
        named = replace(metadata, id=session_id, title=title, checkpoints=[note], last_accessed=now)
        store.save_session(session_id, named, replace(conversation, id=session_id), state)
        store.save_checkpoint(session_id, Checkpoint(note, conversation, state))
    store.delete([store.resolve(str(GONE))])
    store.rebuild_index()
    return Path(store.resolve(str(BAD)).path)


async def walk(root: Path) -> None:
    """From the start through every screen that reads a file, and out."""
    app = browser(root, follow=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot, 2)
        assert set(titles(screen)) in ({"Hard", "Easy"}, {"!", "Easy"})
        assert at_cursor(screen) in ("Hard", "!")
        if at_cursor(screen) == "!":
            await pilot.press("enter")
            await until(pilot, lambda: "cannot be read: input/output error" in notices(pilot))
        else:
            await read_conversation(pilot)
        await until(pilot, lambda: pilot.app.screen is screen)
        for key, kind in (
            ("S", StorageScreen),
            ("T", TrashScreen),
            ("L", HistoryScreen),
            ("P", PruneScreen),
        ):
            await pilot.press(key)
            await until(pilot, lambda kind=kind: isinstance(pilot.app.screen, kind))
            await pilot.pause(0.05)
            while pilot.app.screen is not screen:
                await pilot.press("escape")
                await pilot.pause()
        await pilot.press("f5")
        await until(pilot, lambda: not screen.feed.state.reading)
        assert len(titles(screen)) == 2
        await pilot.press("q")


async def read_conversation(pilot: Pilot) -> None:
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
    screen = pilot.app.screen
    await until(pilot, lambda: screen.opened is not None or screen.has_class("-failed"))
    if not screen.has_class("-failed"):
        await until(pilot, lambda: screen.transcript.source.complete)
        for tab in "2341":
            await pilot.press(tab)
            await pilot.pause()
        await pilot.press("slash", *"wri", "enter", "escape")
        assert not isinstance(pilot.app.focused, Input)
    while pilot.app.screen is screen:
        await pilot.press("q")
        await pilot.pause()


# Where in a file of layout 1 a sector is bad, and one place of layout 2's, whose metadata have a copy.
PLACES = ("header", "length", "messages", "context", "layout 2")


@pytest.mark.parametrize("place", PLACES)
async def test_every_screen_outlives_a_sector_of_a_session_that_cannot_be_read(
    place: str, tmp_path
):
    path = build(tmp_path / "history", 2 if place == "layout 2" else 1)
    data = path.read_bytes()
    if place == "layout 2":
        offset = len(data) // 2
    elif place == "header":
        offset = 0
    elif place == "length":
        offset = v1_sections.split(data)[0].end
    else:
        offset = next(span.start for span in v1_sections.split(data) if span.section == place) + 3
    with BadSectors(tmp_path, bad={path: offset}):
        await walk(tmp_path / "history")


@pytest.mark.parametrize("layout", [1, 2])
async def test_every_screen_outlives_files_beside_the_sessions_that_cannot_be_read(
    layout, tmp_path
):
    """Index, copies of metadata, checkpoints, what the acts say: all at once."""
    root = tmp_path / "history"
    build(root, layout)
    beside = [path for path in root.rglob("*") if path.is_file() and path.suffix != ".agcx"]
    assert {path.suffix for path in beside} >= {".idx", ".ckpt", ".json"}
    with BadSectors(tmp_path, bad=dict.fromkeys(beside, 0)):
        await walk(root)


@pytest.mark.parametrize("layout", [1, 2])
async def test_every_screen_outlives_every_read_that_fails(layout: int, tmp_path, request):
    if not request.config.getoption("--full", default=False):
        pytest.skip("a walk for each read: --full")
    root = tmp_path / "history"
    build(root, layout)
    with BadSectors(tmp_path) as disk:
        await walk(root)
    for path, offset in disk.places:
        with BadSectors(tmp_path, bad={path: offset}):
            await walk(root)
