"""Secrets in an export are shown before anything is written, and each can be kept."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from textual.app import App
from textual.widgets import Button, Checkbox, Input, OptionList

from agcx_format import write_session
from agcx_format.convert.imported import Draft
from agcx_format.timestamps import Timestamp
from agcx_format.types import InputText, Message
from agcx_tui.screens.export import ExportDialog, ExportItem
from agcx_tui.screens.export_run import ask_for_export
from agcx_tui.screens.review import RedactionReview
from agcx_tui.themes import DARK

from .browsing import until

TOKEN = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
PASSWORD = "hunter2" + "!x"


class Exporting(App):
    """Nothing but the export of one session."""

    def __init__(self, item: ExportItem) -> None:
        super().__init__()
        self.item = item
        self.register_theme(DARK)
        self.theme = DARK.name

    def on_mount(self) -> None:
        ask_for_export(self, [self.item])


@pytest.fixture
def item(tmp_path) -> ExportItem:
    draft = Draft(UUID(int=7), Timestamp("2025-08-26T04:12:50.123Z"))
    texts = f"use {TOKEN}\x1b[31m", f"DB_PASSWORD={PASSWORD}", f"again {TOKEN}", "in /home/ann/src"
    for number, text in enumerate(texts, 1):
        draft.add(Message(None, "user", [InputText(text)]), number)
    made = draft.finish(
        source=None, title="t", last_accessed=draft.start, model="m", tags=[], directory="/src"
    )
    path = tmp_path / f"{draft.id}.agcx"
    write_session(path, made.metadata, made.conversation, made.state)
    return ExportItem(str(path), str(draft.id), "t")


async def review(pilot, target: Path, *, personal: bool = False) -> RedactionReview:
    """Through the dialog to the review."""
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, ExportDialog))
    app.screen.query_one("#path", Input).value = str(target)
    app.screen.query_one("#redact", Checkbox).value = True
    await pilot.pause()
    app.screen.query_one("#personal", Checkbox).value = personal
    await pilot.press("ctrl+s")
    await until(pilot, lambda: isinstance(app.screen, RedactionReview))
    await pilot.pause()
    return app.screen


def lines(screen: RedactionReview) -> list[str]:
    finds = screen.query_one(OptionList)
    return [str(finds.get_option_at_index(n).prompt) for n in range(finds.option_count)]


async def test_each_find_is_shown_in_its_line_under_its_kind_and_nothing_is_written_yet(
    item, tmp_path
):
    target = tmp_path / "out.md"
    async with Exporting(item).run_test(size=(110, 40)) as pilot:
        screen = await review(pilot, target)
        assert lines(screen) == [
            "github-token",
            f"[x]        1  use {TOKEN}␛[31m",
            f"[x]        3  again {TOKEN}",
            "password",
            f"[x]        2  DB_PASSWORD={PASSWORD}",
        ]
        assert not target.exists()


async def test_what_is_on_is_hidden_and_what_is_turned_off_is_kept(item, tmp_path):
    target = tmp_path / "out.md"
    async with Exporting(item).run_test(size=(110, 40)) as pilot:
        screen = await review(pilot, target)
        await pilot.press("space")
        assert lines(screen)[1].startswith("[ ] ")
        await pilot.press("ctrl+s")
        await until(pilot, target.exists)
        text = target.read_text()
        assert text.count(TOKEN) == 1
        assert "redacted github-token 1" in text
        assert PASSWORD not in text


async def test_names_are_among_the_finds_on_choice(item, tmp_path):
    async with Exporting(item).run_test(size=(110, 40)) as pilot:
        screen = await review(pilot, tmp_path / "out.md", personal=True)
        assert "home-directory" in lines(screen)


async def test_a_turns_all_off_and_on_again(item, tmp_path):
    async with Exporting(item).run_test(size=(110, 40)) as pilot:
        screen = await review(pilot, tmp_path / "out.md")
        await pilot.press("a")
        assert sum(line.startswith("[ ]") for line in lines(screen)) == 3
        await pilot.press("a")
        assert sum(line.startswith("[x]") for line in lines(screen)) == 3


@pytest.mark.parametrize("way", ["escape", "cancel"])
async def test_leaving_the_review_writes_nothing(item, tmp_path, way):
    target = tmp_path / "out.md"
    app = Exporting(item)
    async with app.run_test(size=(110, 40)) as pilot:
        screen = await review(pilot, target)
        if way == "escape":
            await pilot.press("escape")
        else:
            screen.query_one("#cancel", Button).press()
        await until(pilot, lambda: not isinstance(app.screen, RedactionReview))
        await app.workers.wait_for_complete()
        assert not target.exists()


async def test_what_goes_along_is_chosen_in_the_dialog(item, tmp_path):
    target = tmp_path / "out.md"
    app = Exporting(item)
    async with app.run_test(size=(110, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ExportDialog))
        app.screen.query_one("#path", Input).value = str(target)
        app.screen.query_one("#part-metadata", Checkbox).value = False
        await pilot.press("ctrl+s")
        await until(pilot, target.exists)
        assert target.read_text().startswith("\n# t\n")
