"""Exporting never overwrites unasked, and what it says is what it does."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from textual.widgets import Button, Input

from agcx_tui.app.dialogs.export import ExportDialog
from agcx_tui.app.widgets.choices import Box, Picks
from agcx_tui.core.export.file_names import suggested_name
from tests.support.browsing import (
    SIZE,
    browser,
    notices,
    on_top,
    scanned,
    text_of,
    titles,
    until,
)

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty directory that the program was started in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


async def export_dialog(pilot) -> ExportDialog:
    await pilot.press("e")
    return await on_top(pilot, ExportDialog)


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
        assert dialog.query_one(Picks).chosen.id == "format-claude"
        assert dialog.focused.id == "part-tool_calls"
        # All stand in the same columns, and the longest is not cut off.
        assert len({each.region.x for each in dialog.query("#format Pick, Box")}) == 4
        assert "addresses" in app.export_screenshot(simplify=True)
        # In a narrow terminal they stand in two columns, and all of them and the buttons can be seen.
        await pilot.resize_terminal(44, 24)
        await until(
            pilot, lambda: len({each.region.x for each in dialog.query("#format Pick")}) == 2
        )
        narrow = app.export_screenshot(simplify=True)
        assert all(words in narrow for words in ("Claude", "addresses", "Cancel"))
        await pilot.resize_terminal(*SIZE)
        await until(
            pilot, lambda: len({each.region.x for each in dialog.query("#format Pick")}) == 4
        )
        # Names are hidden along with secrets, never alone.
        secrets, names = dialog.query_one("#redact", Box), dialog.query_one("#personal", Box)
        names.value = True
        await until(pilot, lambda: secrets.value)
        secrets.value = False
        await until(pilot, lambda: not names.value)
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
