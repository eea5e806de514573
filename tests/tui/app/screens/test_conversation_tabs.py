"""What stands around the messages: tabs, checkpoints, the place one comes back to, ways out."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from textual.app import App

from agcx_format.store.store import open_store
from agcx_tui.app.screens.conversation.checkpoint import show_checkpoint
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.conversation.derived_sessions import DerivedSessions
from agcx_tui.app.screens.conversation.session_acts import SessionActs
from agcx_tui.app.widgets.facts_view import FactsView
from agcx_tui.app.widgets.lines.tab_line import TabLine
from agcx_tui.core.local.reading_positions import Position, ReadingPositions
from agcx_tui.core.store.act_queue import ActQueue
from tests.support.browsing import until
from tests.support.golden_files import GOLDEN
from tests.support.messages import golden, screen_text

pytestmark = pytest.mark.usefixtures("undrawn")

MANAGED = "4dea779b-8bcd-44d3-8225-e25732ff8659"
SIZE = (100, 30)


class ScreenApp(App):
    """A first screen, and the conversation above it."""

    def __init__(self, path: str, **options) -> None:
        super().__init__()
        self.first = ConversationScreen(path, **options)

    def on_mount(self) -> None:
        self.push_screen(self.first)


def facts(pilot) -> str:
    """The view of facts that is shown, as it is drawn."""
    return "\n".join(screen_text(pilot.app.screen.panes.facts))


def status(pilot) -> str:
    return pilot.app.screen.query_one(TabLine).plain


async def opened(pilot, messages: int) -> ConversationScreen:
    screen = pilot.app.screen
    await until(pilot, lambda: screen.opened is not None)
    await until(pilot, lambda: screen.transcript.source.known() == messages)
    await until(pilot, lambda: len(screen.transcript.viewport.heights) == messages + 1)
    return screen


async def test_a_tab_that_is_asked_for_while_the_file_changes_is_shown():
    app = ScreenApp(golden("full"))
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, 3)
        await pilot.press("4")
        await until(pilot, lambda: "Reading" not in facts(pilot))
        # What is shown is on its way out when the key comes.
        await asyncio.gather(screen.panes.forget(), screen.panes.show("details", screen.opened))
        await until(pilot, lambda: screen.panes.facts and "Reading" not in facts(pilot))
        assert len(screen.query("#details")) == 1


async def test_numbers_and_tab_show_the_tabs_and_digits_can_still_be_searched_for():
    app = ScreenApp(golden("full"))
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, 3)
        await pilot.press("2")
        await until(pilot, lambda: "/home/dev/проект" in facts(pilot))
        assert "5,000,000,000 bytes" in facts(pilot)
        assert "2025-10-21T10:04:15.505Z" in facts(pilot)
        await pilot.press("tab")
        await until(pilot, lambda: "Checkpoints" in facts(pilot))
        await pilot.press("ctrl+pagedown")
        await until(pilot, lambda: "messages" in facts(pilot))
        await pilot.press("tab")
        await until(pilot, lambda: "turns" in facts(pilot))
        await pilot.press("tab")
        assert screen.panes.facts is None
        assert app.focused is screen.transcript
        await pilot.press("shift+tab", "shift+tab")
        await until(pilot, lambda: screen.panes.facts is not None and "ratio" in facts(pilot))
        await pilot.press("1", "slash", "4")
        assert screen.panes.facts is None
        assert screen.search.input.value == "4"
        # The program ends while another tab is about to be shown: its views go one after the other.
        await pilot.press("escape", "2")
        await until(pilot, lambda: screen.panes.facts is not None)
        await screen.panes.remove_children()
        await screen.panes.show("messages", screen.opened)


async def test_a_click_shows_the_tab_under_it():
    app = ScreenApp(golden("full"))
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, 3)
        at = status(pilot).index("4 Details")
        await pilot.click(TabLine, offset=(at + 3, 0))
        await until(pilot, lambda: screen.panes.facts is not None)
        assert screen.panes.facts.id == "details"


async def test_the_details_hold_every_field_and_the_size_of_every_section():
    path = golden("large")
    app = ScreenApp(path)
    async with app.run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot, 3000)
        data = screen.opened.metadata
        await pilot.press("4")
        await until(pilot, lambda: "Sections" in facts(pilot))
        shown = facts(pilot)
        for text in [
            data.title, str(data.id), data.model, data.current_mode.value, data.created_at,
            data.updated_at, data.last_accessed, f"{data.message_count:,}", f"{data.file_size:,}",
            f"{Path(path).stat().st_size:,}", "layout",
        ]:  # fmt: skip
            assert text in shown, text
        assert (
            sum(place.size for place, _ in screen.opened.sections(lambda: False)) < data.file_size
        )
        assert all(plain for _, plain in screen.opened.sections(lambda: False))


async def test_a_filter_narrows_the_facts_and_escape_brings_them_back():
    app = ScreenApp(golden("full"))
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, 3)
        await pilot.press("2")
        await until(pilot, lambda: "Environment" in facts(pilot))
        await pilot.press("slash", *"c.utf")
        assert "LANG" in facts(pilot)
        assert "Open files" not in facts(pilot)
        assert screen.search.said == "1 shown"
        await pilot.press("enter", "y")
        assert app.clipboard == "C.UTF-8"
        await pilot.press("escape")
        assert "Open files" in facts(pilot)
        assert app.screen is screen


async def test_arrows_go_from_fact_to_fact_and_the_view_follows():
    app = ScreenApp(golden("full"))
    async with app.run_test(size=(60, 12)) as pilot:
        screen = await opened(pilot, 3)
        await pilot.press("2")
        await until(pilot, lambda: "Directory" in facts(pilot))
        seen = []
        for _ in range(30):
            await pilot.press("j")
            view = screen.panes.facts
            assert view.viewport.head_row(view.current) is not None
            seen.append(view.fact.name or view.fact.value)
        assert seen[:2] == ["/home/dev/a.rs", "b c.rs"]
        assert seen[-1] == "LANG"
        for _ in range(30):
            await pilot.press("k")
        assert screen.panes.facts.fact.name == "working in"
        assert screen.panes.facts.viewport.position == 0
        await pilot.press("G")
        assert screen.panes.facts.fact.name == "LANG"
        await pilot.press("g")
        assert screen.panes.facts.fact.name == "working in"


@pytest.mark.parametrize("with_store", [True, False])
async def test_enter_on_a_checkpoint_reads_it(tmp_path, with_store):
    path = Path(shutil.copytree(GOLDEN / "manager-store", tmp_path / "history"))
    acts = ActQueue(open_store(path)) if with_store else None
    app = ScreenApp(
        str(path / f"{MANAGED}.agcx"),
        derived=DerivedSessions("", SessionActs(acts)),
        show_checkpoint=show_checkpoint,
    )
    async with app.run_test(size=(100, 45)) as pilot:
        first = await opened(pilot, 17)
        await pilot.press("3")
        await until(pilot, lambda: "with the trap" in facts(pilot))
        await pilot.press("j", "enter")
        await until(pilot, lambda: app.screen is not first)
        checkpoint = await opened(pilot, 17)
        title = checkpoint.query_one("#title").plain
        assert title.startswith("◆ Checkpoint “with the trap” of Made by the session manager")
        assert any("after the checkpoint" in line for line in screen_text(checkpoint.transcript))
        assert "Checkpoints" not in status(pilot)
        await pilot.press("3")
        await until(pilot, lambda: "after message" in facts(pilot))
        await pilot.press("4", "escape")
        assert app.screen is first
        assert isinstance(app.focused, FactsView)


async def test_a_checkpoint_whose_file_is_gone_is_listed_and_says_so(tmp_path):
    path = Path(shutil.copy(GOLDEN / "manager-store" / f"{MANAGED}.agcx", tmp_path))
    app = ScreenApp(str(path))
    async with app.run_test(size=SIZE) as pilot:
        first = await opened(pilot, 17)
        await pilot.press("3")
        await until(pilot, lambda: "its file is missing" in facts(pilot))
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen is first


# --- where the reader was


async def test_one_comes_back_to_the_message_that_one_was_at(tmp_path):
    path = golden("large")
    positions = ReadingPositions(tmp_path / "state")
    app = ScreenApp(path, positions=positions)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, 3000)
        await pilot.press("colon", *"2000", "enter")
        assert screen.transcript.current == 1999
        await pilot.press("escape")
        await until(pilot, lambda: (tmp_path / "state" / "positions.json").exists())
    again = ScreenApp(path, positions=positions)
    async with again.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, 3000)
        await until(pilot, lambda: screen.transcript.current == 1999)
        assert screen.transcript.viewport.head_row(1999) == 0
        words = "continued at 2,000, g for the start"
        await until(pilot, lambda: words in status(pilot))
        await pilot.resize_terminal(76, 30)
        await until(pilot, lambda: status(pilot).endswith("5 Activity  2,000/3,000"))
        assert "1 Messages" in screen.query_one(TabLine).render().plain
        await pilot.resize_terminal(*SIZE)
        await pilot.press("g")
        await until(pilot, lambda: "message 1 of 3,000" in status(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: positions.load(screen.opened.metadata.id, path) is None)


def test_positions_are_those_of_one_session_in_one_file(tmp_path):
    positions = ReadingPositions(tmp_path / "deep" / "state")
    positions.save("a", "/x/a.agcx", Position(7, 3))
    positions.save("a", "/y/a.agcx", Position(9))
    assert positions.load("a", "/x/a.agcx") == Position(7, 3)
    assert positions.load("b", "/x/a.agcx") is None
    positions.save("a", "/x/a.agcx", None)
    assert positions.load("a", "/x/a.agcx") is None
    assert positions.load("a", "/y/a.agcx") == Position(9)
    file = tmp_path / "deep" / "state" / "positions.json"
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_oldest_positions_make_room(tmp_path):
    positions = ReadingPositions(tmp_path)
    many = [{"session": str(n), "path": "/x", "message": n, "row": 0} for n in range(2000)]
    import json

    (tmp_path / "positions.json").write_text(json.dumps({"version": 1, "entries": many}))
    positions.save("new", "/x", Position(1))
    assert positions.load("0", "/x") is None
    assert positions.load("1", "/x") == Position(1)
    assert positions.load("new", "/x") == Position(1)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"version":2,"entries":[]}', b"\xff\xfe", b"[" * 100_000,
     b'{"version":1,"entries":[{"session":"a","path":"/x","message":-1,"row":0}]}',
     b'{"version":1,"entries":[{"session":"a","path":"/x","message":"1","row":0}]}'],
)  # fmt: skip
def test_a_file_of_positions_that_is_not_ours_counts_as_empty(tmp_path, content):
    (tmp_path / "positions.json").write_bytes(content)
    positions = ReadingPositions(tmp_path)
    assert positions.load("a", "/x") is None
    positions.save("a", "/x", Position(2))
    assert positions.load("a", "/x") == Position(2)


def test_a_place_that_cannot_be_written_to_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    positions = ReadingPositions(tmp_path / "file" / "state")
    positions.save("a", "/x", Position(2))
    assert positions.load("a", "/x") is None
