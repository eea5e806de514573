"""An export that takes a while shows how far it is and can be stopped; several may share a file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from textual.app import App
from textual.widgets import Button, Checkbox, Input, Static

from agcx_format import read_session
from agcx_format.exporting.codex import rollout_name
from agcx_tui.app.dialogs.export import ExportDialog, ExportItem
from agcx_tui.app.dialogs.progress import ProgressDialog
from agcx_tui.app.dialogs.run_export import ask_for_export
from agcx_tui.app.themes import DARK
from agcx_tui.core.export.file_names import suggested_name
from tests.support.browsing import notices, until
from tests.support.golden_files import v1

pytestmark = pytest.mark.usefixtures("undrawn")

# So many that nobody waits for all of them.
MANY = 50_000


class Exporting(App):
    """Nothing but an export of some sessions."""

    def __init__(self, count: int) -> None:
        super().__init__()
        path = str(v1("full").path)
        self.items = [ExportItem(path, f"{number:08x}", "t") for number in range(count)]
        self.register_theme(DARK)
        self.theme = DARK.name

    def on_mount(self) -> None:
        ask_for_export(self, self.items)


@pytest.fixture
def out(tmp_path) -> Path:
    path = tmp_path / "out"
    path.mkdir()
    return path


async def dialog(pilot) -> ExportDialog:
    await until(pilot, lambda: isinstance(pilot.app.screen, ExportDialog))
    await until(pilot, lambda: pilot.app.screen.is_mounted and pilot.app.screen.query("#path"))
    return pilot.app.screen


async def begun(pilot, target: Path, *, redact: bool = False) -> ProgressDialog:
    """The export, when it has shown how far it is."""
    # The pilot's own keys wait for a program that rests, which this one does not.
    asked = await dialog(pilot)
    asked.query_one("#path", Input).value = str(target)
    asked.query_one("#redact", Checkbox).value = redact
    await pilot.pause()
    pilot.app.simulate_key("ctrl+s")
    await until(pilot, lambda: isinstance(pilot.app.screen, ProgressDialog))
    await until(pilot, lambda: pilot.app.screen.query("#stop"))
    await until(pilot, lambda: "sessions" in text_of(pilot.app.screen))
    return pilot.app.screen


def text_of(screen) -> str:
    return "\n".join(str(part.render()) for part in screen.query(Static))


async def test_esc_stops_it_and_what_was_written_is_told_and_whole(out):
    async with Exporting(6_000).run_test() as pilot:
        progress = await begun(pilot, out)
        shown = text_of(progress)
        assert "Exporting 6,000 sessions" in shown
        await until(pilot, lambda: " of 6,000 sessions · " in text_of(progress))
        # What was meant for the list stops nothing.
        for key in ("enter", "q"):
            pilot.app.simulate_key(key)
        before = text_of(progress)
        await until(pilot, lambda: text_of(progress) != before)
        assert pilot.app.screen is progress
        pilot.app.simulate_key("escape")
        await until(pilot, lambda: "Stopped." in notices(pilot))
        written = list(out.iterdir())
        assert f"Stopped. {len(written):,} of 6,000 sessions are in {out}" in notices(pilot)
        assert {path.suffix for path in written} == {".md"}
        assert len({path.read_bytes() for path in written}) == 1


async def test_looking_for_secrets_stops_as_well(out):
    async with Exporting(MANY).run_test() as pilot:
        progress = await begun(pilot, out / "all.md", redact=True)
        assert "Looking for secrets in 50,000 sessions" in text_of(progress)
        progress.query_one("#stop", Button).press()
        await until(pilot, lambda: "Nothing was written" in notices(pilot))
        assert list(out.iterdir()) == []


async def test_a_file_of_all_that_is_stopped_is_not_there(out):
    async with Exporting(MANY).run_test() as pilot:
        await begun(pilot, out / "all.md")
        pilot.app.simulate_key("escape")
        await until(pilot, lambda: "Nothing was written" in notices(pilot))
        assert list(out.iterdir()) == []


@pytest.mark.parametrize(("name", "count"), [("", 6_000), ("all.md", MANY)])
async def test_put_aside_it_goes_on_and_the_program_that_ends_leaves_no_half_file(out, name, count):
    async with Exporting(count).run_test() as pilot:
        progress = await begun(pilot, out / name)
        progress.query_one("#aside", Button).press()
        await until(pilot, lambda: pilot.app.screen is not progress)
        before = progress._progress.written
        await until(pilot, lambda: progress._progress.written > before)
        pilot.app.exit()
    # As the program does when it ends: it waits for its threads.
    await asyncio.get_running_loop().shutdown_default_executor()
    left = list(out.iterdir())
    assert {path.suffix for path in left} <= {".md"}
    assert not name or left == []
    assert len({path.read_bytes() for path in left}) <= 1


async def test_what_is_done_in_no_time_shows_nothing(out):
    async with Exporting(1).run_test() as pilot:
        asked = await dialog(pilot)
        asked.query_one("#path", Input).value = str(out / "one.md")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Exported to" in notices(pilot))
        await pilot.pause(0.6)
        assert not isinstance(pilot.app.screen, ProgressDialog)


async def test_several_go_into_one_file_when_the_path_ends_as_one_does(out):
    target = out / "all.md"
    target.write_text("mine")
    async with Exporting(3).run_test() as pilot:
        asked = await dialog(pilot)
        assert "a name that ends in .md" in text_of(asked)
        field = asked.query_one("#path", Input)
        field.value = str(target)
        await until(pilot, lambda: "All 3 go into one file" in text_of(asked))
        await pilot.press("ctrl+s")
        await until(pilot, lambda asked=asked: "It exists already." in text_of(asked))
        assert target.read_text() == "mine"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: f"Exported 3 sessions to {target}" in notices(pilot))
        assert target.read_text().count("\n```yaml\ntitle: ") == 3
        assert list(out.iterdir()) == [target]


async def test_what_cannot_be_one_file_says_so(out):
    async with Exporting(3).run_test() as pilot:
        asked = await dialog(pilot)
        field = asked.query_one("#path", Input)
        field.value = str(out / "all.html")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "For one file, end the name in .md" in text_of(asked))
        await pilot.click("#format-codex")
        await until(pilot, lambda: field.value.endswith(".jsonl"))
        assert "one file for all" not in text_of(asked)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "A file of this format holds one" in text_of(asked))
        assert pilot.app.screen is asked
        assert list(out.iterdir()) == []


async def test_a_rollout_that_is_there_already_is_seen_under_the_name_that_codex_wants(out):
    for presses in (1, 2):
        async with Exporting(1).run_test() as pilot:
            asked = await dialog(pilot)
            await until(pilot, lambda asked=asked: asked.has_class("-branched"))
            await pilot.pause()
            await pilot.click("#format-codex")
            name = Path(asked.query_one("#path", Input).value).name
            metadata = read_session(v1("full").path)[0]
            asked.query_one("#path", Input).value = str(
                out / suggested_name(metadata.title, str(metadata.id), "codex")
            )
            assert name.endswith(".jsonl")
            await pilot.press("ctrl+s")
            if presses == 2:
                await until(pilot, lambda asked=asked: "It exists already." in text_of(asked))
                await pilot.press("ctrl+s")
            await until(pilot, lambda: "Exported to" in notices(pilot))
        assert [path.name for path in out.iterdir()] == [rollout_name(metadata)]


async def test_a_fifo_is_no_file_that_would_be_overwritten(out):
    fifo = out / "fifo.md"
    os.mkfifo(fifo)
    reader = await asyncio.create_subprocess_exec("cat", fifo, stdout=asyncio.subprocess.PIPE)
    async with Exporting(1).run_test() as pilot:
        asked = await dialog(pilot)
        asked.query_one("#path", Input).value = str(fifo)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Exported to" in notices(pilot))
    read, _ = await reader.communicate()
    assert read
    assert list(out.iterdir()) == [fifo]
