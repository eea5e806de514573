"""Secrets in an export are shown before anything is written, and each can be kept."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace
from textual.app import App
from textual.widgets import Button, Checkbox, Input, OptionList, RadioButton

from agcx_format import write_session
from agcx_format.importing.draft import ImportDraft
from agcx_format.model.items import InputText, Message
from agcx_format.model.timestamps import Timestamp
from agcx_tui.app.dialogs.export import ExportDialog, ExportItem
from agcx_tui.app.dialogs.redaction_review import RedactionReview
from agcx_tui.app.dialogs.run_export import ask_for_export
from agcx_tui.app.themes import DARK
from tests.support.browsing import notices, until

pytestmark = pytest.mark.usefixtures("undrawn")

TOKEN = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
PASSWORD = "hunter2" + "!x"


class Exporting(App):
    """Nothing but the export of sessions."""

    def __init__(self, *items: ExportItem) -> None:
        super().__init__()
        self.items = items
        self.register_theme(DARK)
        self.theme = DARK.name

    def on_mount(self) -> None:
        ask_for_export(self, self.items)


def written(tmp_path: Path, *texts: str, number: int = 7, **context) -> ExportItem:
    draft = ImportDraft(UUID(int=number << 96), Timestamp("2025-08-26T04:12:50.123Z"))
    for at, text in enumerate(texts, 1):
        draft.add(Message(None, "user", [InputText(text)]), at)
    made = draft.finish(source=None, agent="", title="t", model="m", tags=[], directory="/src")
    around = replace(made.conversation, context=replace(made.conversation.context, **context))
    path = tmp_path / f"{draft.id}.agcx"
    write_session(path, made.metadata, around, made.state)
    return ExportItem(str(path), str(draft.id), "t")


@pytest.fixture
def item(tmp_path) -> ExportItem:
    texts = f"use {TOKEN}\x1b[31m", f"DB_PASSWORD={PASSWORD}", f"again {TOKEN}", "in /home/ann/src"
    return written(tmp_path, *texts)


async def review(
    pilot, target: Path, *, personal: bool = False, format_: str = "md"
) -> RedactionReview:
    """Through the dialog to the review."""
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, ExportDialog))
    await pilot.pause()
    app.screen.query_one(f"#format-{format_}", RadioButton).value = True
    await pilot.pause()
    app.screen.query_one("#path", Input).value = str(target)
    if personal:
        # From wherever one is but in the path.
        await pilot.press("s")
        app.screen.query_one("#personal", Checkbox).value = True
    else:
        app.screen.query_one("#redact", Checkbox).focus()
        await pilot.press("space")
    # Which exports, as it does in every field, and leaves the box as it is.
    await pilot.press("enter")
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
    async with Exporting(item).run_test(size=(60, 40)) as pilot:
        screen = await review(pilot, target)
        # What does not fit is cut, not wrapped.
        finds = screen.query_one(OptionList)
        assert finds.virtual_size.height == finds.option_count
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


async def test_enter_writes_with_every_find_still_hidden(item, tmp_path):
    target = tmp_path / "out.md"
    async with Exporting(item).run_test(size=(110, 40)) as pilot:
        screen = await review(pilot, target)
        assert "enter writes" in str(screen.query_one("#hint").render())
        await pilot.press("enter")
        await until(pilot, target.exists)
        text = target.read_text()
        assert TOKEN not in text
        assert PASSWORD not in text
        await until(pilot, lambda: notices(pilot).endswith("3 passages hidden."))


async def test_an_export_in_which_there_is_nothing_to_hide_says_so(tmp_path):
    target = tmp_path / "out.md"
    app = Exporting(written(tmp_path, "nothing"))
    async with app.run_test(size=(110, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ExportDialog))
        app.screen.query_one("#path", Input).value = str(target)
        await pilot.press("s", "ctrl+s")
        await until(pilot, lambda: notices(pilot).endswith("No secrets were found."))
    assert target.exists()


async def test_a_click_toggles_a_find(item, tmp_path):
    async with Exporting(item).run_test(size=(110, 40)) as pilot:
        screen = await review(pilot, tmp_path / "out.md")
        await pilot.click(OptionList, offset=(3, 1))
        assert lines(screen)[1].startswith("[ ] ")


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


@pytest.mark.parametrize(("key", "off"), [("s", {1, 2}), ("g", {1, 2, 3})])
async def test_a_secret_or_its_kind_is_turned_off_and_on_at_once(item, tmp_path, key, off):
    other = written(tmp_path, f"or gh{'o_'}{TOKEN[4:]}", number=8)
    async with Exporting(item, other).run_test(size=(110, 40)) as pilot:
        screen = await review(pilot, tmp_path / "out")
        assert key in str(screen.query_one("#hint").render())
        await pilot.press(key)
        assert {n for n, line in enumerate(lines(screen)) if line.startswith("[ ]")} == off
        await pilot.press(key)
        assert not any(line.startswith("[ ]") for line in lines(screen))


async def test_of_several_sessions_each_find_says_which_and_a_variable_says_its_name(tmp_path):
    items = [
        written(tmp_path, f"use {TOKEN}"),
        written(tmp_path, "x", number=8, environment_variables={"MY_PASSWORD": PASSWORD}),
    ]
    async with Exporting(*items).run_test(size=(110, 40)) as pilot:
        screen = await review(pilot, tmp_path / "out", format_="json")
        assert lines(screen)[1::2] == [
            f"[x] 00000007         1  use {TOKEN}",
            f"[x] 00000008   context  MY_PASSWORD={PASSWORD}",
        ]


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
