"""Deleting asks and can be undone; exporting never overwrites unasked."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from uuid import UUID

import pytest
from textual import events
from textual.widgets import Button, Input, Static

from agcx_format import InputText, Message, new_message
from agcx_format.store.store import open_store
from agcx_tui.app.app import AgcxApp
from agcx_tui.app.dialogs.delete import ConfirmDelete, ConfirmFavorites
from agcx_tui.app.dialogs.export import ExportDialog
from agcx_tui.app.dialogs.undo import AskToUndo
from agcx_tui.app.widgets.choices import Picks
from agcx_tui.core.export.file_names import suggested_name
from agcx_tui.core.sessions.table import SessionTable
from tests.support.browsing import (
    SIZE,
    at_cursor,
    browser,
    confirm_deletion,
    line,
    notices,
    scanned,
    titles,
    until,
)
from tests.support.entries import session
from tests.support.stores import contents

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty directory that the program was started in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def text_of(dialog) -> str:
    return "\n".join(str(part.render()) for part in dialog.query(Static))


async def asked(pilot, kind):
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    await pilot.pause()
    return pilot.app.screen


# --- delete and undo


@pytest.mark.parametrize("key", ["d", "delete"])
async def test_deleting_asks_with_the_numbers_that_matter_and_cancel_focused(store, key):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "space", "space", key)
        dialog = await asked(pilot, ConfirmDelete)
        assert dialog.focused is dialog.query_one("#cancel")
        text = text_of(dialog)
        size = line(screen, "#marks").partition(", ")[2]
        assert f"Delete 2 sessions, {size}?" in text
        assert "Fix the grid layout" in text
        assert "Last used between 3 hours ago and 2 hours ago." in text
        assert "One of them is a favorite." in text
        assert "u to undo" in text


@pytest.mark.parametrize("key", ["enter", "escape"])
async def test_cancel_deletes_nothing(store, key):
    before = contents(store, trash=True)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("d")
        await asked(pilot, ConfirmDelete)
        await pilot.press(key)
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.pause(0.1)
        assert len(screen.table) == 15
    assert contents(store, trash=True) == before


async def test_favorites_are_asked_about_once_more_by_name_and_cancel_keeps_all(store):
    before = contents(store, trash=True)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "space", "space", "d")
        await asked(pilot, ConfirmDelete)
        await pilot.press("right", "enter")
        dialog = await asked(pilot, ConfirmFavorites)
        assert dialog.focused is dialog.query_one("#cancel")
        text = text_of(dialog)
        assert "Delete this favorite, too?" in text
        assert "★ Fix the grid layout" in text
        assert "Cancel keeps both sessions." in text
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.pause(0.1)
        assert len(screen.table) == 15
    assert contents(store, trash=True) == before


def test_the_second_question_names_three_favorites_and_counts_the_rest():
    table = SessionTable()
    rows = table.put(session(number, favorite=number < 5) for number in range(6))
    lines = [line.plain for line in ConfirmFavorites.among(table, rows)._lines]
    assert lines[:4] == ["★ Session 0", "★ Session 1", "★ Session 2", "and 2 more"]
    assert ConfirmFavorites.among(table, rows[:5])._question == "Really delete these 5 favorites?"


async def test_delete_removes_the_row_and_u_brings_it_back(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "d")
        await confirm_deletion(pilot, favorites=True)
        await until(pilot, lambda: len(screen.table) == 14)
        assert "Fix the grid layout" not in titles(screen)
        assert at_cursor(screen) == "Why does the queue stall after a deploy?"
        assert "Deleted “Fix the grid layout”" in notices(pilot)
        assert "u to undo" in notices(pilot)
        assert len(list(store.glob("*.agcx"))) == 14

        await pilot.press("u")
        await until(pilot, lambda: "Restored" in notices(pilot))
        assert len(screen.table) == 15
        assert at_cursor(screen) == "Fix the grid layout"
    assert contents(store) == before


async def test_all_marked_are_deleted_even_those_that_the_filter_hides(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("a", "slash", *"rename", "escape", "d")
        dialog = await asked(pilot, ConfirmDelete)
        assert "Delete 15 sessions" in text_of(dialog)
        assert "The filter hides 13 of them now." in text_of(dialog)
        await confirm_deletion(pilot, favorites=True)
        await until(pilot, lambda: len(screen.table) == 0)
        assert list(store.glob("*.agcx")) == []
        assert line(screen, "#marks") == ""
        await pilot.press("u")
        await until(pilot, lambda: len(screen.table) == 15)


async def test_a_broken_file_can_be_deleted_by_name(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        (store / "note.agcx").write_bytes(b"not a session")
        await pilot.press("f5", "slash", *"note.agcx", "escape")
        await until(pilot, lambda: len(screen.table.order) == 1)
        await pilot.press("d")
        dialog = await asked(pilot, ConfirmDelete)
        assert "! note.agcx" in text_of(dialog)
        await pilot.press("right", "enter")
        await until(pilot, lambda: not (store / "note.agcx").exists())


async def test_what_changed_since_it_was_shown_is_not_deleted(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        path = Path(screen.table.path(screen.table.order[0]))
        os.utime(path, ns=(1, 1))
        await pilot.press("d")
        await confirm_deletion(pilot)
        await until(pilot, lambda: "Nothing was deleted" in notices(pilot))
        assert path.exists()
        # It is read again meanwhile, so that asking once more deletes what is shown now.
        await until(pilot, lambda: not screen.feed.state.reading)
        await pilot.press("d")
        await confirm_deletion(pilot)
        await until(pilot, lambda: not path.exists())


async def test_a_session_that_changed_a_moment_ago_is_pointed_out(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        now = app.services.now() * 1000
        os.utime(screen.table.path(screen.table.order[0]), ns=(now, now))
        await pilot.press("f5")
        await pilot.pause(0.1)
        await until(pilot, lambda: not screen.feed.state.reading)
        await pilot.press("d")
        dialog = await asked(pilot, ConfirmDelete)
        assert "changed in the last 5 minutes" in text_of(dialog)


async def test_a_session_that_is_a_link_is_said_to_be_one(store, tmp_path):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        path = Path(screen.table.path(screen.table.order[0]))
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
        await pilot.press("d")
        dialog = await asked(pilot, ConfirmDelete)
        await until(pilot, lambda: "the file that it leads to stays" in text_of(dialog))
        await pilot.press("right", "enter")
        await until(pilot, lambda: not os.path.lexists(path))
    assert (tmp_path / "elsewhere").exists()


async def test_with_nothing_to_undo_u_says_so_and_asks_about_what_others_did(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("u")
        await until(pilot, lambda: "Nothing to undo" in notices(pilot))
        # What another program does meanwhile is asked about, and keys on their way do not answer.
        elsewhere = open_store(store)
        elsewhere.delete([elsewhere.resolve("70b30ef8")])
        for _ in range(3):
            app.post_message(events.Key("u", "u"))
        dialog = await asked(pilot, AskToUndo)
        await pilot.pause()
        assert "Undo: deleted “Fix the grid layout”" in text_of(dialog)
        assert app.screen is dialog
        assert app.focused.id == "cancel"
        assert elsewhere.acts()
        await pilot.press("u")
        await until(pilot, lambda: not elsewhere.acts())
        assert app.screen is screen


async def test_an_asterisk_stars_and_u_takes_it_back(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        row = screen.table.order[0]
        assert not screen.table.favorite(row)
        await pilot.press("asterisk")
        await until(pilot, lambda: screen.table.favorite(row))
        assert open_store(store).resolve(screen.table.id(row)).metadata.is_favorite
        await pilot.press("u")
        await until(pilot, lambda: not screen.table.favorite(row))
        assert not open_store(store).resolve(screen.table.id(row)).metadata.is_favorite


async def test_marked_sessions_are_starred_together_and_then_unstarred(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        rows = screen.table.order[:3]
        await pilot.press("space", "space", "space", "asterisk")
        await until(pilot, lambda: all(map(screen.table.favorite, rows)))
        await pilot.press("asterisk")
        await until(pilot, lambda: not any(map(screen.table.favorite, rows)))


# --- export


async def export_dialog(pilot) -> ExportDialog:
    await pilot.press("e")
    return await asked(pilot, ExportDialog)


async def test_a_session_is_exported_as_markdown_readable_by_its_owner_alone(store, here):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down")
        dialog = await export_dialog(pilot)
        name = f"fix-the-grid-layout-{screen.table.id(screen.table.order[1])[:8]}.md"
        assert dialog.query_one(Input).value == str(here / name)
        # Its end is seen.
        await until(pilot, lambda: dialog.query_one(Input).scroll_offset.x > 0)
        await pilot.press("enter")
        await until(pilot, lambda: "Exported to" in notices(pilot))
        text = (here / name).read_text()
        assert "# Fix the grid layout" in text
        assert "Look at this picture and fix the layout." in text
        assert stat.S_IMODE((here / name).stat().st_mode) == 0o600
        assert [path.name for path in here.iterdir()] == [name]


async def test_the_format_changes_the_name_and_json_holds_all_of_it(store, here):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("down")
        dialog = await export_dialog(pilot)
        # The dialog starts on the formats: an arrow chooses, down leaves them below the last row.
        await pilot.press("down", "right", "up", "right", "down", "down")
        assert dialog.query_one(Picks).chosen.id == "format-codex"
        assert dialog.focused.id == "part-tool_calls"
        await pilot.press("up", "up")
        await until(pilot, lambda: dialog.query_one(Input).value.endswith(".json"))
        target = Path(dialog.query_one(Input).value)
        await pilot.press("enter")
        await until(pilot, target.exists)
        value = json.loads(target.read_bytes())
        assert value["metadata"]["title"] == "Fix the grid layout"
        assert len(value["conversation"]["messages"]) == 24


async def test_an_existing_file_is_overwritten_only_when_asked_twice(store, here):
    (here / "mine.md").write_text("precious")
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        dialog = await export_dialog(pilot)
        dialog.query_one(Input).value = str(here / "mine.md")
        await pilot.press("enter")
        await until(pilot, lambda: "It exists already." in text_of(dialog))
        assert str(dialog.query_one("#export", Button).label) == "Overwrite"
        assert (here / "mine.md").read_text() == "precious"
        # Another path is another question.
        dialog.query_one(Input).value = str(here / "other.md")
        await pilot.pause()
        assert str(dialog.query_one("#export", Button).label) == "Export"
        dialog.query_one(Input).value = str(here / "mine.md")
        await pilot.press("enter")
        await until(pilot, lambda: "It exists already." in text_of(dialog))
        await pilot.press("enter")
        await until(pilot, lambda: "Teach deploy.sh" in (here / "mine.md").read_text())


@pytest.mark.parametrize(
    ("path", "said"),
    [("", "Enter a path."), (".", "This is a directory"), ("file/x.md", "is not a directory")],
)
async def test_a_path_that_cannot_be_is_refused_in_the_dialog(store, here, path, said):
    (here / "file").write_text("x")
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        dialog = await export_dialog(pilot)
        dialog.query_one(Input).value = path
        await pilot.press("enter")
        await until(pilot, lambda: said in text_of(dialog))
        await pilot.press("escape")
        assert [path.name for path in here.iterdir()] == ["file"]


async def test_all_marked_are_exported_into_a_directory_and_what_fails_is_said(store, here):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        readable = sum(title != "!" for title in titles(screen))
        await pilot.press("a")
        dialog = await export_dialog(pilot)
        dialog.query_one(Input).value = str(here / "all")
        await pilot.press("enter")
        await until(pilot, lambda: "Exported" in notices(pilot))
        written = list((here / "all").iterdir())
        # One file of the demo is cut off in its messages: it is listed, and cannot be exported.
        assert len(written) == readable - ("Not exported" in notices(pilot))
        assert all(path.suffix == ".md" for path in written)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Fix: the grid/layout!", "fix-the-grid-layout-04ee4873.md"),
        ("../../etc/passwd", "etc-passwd-04ee4873.md"),
        ("", "04ee4873.md"),
        ("\x1b[31m", "31m-04ee4873.md"),
        ("検索が遅い", "検索が遅い-04ee4873.md"),
        ("x" * 300, "x" * 60 + "-04ee4873.md"),
    ],
)
def test_a_suggested_name_is_a_name_everywhere(title, expected):
    name = suggested_name(title, "04ee4873-26c9-4844-b414-dc022d3d4892", "md")
    assert name == expected
    assert len(name.encode()) <= 255


async def test_a_rename_of_ones_own_a_moment_ago_is_no_agent_at_work(store):
    app = AgcxApp(str(store), follow=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        # By the real clock: the star is written now.
        await pilot.press("down", "asterisk")
        await until(pilot, lambda: open_store(store).acts())
        await until(pilot, lambda: not screen.table.favorite(screen.sessions.cursor))
        await pilot.press("d")
        dialog = await asked(pilot, ConfirmDelete)
        await until(pilot, lambda: not dialog.query_one("#at-work").display)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        # Another program saves it.
        path = screen.table.path(screen.sessions.cursor)
        said = new_message(Message(None, "user", [InputText("And now?")]))
        open_store(store).append(UUID(Path(path).stem), [said])
        await pilot.press("f5")
        await until(pilot, lambda: not screen.feed.state.reading)
        await pilot.press("d")
        dialog = await asked(pilot, ConfirmDelete)
        assert "an agent may be using it" in text_of(dialog)
        await pilot.pause(0.1)
        assert dialog.query_one("#at-work").display
