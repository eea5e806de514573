"""The keys of the tab of checkpoints do what `agcx checkpoint` does, each as an act that `u` undoes."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from uuid import UUID

import pytest
from textual.widgets import Input

from agcx_format import open_store, read_session
from agcx_tui.app.dialogs.export import ExportDialog
from agcx_tui.app.dialogs.naming import AskDialog, AskToDelete, NameDialog
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.widgets.lines.key_line import KeyLine
from tests.support.browsing import SIZE, browser, notices, on_top, scanned, until
from tests.support.golden_files import GOLDEN
from tests.support.stores import contents
from tests.tui.app.screens.test_deriving import MANAGED

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def managed(tmp_path) -> Path:
    """A store of one session, which has checkpoints, and nobody at work."""
    root = Path(shutil.copytree(GOLDEN / "manager-store", tmp_path / "history"))
    past = time.time() - 3600
    for path in root.glob("*.agcx"):
        if path.stem != MANAGED:
            path.unlink()
        else:
            os.utime(path, (past, past))
    return root


def checkpoints(root):
    store = open_store(root)
    return store.checkpoints.of(store.resolve(MANAGED))


def files(root) -> dict:
    """All but the index, which is made again."""
    return {path: data for path, data in contents(root).items() if path != "sessions.idx"}


def names(root) -> list[str]:
    return [each.metadata.name for each in checkpoints(root)]


async def at_checkpoints(pilot) -> ConversationScreen:
    await scanned(pilot, 1)
    await pilot.press("enter")
    screen = await on_top(pilot, ConversationScreen)
    await until(pilot, lambda: screen.opened)
    await pilot.press("3")
    await facts(pilot, screen)
    return screen


def offered(screen) -> set[str]:
    """What the footer says."""
    return {each.description for each in screen.query_one(KeyLine)._all()}


async def facts(pilot, screen) -> None:
    await until(pilot, lambda: screen.panes.facts is not None and screen.panes.facts.fact)


async def listed(pilot, screen, name: str) -> None:
    """Until the tab lists a checkpoint, where the reader was left."""
    view = lambda: screen.panes.facts  # noqa: E731
    await until(
        pilot,
        lambda: (
            view() and any(row.value == name for row in view()._facts.rows if hasattr(row, "value"))
        ),
    )


async def named(pilot, name: str) -> None:
    dialog = await on_top(pilot, NameDialog)
    dialog.query_one(Input).value = name
    await pilot.press("enter")


async def test_a_checkpoint_is_made_renamed_and_deleted_and_u_undoes_each(managed):
    before, there = files(managed), names(managed)
    async with browser(managed).run_test(size=SIZE) as pilot:
        screen = await at_checkpoints(pilot)
        await pilot.press("n")
        await named(pilot, "kept")
        await until(pilot, lambda: "Created checkpoint kept. u to undo." in notices(pilot))
        assert sorted(names(managed)) == sorted([*there, "kept"])
        await listed(pilot, screen, "kept")
        first = screen.panes.facts.fact.value
        await pilot.press("f2")
        await named(pilot, "another name")
        await until(pilot, lambda: "Renamed to another name" in notices(pilot))
        assert "another name" in names(managed)
        assert first not in names(managed)
        await listed(pilot, screen, "another name")
        await pilot.press("d")
        dialog = await on_top(pilot, AskToDelete)
        assert dialog.focused.id == "cancel"
        # The key that asked answers.
        await pilot.press("d")
        await until(pilot, lambda: "Deleted checkpoint another name" in notices(pilot))
        assert "another name" not in names(managed)
        for count in range(3):
            await until(pilot, lambda: pilot.app.screen is screen)
            await pilot.press("u")
            await until(pilot, lambda count=count: len(screen.derived.acts.done) == 2 - count)
        await until(pilot, lambda: not screen.derived.acts.done)
    assert files(managed) == before


async def test_r_goes_back_to_a_checkpoint_in_place(managed):
    (first, *_) = checkpoints(managed)
    async with browser(managed).run_test(size=SIZE) as pilot:
        await at_checkpoints(pilot)
        await pilot.press("r")
        await on_top(pilot, AskDialog)
        await pilot.press("right", "enter")
        await until(pilot, lambda: f"Went back to {first.name}" in notices(pilot))
    session = read_session(open_store(managed).resolve(MANAGED).path)
    assert len(session[1].messages) == first.metadata.message_index


async def test_each_row_says_its_size_and_what_came_after_also_where_no_session_lists_it(managed):
    path = managed / checkpoints(managed)[0].path
    shutil.copy(path, path.with_name(f"{MANAGED}_{UUID(int=7)}.ckpt"))
    async with browser(managed).run_test(size=SIZE) as pilot:
        screen = await at_checkpoints(pilot)
        groups = screen.panes.facts._facts._groups
        notes = [fact.note for fact in groups[0].facts]
        assert len(notes) == len(names(managed))
        assert all(" B" in note or "kB" in note for note in notes)
        assert sum("its session does not list it" in note for note in notes) == 1
        assert any("messages since" in note for note in notes)
        assert {"new checkpoint", "go back", "open"} <= offered(screen)
        # Without one, only what needs none is offered.
        await pilot.press("slash", *"none", "enter")
        assert "new checkpoint" in offered(screen)
        assert not {"session from it", "go back", "open"} & offered(screen)


async def test_e_exports_the_checkpoint(managed):
    async with browser(managed).run_test(size=SIZE) as pilot:
        await at_checkpoints(pilot)
        await pilot.press("e")
        await on_top(pilot, ExportDialog)
        await pilot.press("escape")
